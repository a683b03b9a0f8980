//! `tracing` events for operations on cookies. Without that feature, these functions do nothing.

#![cfg_attr(
    not(feature = "tracing"),
    allow(
        unused_variables,
        clippy::unused_self,
        reason = "without the feature there is nothing to do"
    )
)]

#[cfg(feature = "tracing")]
use crate::display::{bounded, display_name};
use http::header::HeaderName;

use crate::error::CookieError;
use crate::scope::Identity;
#[cfg(feature = "tracing")]
use crate::scope::Scope;
use crate::set_cookie::Rendered;

/// The target of every event, whichever module emits it.
#[cfg(feature = "tracing")]
const TARGET: &str = "tower_django_cookies";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperationKind {
    Set,
    Delete,
}

/// Events of operations that are queued while the queue is locked.
///
/// A subscriber may use the jar, which locks the queue. So `new` asks whether events are enabled
/// before the queue is locked, and `emit` sends them after it is unlocked.
pub(crate) struct QueuedEvents {
    #[cfg(feature = "tracing")]
    is_enabled: bool,
    #[cfg(feature = "tracing")]
    operations: Vec<(OperationKind, String, Scope)>,
}

impl QueuedEvents {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            is_enabled: tracing::event_enabled!(target: TARGET, tracing::Level::DEBUG),
            #[cfg(feature = "tracing")]
            operations: Vec::new(),
        }
    }

    /// Emits nothing. Unlike [`new`](Self::new), it does not ask the subscriber, which may use the jar.
    pub(crate) fn disabled() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            is_enabled: false,
            #[cfg(feature = "tracing")]
            operations: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, kind: OperationKind, cookie: Identity<'_>) {
        #[cfg(feature = "tracing")]
        if self.is_enabled {
            let (name, scope) = (bounded(cookie.name), cookie.scope.to_owned());
            self.operations.push((kind, name, scope));
        }
    }

    pub(crate) fn emit(self) {
        #[cfg(feature = "tracing")]
        for (kind, name, scope) in self.operations {
            let operation = operation(kind);
            tracing::debug!(target: TARGET, operation, name, %scope, "cookie queued");
        }
    }
}

/// The event for the end of an operation, made before its cookie is written to the response.
pub(crate) struct EndEvent {
    #[cfg(feature = "tracing")]
    operation: Option<(OperationKind, String, Scope)>,
}

impl EndEvent {
    pub(crate) fn new(kind: OperationKind, cookie: &Rendered) -> Self {
        Self {
            #[cfg(feature = "tracing")]
            operation: tracing::event_enabled!(target: TARGET, tracing::Level::DEBUG)
                .then(|| (kind, bounded(cookie.name()), cookie.scope().to_owned())),
        }
    }

    /// The cookie was written to the response.
    pub(crate) fn flushed(self) {
        #[cfg(feature = "tracing")]
        if let Some((kind, name, scope)) = self.operation {
            let operation = operation(kind);
            tracing::debug!(target: TARGET, operation, name, %scope, "cookie flushed");
        }
    }

    /// No response carries the cookie: there is none, or it has too many headers.
    pub(crate) fn discarded(self) {
        #[cfg(feature = "tracing")]
        if let Some((kind, name, scope)) = self.operation {
            let operation = operation(kind);
            tracing::debug!(target: TARGET, operation, name, %scope, "cookie discarded");
        }
    }
}

/// The response's `HeaderMap` is full, so this header could not be added.
pub(crate) fn header_left_out(name: &HeaderName) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        header = name.as_str(),
        "the response has too many headers to add this one"
    );
}

/// An operation returned an error. The event is a warning, or a debug event if a client can cause
/// the error at will.
pub(crate) fn refused(operation: &str, name: &str, error: &CookieError) {
    #[cfg(feature = "tracing")]
    {
        let name = display_name(name);
        match error {
            CookieError::DomainMismatch { host, .. } => {
                tracing::debug!(target: TARGET, operation, name, host, %error, "cookie refused");
            }
            error if error.status().is_client_error() => {
                tracing::debug!(target: TARGET, operation, name, %error, "cookie refused");
            }
            error => {
                tracing::warn!(target: TARGET, operation, name, %error, "cookie refused");
            }
        }
    }
}

/// The signature of a stored session does not match. No client can store one, so this is a warning.
#[cfg(feature = "sessions")]
pub(crate) fn session_refused(name: &str, error: &CookieError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        name = display_name(name),
        %error,
        "stored session refused; check that secret_key is Django's SECRET_KEY"
    );
}

/// Returns `true` if debug events are enabled.
pub(crate) fn is_debug_enabled() -> bool {
    #[cfg(feature = "tracing")]
    return tracing::event_enabled!(target: TARGET, tracing::Level::DEBUG);
    #[cfg(not(feature = "tracing"))]
    false
}

/// A request has several cookies with the name of a declared one. A browser sends such cookies if they
/// were set at different scopes.
pub(crate) fn duplicated(name: &str, count: usize) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        name = display_name(name),
        count,
        "declared cookie received more than once"
    );
}

/// A secret key is so short that it can be guessed.
#[cfg(feature = "signed")]
pub(crate) fn short_key(setting: &str, len: usize) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: TARGET,
        setting,
        len,
        "secret key is shorter than 32 bytes; use at least 32 random bytes"
    );
}

#[cfg(feature = "tracing")]
fn operation(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Set => "set",
        OperationKind::Delete => "delete",
    }
}
