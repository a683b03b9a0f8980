//! `RequestState`: what the jars of a request share, and `LayerView`: how one layer sees it.

use std::sync::{Arc, PoisonError};

use cookie::Cookie;
use http::{HeaderMap, Uri};

use crate::config::Config;
use crate::config::declaration::Declaration;
use crate::display::{bounded, display_name};
use crate::error::CookieError;
use crate::events::{OperationKind, QueuedEvents};
use crate::jar::queue::Queue;
use crate::jar::sync::{AtomicBool, Mutex, MutexGuard, Ordering};
use crate::request::RequestCookies;
use crate::request::host::RequestHost;
use crate::scope::domain_match;
use crate::set_cookie::attributes::Attributes;
use crate::set_cookie::lifetime::Lifetime;
use crate::set_cookie::{Rendered, SetCookie, Value};

pub(crate) struct RequestState {
    pub(crate) cookies: RequestCookies,
    pub(crate) was_read: AtomicBool,
    queue: Mutex<Queue>,
    /// The view of the outermost layer.
    pub(crate) view: LayerView,
}

impl RequestState {
    pub(crate) fn new(cookies: RequestCookies, queue: Queue, view: LayerView) -> Self {
        Self {
            cookies,
            was_read: AtomicBool::new(false),
            queue: Mutex::new(queue),
            view,
        }
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        // A panic cannot leave it half changed, so a poisoned lock is no reason to stop.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the request's cookies have been read.
    pub(crate) fn was_read(&self) -> bool {
        self.was_read.load(Ordering::Relaxed)
    }

    /// Returns the queued operations, and refuses further ones.
    pub(crate) fn close(&self) -> impl Iterator<Item = (OperationKind, Rendered)> + use<> {
        self.queue().close()
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
        let (attributes, retired) = match view.config.declaration(name)? {
            Some(declaration) => (declaration.fill(given)?, view.retired(declaration)?),
            None => (given, Vec::new()),
        };
        let rendered = view.render(name, value, attributes)?;
        queue.push_retired(retired, &mut events);
        queue.push(rendered, OperationKind::Set, &mut events);
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
            lifetime: Some(Lifetime::Expired),
            ..Attributes::from_cookie(cookie)
        };
        let (attributes, retired) = if let Some(declaration) = view.config.declaration(name)? {
            match declaration.fill_retired(given)? {
                Some(attributes) => (attributes, Vec::new()),
                None => (declaration.fill(given)?, view.retired(declaration)?),
            }
        } else {
            let attributes = given.or_queued_scope(name, queue.set_scopes(name))?;
            (attributes, Vec::new())
        };
        let rendered = view.render(name, Value::Quoted(""), attributes)?;
        queue.push_retired(retired, &mut events);
        queue.push(rendered, OperationKind::Delete, &mut events);
        drop(queue);
        events.emit();
        Ok(())
    }
}

/// A layer's configuration, and the request's host as that configuration finds it.
#[derive(Default)]
pub(crate) struct LayerView {
    pub(crate) config: Arc<Config>,
    host: RequestHost,
}

impl LayerView {
    pub(crate) fn new(config: Arc<Config>, headers: &HeaderMap, uri: &Uri) -> Self {
        let host = RequestHost::new(headers, uri, config.host_from());
        Self { config, host }
    }

    /// Checks a cookie, also against the request's host, and renders it.
    fn render(
        &self,
        name: &str,
        value: Value<'_>,
        attributes: Attributes<'_>,
    ) -> Result<Rendered, CookieError> {
        let cookie = SetCookie::new(name, value, attributes)?;
        let domain = attributes.scope().domain;
        if let Some(host) = self.mismatched_host(domain) {
            return Err(CookieError::DomainMismatch {
                name: display_name(name),
                domain: bounded(domain),
                host,
            });
        }
        Ok(cookie.render())
    }

    /// The deletes of a declared cookie at its retired scopes, except for scopes that the request's
    /// host cannot have set.
    fn retired(&self, declaration: &Declaration) -> Result<Vec<Rendered>, CookieError> {
        declaration
            .retired()
            .filter(|retired| self.mismatched_host(retired.scope().domain).is_none())
            .map(|retired| self.render(declaration.name(), Value::Quoted(""), retired))
            .collect()
    }

    /// The request's host, if it is known and does not domain-match.
    fn mismatched_host(&self, domain: &str) -> Option<String> {
        if domain.is_empty() {
            return None;
        }
        let host = self.host.normalized(self.config.host_from())?;
        (!domain_match(&host, domain)).then(|| bounded(&host).to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// A unit test, since no code of a user runs while the queue is locked.
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
            .close()
            .map(|(_, rendered)| rendered.name().to_owned())
            .collect();
        assert_eq!(flushed, ["before", "after"]);
        assert!(matches!(
            set("late"),
            Err(CookieError::ResponseStarted { .. })
        ));
    }
}
