//! `tracing` events: which cookies were queued, flushed, discarded or refused, with name and scope.

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
use support::{
    assert_matches, assert_response_started, jar_of, ready_output, response_cookies, set_cookies,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, ResponseFuture};
use tower_http::trace::TraceLayer;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// The events of a request whose jar is passed to `handler`.
fn request_events(layer: &CookieLayer, handler: impl FnMut(&CookieJar)) -> Vec<String> {
    events(Level::TRACE, || response_cookies(layer, handler)).0
}

#[test]
fn set_and_delete_are_queued_events_then_flushed_events_with_name_and_scope() {
    let events = request_events(&CookieLayer::new(), |jar| {
        jar.set(("a", "1")).unwrap();
        let scoped = Cookie::build(("b", "2")).domain("example.com").path("/app");
        jar.set(scoped.partitioned(true)).unwrap();
        jar.delete(Cookie::build("c").path("")).unwrap();
    });
    assert_eq!(
        events,
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

/// The crate's events of a request to the service `stack`.
fn stack_events<S>(stack: S) -> Vec<String>
where
    S: Service<Request<String>, Error: Debug>,
{
    let call = || ready_output(stack.oneshot(Request::default()));
    let (lines, response) = events(Level::DEBUG, call);
    response.unwrap();
    let is_from_crate = |line: &String| line.contains("tower_django_cookies");
    lines.into_iter().filter(is_from_crate).collect()
}

#[test]
fn flushed_event_is_in_span_of_outer_trace_layer_only() {
    let set = |request: Request<String>| {
        let result = jar_of(&request).set(("a", "1"));
        ready(result.map(|()| Response::new(String::new())))
    };
    let (trace, cookies) = (TraceLayer::new_for_http(), CookieLayer::new());
    let stack = || ServiceBuilder::new();
    let trace_outside = stack().layer(trace.clone()).layer(cookies.clone());
    let trace_inside = stack().layer(cookies).layer(trace);
    let event = |operation| {
        format!(
            "DEBUG tower_django_cookies cookie {operation} operation=set name=a scope=host-only; Path=/"
        )
    };
    let (queued, flushed) = (event("queued"), event("flushed"));
    assert_eq!(
        stack_events(trace_outside.service_fn(set)),
        [format!("  {queued}"), format!("  {flushed}")]
    );
    assert_eq!(
        stack_events(trace_inside.service_fn(set)),
        [format!("  {queued}"), flushed]
    );
}

#[test]
fn delete_that_replaces_queued_set_is_the_only_flushed_event() {
    let events = request_events(&CookieLayer::new(), |jar| {
        jar.set(("a", "1")).unwrap();
        jar.delete("a").unwrap();
    });
    assert_eq!(
        events,
        [
            "DEBUG tower_django_cookies cookie queued operation=set name=a scope=host-only; Path=/",
            "DEBUG tower_django_cookies cookie queued operation=delete name=a scope=host-only; Path=/",
            "DEBUG tower_django_cookies cookie flushed operation=delete name=a scope=host-only; Path=/",
        ]
    );
}

#[test]
fn set_of_declared_cookie_has_events_with_declared_and_retired_scope() {
    let declared = CookieLayer::new().declare(Cookie::build("a").path("/app"));
    let layer = declared.and_then(|layer| layer.retire("a")).unwrap();
    let events = request_events(&layer, |jar| {
        jar.set(("a", "1")).unwrap();
        // The delete of the retired scope is already queued.
        jar.set(("a", "2")).unwrap();
    });
    let [delete, set] = [
        "operation=delete name=a scope=host-only; Path=/",
        "operation=set name=a scope=host-only; Path=/app",
    ];
    let queued = |fields| format!("DEBUG tower_django_cookies cookie queued {fields}");
    let flushed = |fields| format!("DEBUG tower_django_cookies cookie flushed {fields}");
    let expected = [
        queued(delete),
        queued(set),
        queued(set),
        flushed(delete),
        flushed(set),
    ];
    assert_eq!(events, expected);
}

/// Runs `operation`, and asserts that it has one event, at `level` and with the text of the error.
/// Returns the error.
#[track_caller]
fn refused_event_error<T>(
    level: &str,
    operation: &str,
    name: &str,
    run: impl FnOnce() -> Result<T, CookieError>,
) -> CookieError {
    let (events, result) = events(Level::TRACE, run);
    let error = result.err().expect("the operation must fail");
    let event = format!(
        "{level} tower_django_cookies cookie refused operation={operation} name={name} error={error}"
    );
    assert_eq!(events, [event]);
    error
}

/// Asserts that an operation has a refused event at the level, with the operation and the name,
/// and that its error matches the pattern.
macro_rules! assert_refused_event {
    ([$level:literal, $operation:literal, $name:literal], $run:expr, $pattern:pat) => {
        assert_matches!(
            refused_event_error($level, $operation, $name, || $run),
            $pattern
        )
    };
}

#[test]
fn refused_operation_is_warning_with_text_of_error() {
    let layer = CookieLayer::new().declare("a").unwrap();
    let jar = layer.jar(&Request::new(()));
    let without_response = CookieJar::from_headers(&http::HeaderMap::new());

    let other_path = || Cookie::build("a").path("/app");
    assert_refused_event!(
        ["WARN", "set", "b"],
        jar.set(("b", "\n")),
        CookieError::ControlCharacter { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.set(other_path()),
        CookieError::ScopeMismatch { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "a"],
        without_response.set(("a", "1")),
        CookieError::NoResponse { .. }
    );
    assert_refused_event!(
        ["WARN", "delete", "a"],
        jar.delete(other_path()),
        CookieError::ScopeMismatch { .. }
    );
    assert_refused_event!(
        ["WARN", "declare", "a"],
        layer.clone().declare("a"),
        CookieError::AlreadyDeclared { .. }
    );
    assert_refused_event!(
        ["WARN", "declare", "b c"],
        layer.clone().declare("b c"),
        CookieError::InvalidName { .. }
    );
    assert_refused_event!(
        ["WARN", "retire", "a"],
        layer.clone().retire("a"),
        CookieError::RetireDeclared { .. }
    );
}

#[cfg(feature = "signed")]
#[test]
fn signed_set_and_get_without_key_are_warnings() {
    let jar = CookieLayer::new().jar(&request("a=1"));
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.signed().set(("a", "1")),
        CookieError::MissingKey { .. }
    );
    assert_refused_event!(
        ["WARN", "get", "a"],
        jar.signed().get("a"),
        CookieError::MissingKey { .. }
    );
}

#[cfg(feature = "private")]
#[test]
fn private_set_and_get_without_key_are_warnings() {
    let jar = CookieLayer::new().jar(&request("a=1"));
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.private().set(("a", "1")),
        CookieError::MissingKey { .. }
    );
    assert_refused_event!(
        ["WARN", "get", "a"],
        jar.private().get("a"),
        CookieError::MissingKey { .. }
    );
}

/// Any client can send such a cookie, so it must not cause warnings.
#[cfg(feature = "signed")]
#[test]
fn forged_or_expired_signed_cookie_is_debug_event() {
    let layer = CookieLayer::new().secret_key("a secret");
    let forged = layer.jar(&request("a=1:2:3"));
    assert_refused_event!(
        ["DEBUG", "get", "a"],
        forged.signed().get("a"),
        CookieError::BadSignature { .. }
    );

    forged
        .signed()
        .with_time(SystemTime::UNIX_EPOCH)
        .set(("a", "1"))
        .unwrap();
    let signed = format!("a={}", forged.queued()[0].value());
    let expired = layer.jar(&request(signed));
    let one_minute = Duration::from_secs(60);
    assert_refused_event!(
        ["DEBUG", "get", "a"],
        expired.signed().max_age(one_minute).get("a"),
        CookieError::SignatureExpired { .. }
    );
}

#[test]
fn require_of_absent_cookie_has_no_event() {
    let jar = CookieLayer::new().jar(&Request::new(()));
    let (events, result) = events(Level::TRACE, || jar.require("a"));
    assert_matches!(result, Err(CookieError::MissingCookie { .. }));
    assert!(events.is_empty(), "{events:?}");
}

/// Asserts that operations are discarded if the inner service returns no response.
///
/// `inner` is the future of the inner service; `end` ends the future of the layer.
#[track_caller]
fn assert_discarded<F, E>(inner: impl Fn() -> F, end: impl FnOnce(ResponseFuture<F>))
where
    F: Future<Output = Result<Response<()>, E>>,
{
    let (events, ()) = events(Level::TRACE, || {
        let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
            let jar = jar_of(&request);
            jar.set(("a", "1")).unwrap();
            jar.delete("b").unwrap();
            inner()
        }));
        end(service.call(Request::new(())));
    });
    let [a, b] = ["set name=a", "delete name=b"].map(|operation| {
        let scope = "scope=host-only; Path=/";
        ["queued", "discarded"].map(|event| {
            format!("DEBUG tower_django_cookies cookie {event} operation={operation} {scope}")
        })
    });
    assert_eq!(events, [&*a[0], &*b[0], &*a[1], &*b[1]]);
}

#[test]
fn operations_of_failed_request_are_discarded_events() {
    assert_discarded(
        || ready(Err::<Response<()>, _>("the request failed")),
        |future| {
            let error = ready_output(future).expect_err("an error");
            assert_eq!(error, "the request failed");
        },
    );
}

#[test]
fn operations_of_dropped_request_are_discarded_events() {
    assert_discarded(pending::<Result<Response<()>, CookieError>>, drop);
}

/// Runs `code`, and asserts that it panics with "on purpose".
#[track_caller]
fn assert_panics_on_purpose<T>(code: impl FnOnce() -> T) {
    let result = catch_unwind(AssertUnwindSafe(|| drop(code())));
    let payload = result.expect_err("a panic");
    assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
}

#[test]
fn operations_of_panicked_request_are_discarded_events() {
    assert_discarded(
        async || -> Result<Response<()>, CookieError> { panic!("on purpose") },
        |future| assert_panics_on_purpose(|| ready_output(future)),
    );
}

#[test]
fn subscriber_of_warnings_receives_warnings_only() {
    let (events, _) = events(Level::WARN, || {
        response_cookies(&CookieLayer::new(), |jar| {
            jar.set(("a", "1")).unwrap();
            assert_matches!(
                jar.set(("a", "\n")),
                Err(CookieError::ControlCharacter { .. })
            );
        })
    });
    let [warning] = &*events else {
        panic!("{events:?}");
    };
    assert!(warning.starts_with("WARN"), "{warning}");
}

/// A subscriber that calls a function for the crate's events: with `None` when it is asked whether
/// an event is enabled, and with each event.
struct Listener<F>(F);

impl<F: Fn(Option<&Event<'_>>) + 'static> Subscriber for Listener<F> {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_from_crate = metadata.target() == "tower_django_cookies";
        if is_from_crate {
            self.0(None);
        }
        is_from_crate
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
fn subscriber_that_uses_jar_does_not_deadlock() {
    let (sender, receiver) = mpsc::channel();
    // A separate thread, so that a deadlock fails the test instead of blocking it.
    thread::spawn(move || {
        let jar = CookieLayer::new().jar(&Request::new(()));
        let listener_jar = jar.clone();
        let listener = Listener(move |event: Option<&Event<'_>>| {
            let queued = listener_jar.queued().len();
            sender.send((event.is_some(), queued)).unwrap();
        });
        tracing::subscriber::with_default(listener, || jar.set(("a", "1")).unwrap());
    });
    let next_call = || receiver.recv_timeout(Duration::from_secs(10)).unwrap();
    // `enabled` is called before the cookie is queued, and `event` after.
    assert_eq!(next_call(), (false, 0));
    let event_call = repeat_with(next_call).find(|&(is_event, _)| is_event);
    assert_eq!(event_call, Some((true, 1)));
}

#[test]
fn set_with_panicking_subscriber_keeps_every_cookie() {
    let kept = Arc::new(Mutex::new(None));
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        jar.set(("a", "1")).unwrap();
        let listener = Listener(|event: Option<&Event<'_>>| assert!(event.is_none(), "on purpose"));
        let set = || tracing::subscriber::with_default(listener, || jar.set(("b", "2")));
        assert_panics_on_purpose(set);
        jar.set(("c", "3")).unwrap();
        *kept.lock().unwrap() = Some(jar);
        ready(Ok::<_, CookieError>(Response::new(())))
    }));

    let response = ready_output(service.call(Request::new(()))).unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["a=1; Path=/", "b=2; Path=/", "c=3; Path=/"]
    );
    let jar = kept.lock().unwrap().take().expect("the service was called");
    assert_response_started(jar.set(("late", "1")), "late");
}
