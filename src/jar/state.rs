//! `RequestState`: state that all jars of a request share. `LayerView`: one layer's view of it.

use std::sync::PoisonError;

use cookie::Cookie;
#[cfg(any(feature = "csrf", feature = "messages"))]
use http::Extensions;
use http::{HeaderMap, Uri};

use crate::config::SharedConfig;
use crate::display::{bounded, display_name};
use crate::error::{AttributeReason, CookieError};
use crate::events::{OperationKind, QueuedEvents};
use crate::jar::queue::Queue;
use crate::jar::sync::{AtomicBool, Mutex, MutexGuard, Ordering};
use crate::request::RequestCookies;
use crate::request::host::RequestHost;
use crate::scope::{domain_match, is_listed, is_same_host, is_single_label};
use crate::set_cookie::attributes::Attributes;
use crate::set_cookie::{SetCookie, Value};

pub(crate) struct RequestState {
    pub(crate) cookies: RequestCookies,
    pub(crate) was_read: AtomicBool,
    was_written: AtomicBool,
    queue: Mutex<Queue>,
    /// The state of Django's own cookies, by its type.
    #[cfg(any(feature = "csrf", feature = "messages"))]
    contrib: Mutex<Extensions>,
    /// The view of the outermost layer.
    pub(crate) view: LayerView,
}

impl RequestState {
    pub(crate) fn new(cookies: RequestCookies, queue: Queue, view: LayerView) -> Self {
        Self {
            cookies,
            was_read: AtomicBool::new(false),
            was_written: AtomicBool::new(false),
            queue: Mutex::new(queue),
            #[cfg(any(feature = "csrf", feature = "messages"))]
            contrib: Mutex::new(Extensions::new()),
            view,
        }
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        // A panic cannot leave the queue inconsistent, so a poisoned lock is ignored.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn queue_mut(&mut self) -> &mut Queue {
        self.queue.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(any(feature = "csrf", feature = "messages"))]
    pub(crate) fn contrib(&self) -> MutexGuard<'_, Extensions> {
        self.contrib.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `true` if the request's cookies have been read.
    pub(crate) fn was_read(&self) -> bool {
        self.was_read.load(Ordering::Relaxed)
    }

    /// Returns `true` if a cookie has been set or deleted.
    pub(crate) fn was_written(&self) -> bool {
        self.was_written.load(Ordering::Relaxed)
    }

    pub(crate) fn set(
        &self,
        view: &LayerView,
        cookie: &Cookie<'_>,
        value: Value<'_>,
    ) -> Result<(), CookieError> {
        let name = cookie.name();
        let mut events = QueuedEvents::new();
        let mut queue = self.queue();
        queue.check_open(name)?;
        let given = Attributes::from_cookie(cookie);
        if let Some(declaration) = view.config.declaration_to_set(name)? {
            let retired = view.retired_deletes(declaration.retired(Attributes::default()))?;
            let cookie = declaration.cookie_to_set(value, given)?;
            view.check_domain(&cookie)?;
            queue.push_retired(&retired, &mut events);
            queue.push(&cookie, OperationKind::Set, &mut events);
        } else {
            let cookie = SetCookie::new(name, value, given)?;
            view.check_domain(&cookie)?;
            queue.push(&cookie, OperationKind::Set, &mut events);
        }
        self.was_written.store(true, Ordering::Relaxed);
        drop(queue);
        events.emit();
        Ok(())
    }

    pub(crate) fn delete(&self, view: &LayerView, cookie: &Cookie<'_>) -> Result<(), CookieError> {
        let name = cookie.name();
        let mut events = QueuedEvents::new();
        let mut queue = self.queue();
        queue.check_open(name)?;
        let given = Attributes {
            // The value and lifetime of a cookie to delete are ignored.
            lifetime: None,
            ..Attributes::from_cookie(cookie)
        };
        let declaration = view.config.declaration_to_delete(name)?;
        if let Some(declaration) = declaration {
            let cookie = declaration.cookie_to_delete(name, given)?;
            let retired = view.retired_deletes(declaration.retired(given.without_scope()))?;
            view.check_domain(&cookie)?;
            queue.push_retired(&retired, &mut events);
            queue.push(&cookie, OperationKind::Delete, &mut events);
        } else {
            let queued = given.queued_scope(name, queue.set_scopes(name))?;
            let attributes = match &queued {
                Some(scope) => given.with_scope(scope.as_ref()),
                None => given,
            };
            let cookie = SetCookie::deleting(name, attributes)?;
            view.check_domain(&cookie)?;
            queue.push(&cookie, OperationKind::Delete, &mut events);
        }
        self.was_written.store(true, Ordering::Relaxed);
        drop(queue);
        events.emit();
        Ok(())
    }
}

/// A layer's configuration, and the request's host from the source that it configures.
#[derive(Default)]
pub(crate) struct LayerView {
    pub(crate) config: SharedConfig,
    host: RequestHost,
}

impl LayerView {
    // Without `#[inline]`, each request copies the view once more, which takes 5 ns.
    #[inline]
    pub(crate) fn new(config: SharedConfig, headers: &HeaderMap, uri: &Uri) -> Self {
        let host = RequestHost::new(headers, uri, config.host_from());
        Self { config, host }
    }

    /// The deletes of a declared cookie at its retired scopes, without the scopes for which the
    /// request's host cannot set cookies.
    fn retired_deletes<'a>(
        &self,
        retired: impl Iterator<Item = (&'a str, Attributes<'a>)>,
    ) -> Result<Vec<SetCookie<'a>>, CookieError> {
        let mut deletes = Vec::new();
        for (name, attributes) in retired {
            let cookie = SetCookie::deleting(name, attributes)?;
            if self.check_domain(&cookie).is_ok() {
                deletes.push(cookie);
            }
        }
        Ok(deletes)
    }

    /// Checks that browsers accept the Domain from the host of the request, if the host is known.
    fn check_domain(&self, cookie: &SetCookie<'_>) -> Result<(), CookieError> {
        let (name, domain) = (cookie.name(), cookie.attributes().scope().domain);
        if domain.is_empty() {
            return Ok(());
        }
        let Some(host) = self.host.normalized(self.config.host_from()) else {
            return Ok(());
        };
        if !domain_match(host, domain) {
            return Err(CookieError::DomainMismatch {
                name: display_name(name),
                domain: bounded(domain),
                host: bounded(host).to_ascii_lowercase(),
            });
        }
        let reason = if is_single_label(domain) {
            AttributeReason::SingleLabel
        } else if is_listed(domain, self.config.public_suffixes) {
            AttributeReason::PublicSuffix
        } else {
            return Ok(());
        };
        // A host can set cookies for itself, even if it is a public suffix.
        if is_same_host(host, domain) {
            return Ok(());
        }
        Err(CookieError::InvalidDomain {
            name: display_name(name),
            domain: bounded(domain),
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// This is a unit test because only `public_suffixes` runs while the queue is locked.
    #[test]
    fn queue_with_poisoned_lock_loses_no_operation() {
        let state = RequestState::new(
            RequestCookies::default(),
            Queue::default(),
            LayerView::default(),
        );
        let set = |name| state.set(&state.view, &Cookie::new(name, "1"), Value::Quoted("1"));
        set("before").unwrap();
        let panic_while_locked = AssertUnwindSafe(|| {
            let _queue = state.queue.lock();
            panic!("on purpose");
        });
        assert!(catch_unwind(panic_while_locked).is_err());
        assert!(state.queue.is_poisoned());

        set("after").unwrap();
        let flushed: Vec<_> = state
            .queue()
            .close()
            .iter()
            .map(|operation| operation.rendered.name().to_owned())
            .collect();
        assert_eq!(flushed, ["before", "after"]);
        assert!(matches!(
            set("late"),
            Err(CookieError::ResponseStarted { .. })
        ));
    }
}
