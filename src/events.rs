//! `tracing` events for what is queued, flushed and refused; without that feature, nothing.

#![cfg_attr(
    not(feature = "tracing"),
    allow(
        unused_variables,
        clippy::unused_self,
        reason = "there is nothing to tell"
    )
)]

use crate::error::CookieError;
use crate::queue::Kind;
#[cfg(feature = "tracing")]
use crate::scope::Scope;
use crate::set_cookie::Rendered;

/// The crate's own, wherever in it the event comes from.
#[cfg(feature = "tracing")]
const TARGET: &str = "tower_django_cookies";

/// What was queued under the lock, to be told without it.
#[derive(Default)]
pub(crate) struct Queued {
    #[cfg(feature = "tracing")]
    operations: Vec<(Kind, String, Scope)>,
}

impl Queued {
    pub(crate) fn push(&mut self, kind: Kind, field: &Rendered) {
        #[cfg(feature = "tracing")]
        if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            let (name, scope) = (field.name().to_owned(), field.scope().to_owned());
            self.operations.push((kind, name, scope));
        }
    }

    pub(crate) fn tell(self) {
        #[cfg(feature = "tracing")]
        for (kind, name, scope) in self.operations {
            let operation = operation(kind);
            tracing::debug!(target: TARGET, operation, name, %scope, "cookie queued");
        }
    }
}

pub(crate) fn flushed(kind: Kind, field: &Rendered) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        operation = operation(kind),
        name = field.name(),
        scope = %field.scope().to_owned(),
        "cookie flushed"
    );
}

pub(crate) fn refused(operation: &str, error: &CookieError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, operation, %error, "cookie refused");
}

#[cfg(feature = "tracing")]
fn operation(kind: Kind) -> &'static str {
    match kind {
        Kind::Set => "set",
        Kind::Delete => "delete",
    }
}
