//! The request's host must domain-match the cookie's Domain. `HostSource` selects where the host is
//! found.

mod support;

use http::Request;
use tower_django_cookies::{Cookie, CookieError, CookieLayer, HostSource};

fn request(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
    let builder = headers
        .iter()
        .fold(Request::get(uri), |builder, (name, value)| {
            builder.header(*name, *value)
        });
    builder.body(()).expect("a valid request")
}

fn layer(source: HostSource) -> CookieLayer {
    CookieLayer::new().host_from(source).expect("a valid host")
}

/// Sets a cookie with `domain`. Returns the host of the error `DomainMismatch`, or `None` if `set`
/// succeeds.
#[track_caller]
fn mismatch(layer: &CookieLayer, request: &Request<()>, domain: &str) -> Option<String> {
    match layer
        .jar(request)
        .set(Cookie::build(("a", "1")).domain(domain.to_owned()))
    {
        Ok(()) => None,
        Err(CookieError::DomainMismatch { host, .. }) => Some(host),
        Err(error) => panic!("{error:?}"),
    }
}

/// Tests the rules of RFC 6265 §5.1.3.
#[test]
fn domain_of_host_or_parent_matches() {
    for (host, domain, matches) in [
        ("example.com", "example.com", true),
        ("example.com", "EXAMPLE.com", true),
        ("Example.COM", ".example.com", true),
        ("www.example.com", "example.com", true),
        ("a.b.example.com", "b.example.com", true),
        ("example.com:8080", "example.com", true),
        ("www.example.com.", "example.com.", true),
        ("www.example.com.:8080", "example.com.", true),
        ("example.com.", "example.com", false),
        ("example.com", "example.com.", false),
        ("localhost:3000", "localhost", true),
        ("127.0.0.1:3000", "127.0.0.1", true),
        ("[::1]:3000", "[::1]", true),
        ("example.com", "www.example.com", false),
        ("badexample.com", "example.com", false),
        ("example.com.evil.org", "example.com", false),
        ("com", "example.com", false),
        ("127.0.0.1", "0.0.1", false),
        ("1.127.0.0.1", "127.0.0.1", true),
        ("[::ffff:127.0.0.1]", "0.0.1", false),
        ("example.com", "ple.com", false),
    ] {
        let request = request("/", &[("host", host)]);
        let mismatch = mismatch(&CookieLayer::new(), &request, domain);
        assert_eq!(
            mismatch.is_none(),
            matches,
            "{domain} at {host}: {mismatch:?}"
        );
    }
}

#[test]
fn uri_authority_has_priority_over_host_header() {
    let request = request("https://user@a.example:8443/", &[("host", "b.example")]);
    assert_eq!(
        mismatch(&CookieLayer::new(), &request, "b.example"),
        Some("a.example".into())
    );
    assert_eq!(mismatch(&CookieLayer::new(), &request, "a.example"), None);
}

#[test]
fn domain_with_unknown_host_is_not_checked() {
    for request in [
        request("/", &[]),
        request("/", &[("host", "")]),
        request("/", &[("host", "a b")]),
        request("/", &[("host", ":80")]),
    ] {
        assert_eq!(mismatch(&CookieLayer::new(), &request, "example.com"), None);
    }
}

#[test]
fn host_only_cookie_is_not_checked() {
    let jar = CookieLayer::new().jar(&request("/", &[("host", "example.com")]));
    assert_eq!(jar.set(("a", "1")), Ok(()));
    assert_eq!(jar.set(Cookie::build(("a", "1")).domain("")), Ok(()));
}

#[test]
fn x_forwarded_host_has_priority_over_uri_and_host_header() {
    let layer = layer(HostSource::XForwardedHost);
    let forwarded = |host| {
        request(
            "http://10.0.0.7/",
            &[("host", "10.0.0.7"), ("x-forwarded-host", host)],
        )
    };
    assert_eq!(
        mismatch(&layer, &forwarded("www.example.com:443"), "example.com"),
        None
    );
    assert_eq!(
        mismatch(
            &layer,
            &forwarded("www.example.com, proxy.local"),
            "example.com"
        ),
        None
    );
    assert_eq!(
        mismatch(&layer, &forwarded("b.example"), "example.com"),
        Some("b.example".into())
    );
    for invalid in ["", "a b", "https://x", ", www.example.com"] {
        let mismatch = mismatch(&layer, &forwarded(invalid), "example.com");
        assert_eq!(mismatch, Some("10.0.0.7".into()), "{invalid}");
    }
    let direct = request("/", &[("host", "example.com")]);
    assert_eq!(
        mismatch(&layer, &direct, "example.org"),
        Some("example.com".into())
    );
    assert_eq!(
        mismatch(
            &CookieLayer::new(),
            &forwarded("example.com"),
            "example.com"
        ),
        Some("10.0.0.7".into())
    );
}

#[test]
fn fixed_host_replaces_host_of_every_request() {
    let fixed = |host: &str| layer(HostSource::Fixed(host.into()));
    let request = request("/", &[("host", "10.0.0.7")]);
    assert_eq!(
        mismatch(&fixed("WWW.example.com"), &request, "example.com"),
        None
    );
    assert_eq!(
        mismatch(&fixed("www.example.com"), &request, "10.0.0.7"),
        Some("www.example.com".into())
    );
    // The brackets of an IPv6 address are not part of the host.
    for host in ["::1", "[::1]"] {
        assert_eq!(mismatch(&fixed(host), &request, "[::1]"), None);
        assert_eq!(
            mismatch(&fixed(host), &request, "10.0.0.7"),
            Some("::1".into())
        );
    }
}

#[test]
fn unchecked_host_accepts_every_domain() {
    let layer = layer(HostSource::Unchecked);
    let request = request("https://a.example/", &[("host", "a.example")]);
    assert_eq!(mismatch(&layer, &request, "b.example"), None);
}
