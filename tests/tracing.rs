//! Events tell what is queued, flushed, discarded and refused, by name and scope.

#![cfg(feature = "tracing")]

#[path = "support/events.rs"]
mod events;
mod support;

use std::fmt::Debug;
use std::future::{Future, pending, ready};
use std::iter::repeat_with;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;
#[cfg(feature = "signed")]
use std::time::SystemTime;

use events::events;
use http::{Request, Response};
#[cfg(any(feature = "signed", feature = "private"))]
use support::request;
use support::{jar_of, now, sent, set_cookies};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, ResponseFuture};
use tower_http::trace::TraceLayer;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
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

/// The crate's events of a request that goes through `stack`.
fn told_in_a_stack<S>(stack: S) -> Vec<String>
where
    S: Service<Request<String>, Error: Debug>,
{
    let (lines, answer) = events(Level::DEBUG, || now(stack.oneshot(Request::default())));
    answer.unwrap();
    let is_of_crate = |line: &String| line.contains("tower_django_cookies");
    lines.into_iter().filter(is_of_crate).collect()
}

#[test]
fn what_is_flushed_is_told_in_the_span_of_a_trace_outside() {
    let set = |request: Request<String>| {
        let answer = jar_of(&request).set(("a", "1"));
        ready(answer.map(|()| Response::new(String::new())))
    };
    let (trace, cookies) = (TraceLayer::new_for_http(), CookieLayer::new());
    let stack = || ServiceBuilder::new();
    let outside = stack().layer(trace.clone()).layer(cookies.clone());
    let inside = stack().layer(cookies).layer(trace);
    let event = |operation| {
        format!(
            "DEBUG tower_django_cookies cookie {operation} operation=set name=a scope=host-only; Path=/"
        )
    };
    let (queued, flushed) = (event("queued"), event("flushed"));
    assert_eq!(
        told_in_a_stack(outside.service_fn(set)),
        [format!("  {queued}"), format!("  {flushed}")]
    );
    assert_eq!(
        told_in_a_stack(inside.service_fn(set)),
        [format!("  {queued}"), flushed]
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

/// At this level, with this operation and name.
#[track_caller]
fn assert_refusal<T>(told_as: [&str; 3], refuse: impl FnOnce() -> Result<T, CookieError>) {
    let (told, answer) = events(Level::TRACE, refuse);
    let error = answer.err().expect("it is refused");
    let [level, operation, name] = told_as;
    let event = format!(
        "{level} tower_django_cookies cookie refused operation={operation} name={name} error={error}"
    );
    assert_eq!(told, [event]);
}

#[test]
fn what_is_refused_is_a_warning_with_the_errors_text() {
    let layer = CookieLayer::new().declare("a").unwrap();
    let jar = layer.jar(&Request::new(()));
    let detached = CookieJar::from_headers(&http::HeaderMap::new());

    let elsewhere = || Cookie::build("a").path("/app");
    assert_refusal(["WARN", "set", "b"], || jar.set(("b", "\n")));
    assert_refusal(["WARN", "set", "a"], || jar.set(elsewhere()));
    assert_refusal(["WARN", "set", "a"], || detached.set("a"));
    assert_refusal(["WARN", "delete", "a"], || jar.delete(elsewhere()));
    assert_refusal(["WARN", "declare", "a"], || layer.clone().declare("a"));
    assert_refusal(["WARN", "declare", "b c"], || layer.clone().declare("b c"));
    assert_refusal(["WARN", "retire", "a"], || layer.clone().retire("a"));
}

#[cfg(feature = "signed")]
#[test]
fn a_signed_cookie_without_a_key_is_a_warning() {
    let jar = CookieLayer::new().jar(&request("a=1"));
    assert_refusal(["WARN", "set", "a"], || jar.signed().set(("a", "1")));
    assert_refusal(["WARN", "get", "a"], || jar.signed().get("a"));
}

#[cfg(feature = "private")]
#[test]
fn a_private_cookie_without_a_key_is_a_warning() {
    let jar = CookieLayer::new().jar(&request("a=1"));
    assert_refusal(["WARN", "set", "a"], || jar.private().set(("a", "1")));
    assert_refusal(["WARN", "get", "a"], || jar.private().get("a"));
}

/// Any client can send one.
#[cfg(feature = "signed")]
#[test]
fn a_forged_or_an_old_cookie_is_no_warning() {
    let layer = CookieLayer::new().secret_key("a secret");
    let forged = layer.jar(&request("a=1:2:3"));
    assert_refusal(["DEBUG", "get", "a"], || forged.signed().get("a"));

    forged
        .signed()
        .with_time(SystemTime::UNIX_EPOCH)
        .set(("a", "1"))
        .unwrap();
    let signed = format!("a={}", forged.queued()[0].value());
    let old = layer.jar(&request(signed));
    let of_a_minute = || old.signed().max_age(Duration::from_secs(60));
    assert_refusal(["DEBUG", "get", "a"], || of_a_minute().get("a"));
}

#[test]
fn a_cookie_that_is_not_there_is_no_refusal() {
    let jar = CookieLayer::new().jar(&Request::new(()));
    let (told, _) = events(Level::TRACE, || jar.require("a").unwrap_err());
    assert!(told.is_empty(), "{told:?}");
}

/// Queued by a handler that doesn't answer, so that there is no response to take it.
#[track_caller]
fn assert_discarded<F, E>(answer: impl Fn() -> F, end: impl FnOnce(ResponseFuture<F>))
where
    F: Future<Output = Result<Response<()>, E>>,
{
    let (told, ()) = events(Level::TRACE, || {
        let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
            let jar = jar_of(&request);
            jar.set(("a", "1")).unwrap();
            jar.delete("b").unwrap();
            answer()
        }));
        end(service.call(Request::new(())));
    });
    let [a, b] = ["set name=a", "delete name=b"].map(|what| {
        let scope = "scope=host-only; Path=/";
        ["queued", "discarded"].map(|event| {
            format!("DEBUG tower_django_cookies cookie {event} operation={what} {scope}")
        })
    });
    assert_eq!(told, [&*a[0], &*b[0], &*a[1], &*b[1]]);
}

#[test]
fn what_an_error_keeps_from_going_out_is_told_as_discarded() {
    assert_discarded(
        || ready(Err::<Response<()>, _>("broken")),
        |call| assert_eq!(now(call).unwrap_err(), "broken"),
    );
}

#[test]
fn what_is_given_up_with_the_call_is_told_as_discarded() {
    assert_discarded(pending::<Result<Response<()>, CookieError>>, drop);
}

#[test]
fn what_a_panic_keeps_from_going_out_is_told_as_discarded() {
    assert_discarded(
        async || -> Result<Response<()>, CookieError> { panic!("on purpose") },
        |call| assert!(catch_unwind(AssertUnwindSafe(|| now(call))).is_err()),
    );
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

/// A subscriber that does something whenever it is asked for its interest in the crate's events, and at
/// each.
struct Listener<F>(F);

impl<F: Fn(Option<&Event<'_>>) + 'static> Subscriber for Listener<F> {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, about: &Metadata<'_>) -> bool {
        let is_of_crate = about.target() == "tower_django_cookies";
        if is_of_crate {
            self.0(None);
        }
        is_of_crate
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.0(Some(event));
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
        let listener = Listener(move |event: Option<&Event<'_>>| {
            let queued = of_listener.queued().len();
            seen.send((event.is_some(), queued)).unwrap();
        });
        tracing::subscriber::with_default(listener, || jar.set(("a", "1")).unwrap());
    });
    let next = || queued.recv_timeout(Duration::from_secs(10)).unwrap();
    // It is asked before the cookie is queued, and told after.
    assert_eq!(next(), (false, 0));
    let told = repeat_with(next).find(|&(is_event, _)| is_event);
    assert_eq!(told, Some((true, 1)));
}

#[test]
fn a_subscriber_that_panics_loses_no_cookie() {
    let kept = Arc::new(Mutex::new(None));
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        jar.set(("a", "1")).unwrap();
        let listener = Listener(|event: Option<&Event<'_>>| assert!(event.is_none(), "on purpose"));
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
