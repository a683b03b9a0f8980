//! Events tell what is queued, flushed and refused, by name and scope.

#![cfg(feature = "tracing")]

#[path = "support/events.rs"]
mod events;
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use events::events;
use http::{Request, Response};
use support::{jar_of, now, sent, set_cookies};
use tower::{Layer, Service, service_fn};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The events of a request whose handler had the jar.
fn told(layer: &CookieLayer, handler: impl FnMut(&CookieJar)) -> Vec<String> {
    events(Level::TRACE, || sent(layer, handler)).0
}

#[test]
fn each_cookie_is_told_when_it_is_queued_and_when_it_is_flushed() {
    let told = told(&CookieLayer::new(), |jar| {
        jar.set(("a", "1")).unwrap();
        let everywhere = Cookie::build(("b", "2")).domain("example.com").path("/app");
        jar.set(everywhere.partitioned(true)).unwrap();
        jar.delete(Cookie::build("c").path("")).unwrap();
    });
    assert_eq!(
        told,
        [
            "DEBUG tower_django_cookies cookie queued operation=set name=a scope=host-only; Path=/",
            "DEBUG tower_django_cookies cookie queued operation=set name=b \
             scope=Domain=example.com; Path=/app; Partitioned",
            "DEBUG tower_django_cookies cookie queued operation=delete name=c \
             scope=host-only; no Path",
            "DEBUG tower_django_cookies cookie flushed operation=set name=a scope=host-only; Path=/",
            "DEBUG tower_django_cookies cookie flushed operation=set name=b \
             scope=Domain=example.com; Path=/app; Partitioned",
            "DEBUG tower_django_cookies cookie flushed operation=delete name=c \
             scope=host-only; no Path",
        ]
    );
}

#[test]
fn of_several_operations_on_one_cookie_the_last_is_told_when_it_is_flushed() {
    let told = told(&CookieLayer::new(), |jar| {
        jar.set(("a", "1")).unwrap();
        jar.delete("a").unwrap();
    });
    assert_eq!(
        told,
        [
            "DEBUG tower_django_cookies cookie queued operation=set name=a scope=host-only; Path=/",
            "DEBUG tower_django_cookies cookie queued operation=delete name=a scope=host-only; Path=/",
            "DEBUG tower_django_cookies cookie flushed operation=delete name=a scope=host-only; Path=/",
        ]
    );
}

#[test]
fn a_declared_cookie_is_told_with_its_declared_and_its_retired_scopes() {
    let declared = CookieLayer::new().declare(Cookie::build("a").path("/app"));
    let layer = declared.and_then(|layer| layer.retire("a")).unwrap();
    let told = told(&layer, |jar| {
        jar.set(("a", "1")).unwrap();
        // The retired scope waits already.
        jar.set(("a", "2")).unwrap();
    });
    let [delete, set] = [
        "operation=delete name=a scope=host-only; Path=/",
        "operation=set name=a scope=host-only; Path=/app",
    ];
    let queued = |what| format!("DEBUG tower_django_cookies cookie queued {what}");
    let flushed = |what| format!("DEBUG tower_django_cookies cookie flushed {what}");
    let expected = [
        queued(delete),
        queued(set),
        queued(set),
        flushed(delete),
        flushed(set),
    ];
    assert_eq!(told, expected);
}

#[track_caller]
fn assert_warned<T>(operation: &str, refuse: impl FnOnce() -> Result<T, CookieError>) {
    let (told, answer) = events(Level::TRACE, refuse);
    let error = answer.err().expect("it is refused");
    let warning =
        format!("WARN tower_django_cookies cookie refused operation={operation} error={error}");
    assert_eq!(told, [warning]);
}

#[test]
fn what_is_refused_is_a_warning_with_the_errors_text() {
    let layer = CookieLayer::new().declare("a").unwrap();
    let jar = layer.jar(&Request::new(()));
    let detached = CookieJar::from_headers(&http::HeaderMap::new());

    assert_warned("set", || jar.set(("b", "\n")));
    assert_warned("set", || jar.set(Cookie::build("a").path("/app")));
    assert_warned("set", || detached.set("a"));
    assert_warned("delete", || jar.delete(Cookie::build("a").path("/app")));
    assert_warned("declare", || layer.clone().declare("a"));
    assert_warned("declare", || layer.clone().declare("b c"));
    assert_warned("retire", || layer.clone().retire("a"));
}

#[cfg(feature = "signed")]
#[test]
fn a_signed_cookie_without_a_key_is_a_warning() {
    let jar = CookieLayer::new().jar(&Request::new(()));
    assert_warned("set", || jar.signed().set(("a", "1")));
}

#[cfg(feature = "private")]
#[test]
fn a_private_cookie_without_a_key_is_a_warning() {
    let jar = CookieLayer::new().jar(&Request::new(()));
    assert_warned("set", || jar.private().set(("a", "1")));
}

#[test]
fn what_an_error_keeps_from_going_out_is_never_told_as_flushed() {
    let (told, answer) = events(Level::TRACE, || {
        let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
            jar_of(&request).set(("a", "1")).unwrap();
            std::future::ready(Err::<Response<()>, _>("broken"))
        }));
        now(service.call(Request::new(())))
    });
    assert_eq!(answer.unwrap_err(), "broken");
    let [queued] = &*told else {
        panic!("{told:?}");
    };
    assert!(queued.contains("cookie queued"), "{queued}");
}

#[test]
fn a_subscriber_that_wants_warnings_hears_warnings_alone() {
    let (told, _) = events(Level::WARN, || {
        sent(&CookieLayer::new(), |jar| {
            jar.set(("a", "1")).unwrap();
            jar.set(("a", "\n")).unwrap_err();
        })
    });
    let [warning] = &*told else {
        panic!("{told:?}");
    };
    assert!(warning.starts_with("WARN"), "{warning}");
}

/// A subscriber that does something at each event of the crate.
struct Listener<F>(F);

impl<F: Fn(&Event<'_>) + 'static> Subscriber for Listener<F> {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.target() == "tower_django_cookies"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.0(event);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_subscriber_can_use_the_jar() {
    let (seen, queued) = mpsc::channel();
    // In a thread, since it would hang if the jar were locked.
    thread::spawn(move || {
        let jar = CookieLayer::new().jar(&Request::new(()));
        let of_listener = jar.clone();
        let listener = Listener(move |_: &Event<'_>| {
            seen.send(of_listener.queued().len()).unwrap();
        });
        tracing::subscriber::with_default(listener, || jar.set(("a", "1")).unwrap());
    });
    assert_eq!(queued.recv_timeout(Duration::from_secs(10)), Ok(1));
}

#[test]
fn a_subscriber_that_panics_loses_no_cookie() {
    let kept = Arc::new(Mutex::new(None));
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        jar.set(("a", "1")).unwrap();
        let listener = Listener(|_: &Event<'_>| panic!("on purpose"));
        let set = || tracing::subscriber::with_default(listener, || jar.set(("b", "2")));
        assert!(catch_unwind(AssertUnwindSafe(set)).is_err());
        jar.set(("c", "3")).unwrap();
        *kept.lock().unwrap() = Some(jar);
        std::future::ready(Ok::<_, CookieError>(Response::new(())))
    }));

    let response = now(service.call(Request::new(()))).unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["a=1; Path=/", "b=2; Path=/", "c=3; Path=/"]
    );
    let jar = kept.lock().unwrap().take().expect("the service was called");
    assert!(jar.set(("late", "1")).is_err());
}
