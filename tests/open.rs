//! `CookieLayer::open`: a jar for frameworks without Tower layers. It behaves as in a service.

mod support;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Uri};
use support::{assert_closed, assert_matches, deletion, set_cookies};
use tower_django_cookies::{Cookie, CookieError, CookieLayer};

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for &(name, value) in pairs {
        headers.append(name, HeaderValue::from_static(value));
    }
    headers
}

fn root() -> Uri {
    Uri::from_static("/")
}

#[test]
fn jar_reads_the_request_and_write_to_appends_the_queued_cookies() {
    let (jar, flush) =
        CookieLayer::new().open(&headers(&[("cookie", "a=1"), ("cookie", "b=2")]), &root());
    assert_eq!((jar.get("a"), jar.get("b")), (Some("1"), Some("2")));
    jar.set(("c", "3")).expect("a valid cookie");
    jar.delete("a").expect("a valid cookie");

    let mut response = headers(&[("set-cookie", "kept=1")]);
    flush.write_to(&mut response);
    assert_eq!(
        set_cookies(&response),
        ["kept=1", "c=3; Path=/", &deletion("a", "/")]
    );
    assert!(
        response
            .get_all(SET_COOKIE)
            .iter()
            .skip(1)
            .all(HeaderValue::is_sensitive)
    );
    assert_closed(&jar);
}

#[test]
fn dropped_flush_discards_the_queued_cookies() {
    let (jar, flush) = CookieLayer::new().open(&HeaderMap::new(), &root());
    jar.set(("a", "1")).expect("a valid cookie");
    drop(flush);
    assert_closed(&jar);
}

#[test]
fn domain_is_checked_against_the_host_of_header_or_uri() {
    let layer = CookieLayer::new()
        .declare(Cookie::build("session").domain("example.com"))
        .expect("a declaration");
    for (headers, uri, is_sent) in [
        (headers(&[("host", "www.example.com")]), "/", true),
        (headers(&[("host", "other.test")]), "/", false),
        (HeaderMap::new(), "https://www.example.com/", true),
        (
            headers(&[("host", "www.example.com")]),
            "https://other.test/",
            false,
        ),
    ] {
        let (jar, flush) = layer.open(&headers, &Uri::from_static(uri));
        let mut response = HeaderMap::new();
        let set = jar.set(("session", "1"));
        flush.write_to(&mut response);
        if is_sent {
            assert_eq!(set, Ok(()));
            assert_eq!(
                set_cookies(&response),
                ["session=1; Domain=example.com; Path=/"]
            );
        } else {
            assert_matches!(set, Err(CookieError::DomainMismatch { name, .. }) if name == "session");
            assert!(response.is_empty());
        }
    }
}

#[test]
fn write_to_adds_the_headers_for_caches() {
    let layer = CookieLayer::new().vary_on_cookie().cache_control_private();
    let (jar, flush) = layer.open(&HeaderMap::new(), &root());
    jar.set(("a", "1")).expect("a valid cookie");
    let mut response = HeaderMap::new();
    flush.write_to(&mut response);
    assert_eq!(response["vary"], "Cookie");
    assert_eq!(response["cache-control"], "private");

    let (_, flush) = layer.open(&HeaderMap::new(), &root());
    let mut response = HeaderMap::new();
    flush.write_to(&mut response);
    assert!(response.is_empty());
}

/// `open` cannot find an outer jar, because it takes the request's headers, not its extensions.
#[test]
fn open_within_open_has_its_own_queue_and_the_outer_cookies_come_last() {
    let layer = CookieLayer::new();
    let (outer, outer_flush) = layer.open(&HeaderMap::new(), &root());
    outer
        .set(Cookie::build(("a", "outer")).path("/app"))
        .expect("a valid cookie");
    let (inner, inner_flush) = layer.open(&HeaderMap::new(), &root());
    assert_eq!(inner.queued().len(), 0);
    inner.delete("a").expect("a valid cookie");

    let mut response = HeaderMap::new();
    inner_flush.write_to(&mut response);
    assert_closed(&inner);
    assert_eq!(outer.queued().len(), 1);
    outer_flush.write_to(&mut response);
    // With a shared queue, the delete would have `Path=/app`, where the cookie was set.
    assert_eq!(
        set_cookies(&response),
        [&deletion("a", "/"), "a=outer; Path=/app"]
    );
}
