//! What the jars of a request share, and how a layer among them sees it.

use std::sync::{Arc, PoisonError};

use cookie::Cookie;
use http::{HeaderMap, Uri};

use crate::config::Settings;
use crate::config::declaration::Declaration;
use crate::error::CookieError;
use crate::events::{Kind, Queued};
use crate::jar::queue::Queue;
use crate::jar::sync::{AtomicBool, Mutex, MutexGuard, Ordering};
use crate::request::RequestCookies;
use crate::request::host::RequestHost;
use crate::scope::domain_match;
use crate::set_cookie::attributes::Attributes;
use crate::set_cookie::lifetime::Lifetime;
use crate::set_cookie::{Rendered, SetCookie, Value};

pub(crate) struct Shared {
    pub(crate) cookies: RequestCookies,
    pub(crate) was_read: AtomicBool,
    queue: Mutex<Queue>,
    /// The outermost layer's.
    pub(crate) view: View,
}

impl Shared {
    pub(crate) fn new(cookies: RequestCookies, queue: Queue, view: View) -> Self {
        Self {
            cookies,
            was_read: AtomicBool::new(false),
            queue: Mutex::new(queue),
            view,
        }
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        // What it holds is whole after every push.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the request's cookies were read so far.
    pub(crate) fn was_read(&self) -> bool {
        self.was_read.load(Ordering::Relaxed)
    }

    /// Refuses operations from now on, and hands out those that wait.
    pub(crate) fn close(&self) -> impl Iterator<Item = (Kind, Rendered)> + use<> {
        self.queue().close()
    }

    pub(crate) fn set(
        &self,
        view: &View,
        cookie: &Cookie<'_>,
        value: Value<'_>,
    ) -> Result<(), CookieError> {
        let name = cookie.name();
        let mut queued = Queued::new();
        let mut queue = self.queue();
        queue.check_open(name)?;
        let said = Attributes::said(cookie);
        let (attributes, retired) = match view.settings.declaration(name)? {
            Some(declaration) => (declaration.fill(said)?, view.retired(declaration)?),
            None => (said, Vec::new()),
        };
        let field = view.render(name, value, attributes)?;
        queue.expire(retired, &mut queued);
        queue.push(field, Kind::Set, &mut queued);
        drop(queue);
        queued.tell();
        Ok(())
    }

    pub(crate) fn delete(&self, view: &View, cookie: &Cookie<'_>) -> Result<(), CookieError> {
        let name = cookie.name();
        let mut queued = Queued::new();
        let mut queue = self.queue();
        queue.check_open(name)?;
        let said = Attributes {
            lifetime: Some(Lifetime::Over),
            ..Attributes::said(cookie)
        };
        let (attributes, retired) = match view.settings.declaration(name)? {
            Some(declaration) => match declaration.fill_retired(said)? {
                Some(attributes) => (attributes, Vec::new()),
                None => (declaration.fill(said)?, view.retired(declaration)?),
            },
            None => (said.or_set(name, queue.set_scopes(name))?, Vec::new()),
        };
        let field = view.render(name, Value::Quoted(""), attributes)?;
        queue.expire(retired, &mut queued);
        queue.push(field, Kind::Delete, &mut queued);
        drop(queue);
        queued.tell();
        Ok(())
    }
}

/// A layer's settings, and the request's host where these say to find it.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) settings: Arc<Settings>,
    host: RequestHost,
}

impl View {
    pub(crate) fn new(settings: Arc<Settings>, headers: &HeaderMap, uri: &Uri) -> Self {
        let host = RequestHost::new(headers, uri, settings.host_from());
        Self { settings, host }
    }

    /// Checks a cookie, against the request's host too, and writes it.
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
                name: name.into(),
                domain: domain.into(),
                host,
            });
        }
        Ok(cookie.render())
    }

    /// What ends a declared cookie at its former scopes, but those that the host can't have set.
    fn retired(&self, declaration: &Declaration) -> Result<Vec<Rendered>, CookieError> {
        declaration
            .retired()
            .filter(|retired| self.mismatched_host(retired.scope().domain).is_none())
            .map(|retired| self.render(declaration.name(), Value::Quoted(""), retired))
            .collect()
    }

    /// The request's host, if it is known and doesn't domain-match.
    fn mismatched_host(&self, domain: &str) -> Option<String> {
        if domain.is_empty() {
            return None;
        }
        let host = self.host.normalized(self.settings.host_from())?;
        (!domain_match(&host, domain)).then(|| host.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// From outside it can't be: nothing of a user runs under the lock.
    #[test]
    fn a_poisoned_lock_loses_nothing() {
        let shared = Shared::new(RequestCookies::default(), Queue::default(), View::default());
        let set = |name| shared.set(&shared.view, &Cookie::new(name, "1"), Value::Quoted("1"));
        set("before").unwrap();
        let panic_under_the_lock = AssertUnwindSafe(|| {
            let _queue = shared.queue.lock();
            panic!("on purpose");
        });
        assert!(catch_unwind(panic_under_the_lock).is_err());
        assert!(shared.queue.is_poisoned());

        set("after").unwrap();
        let sent: Vec<_> = shared
            .close()
            .map(|(_, field)| field.name().to_owned())
            .collect();
        assert_eq!(sent, ["before", "after"]);
        assert!(set("late").is_err());
    }
}
