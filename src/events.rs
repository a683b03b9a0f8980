//! `tracing` events for what becomes of cookies; without that feature, nothing.

#![cfg_attr(
    not(feature = "tracing"),
    allow(
        unused_variables,
        clippy::unused_self,
        reason = "there is nothing to tell"
    )
)]

use crate::error::CookieError;
#[cfg(feature = "tracing")]
use crate::error::shown;
#[cfg(feature = "tracing")]
use crate::scope::Scope;
use crate::set_cookie::Rendered;

/// The crate's own, wherever in it the event comes from.
#[cfg(feature = "tracing")]
const TARGET: &str = "tower_django_cookies";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Set,
    Delete,
}

/// What was queued under the lock. The subscriber, which may use the jar, is asked before and told after.
pub(crate) struct Queued {
    #[cfg(feature = "tracing")]
    is_to_be_told: bool,
    #[cfg(feature = "tracing")]
    operations: Vec<(Kind, String, Scope)>,
}

impl Queued {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            is_to_be_told: tracing::enabled!(target: TARGET, tracing::Level::DEBUG),
            #[cfg(feature = "tracing")]
            operations: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, kind: Kind, field: &Rendered) {
        #[cfg(feature = "tracing")]
        if self.is_to_be_told {
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

/// What became of what was queued: `flushed`, or `discarded` where there is no response to take it.
pub(crate) fn ended(as_what: &str, kind: Kind, field: &Rendered) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        operation = operation(kind),
        name = field.name(),
        scope = %field.scope().to_owned(),
        "cookie {as_what}"
    );
}

pub(crate) fn refused(operation: &str, name: &str, error: &CookieError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, operation, name = shown(name), %error, "cookie refused");
}

/// Of a sealed cookie: no warning where any client could cause as many as it likes.
#[cfg(any(feature = "signed", feature = "private"))]
pub(crate) fn unopened(name: &str, error: &CookieError) {
    #[cfg(feature = "tracing")]
    if let CookieError::MissingKey { .. } = error {
        refused("get", name, error);
    } else {
        tracing::debug!(target: TARGET, operation = "get", name = shown(name), %error, "cookie refused");
    }
}

#[cfg(feature = "tracing")]
fn operation(kind: Kind) -> &'static str {
    match kind {
        Kind::Set => "set",
        Kind::Delete => "delete",
    }
}
