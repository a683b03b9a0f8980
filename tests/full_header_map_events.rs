//! Cookies and headers that do not fit into the response's full `HeaderMap` are events.
//!
//! They are not in `tests/full_header_map.rs`, since each of these tests has a subscriber: `tracing`
//! disables an event in all threads if a thread without a subscriber is the first to reach it.
#![cfg(feature = "tracing")]

#[path = "support/events.rs"]
mod events;
mod support;

use std::convert::Infallible;
use std::future::ready;

use events::events;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use support::{jar_of, ready_output};
use tower::{Layer, Service, service_fn};
use tower_django_cookies::{Cookie, CookieJar, CookieLayer};
use tracing::Level;

type Handler = fn(&CookieJar);

const NOTHING: Handler = |_| {};
const READ: Handler = |jar| assert!(jar.is_empty());
const SET: Handler = |jar| jar.set(("a", "1")).unwrap();
const SET_AND_DELETE: Handler = |jar| {
    jar.set(("a", "1")).unwrap();
    jar.set(("b", "2")).unwrap();
    jar.set(Cookie::build(("a", "3")).path("/app")).unwrap();
    jar.delete("c").unwrap();
};

fn all_headers() -> CookieLayer {
    CookieLayer::new().vary_on_cookie().cache_control_private()
}

/// Headers with so many names that `places` places are left.
fn headers(places: usize) -> HeaderMap {
    const FULL: usize = 24_576;
    (0..FULL - places)
        .map(|number| {
            let name = HeaderName::try_from(format!("x-{number}")).unwrap();
            (name, HeaderValue::from(number))
        })
        .collect()
}

const QUEUED_A: &str =
    "DEBUG tower_django_cookies cookie queued operation=set name=a scope=host-only; Path=/";

/// The events of a request to a service whose response has `places` places left.
fn events_of(layer: &CookieLayer, places: usize, handler: Handler) -> Vec<String> {
    let before = headers(places);
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        handler(&jar_of(&request));
        let mut response = Response::new(());
        response.headers_mut().clone_from(&before);
        ready(Ok::<_, Infallible>(response))
    }));
    let (lines, Ok(_)) = events(Level::TRACE, || {
        ready_output(service.call(Request::new(())))
    });
    lines
}

fn ended(end: &str, cookie: &str) -> String {
    format!("DEBUG tower_django_cookies cookie {end} operation={cookie}")
}

fn warning(header: &str) -> String {
    format!(
        "WARN tower_django_cookies the response has too many headers to add this one \
         header={header}"
    )
}

#[test]
fn cookie_that_does_not_fit_is_discarded_event() {
    let a = "set name=a scope=host-only; Path=/";
    let lines = events_of(&CookieLayer::new(), 0, SET);
    assert_eq!(lines, [QUEUED_A.to_owned(), ended("discarded", a)]);

    let lines = events_of(&CookieLayer::new(), 1, SET_AND_DELETE);
    let expected = [
        ended("flushed", a),
        ended("discarded", "set name=b scope=host-only; Path=/"),
        ended("discarded", "set name=a scope=host-only; Path=/app"),
        ended("discarded", "delete name=c scope=host-only; Path=/"),
    ];
    assert_eq!(lines[4..], expected);

    let lines = events_of(&CookieLayer::new(), 2, SET_AND_DELETE);
    assert_eq!(lines.len(), 8);
    assert!(
        lines[4..]
            .iter()
            .all(|line| line.contains("cookie flushed"))
    );
}

#[test]
fn vary_and_cache_control_that_do_not_fit_are_warnings() {
    let warnings = |layer: &CookieLayer, places, handler| -> Vec<_> {
        let lines = events_of(layer, places, handler);
        let warnings = lines.into_iter().filter(|line| line.starts_with("WARN"));
        warnings.collect()
    };
    let both = [warning("vary"), warning("cache-control")];
    assert_eq!(warnings(&all_headers(), 0, SET), both);
    assert_eq!(warnings(&all_headers(), 0, READ), both[..1]);
    assert_eq!(warnings(&all_headers(), 1, SET), both[1..]);
    for (places, handler) in [(0, NOTHING), (1, READ), (2, SET), (3, SET)] {
        assert!(warnings(&all_headers(), places, handler).is_empty());
    }
    assert!(warnings(&CookieLayer::new(), 0, SET).is_empty());
}

#[test]
fn events_of_full_response_contain_no_value() {
    let lines = events_of(&all_headers(), 0, |jar| {
        jar.set(("a", "top-secret")).unwrap();
    });
    assert_eq!(lines.len(), 4);
    assert!(!lines.concat().contains("top-secret"), "{lines:?}");
}
