//! A Domain is checked against the host that the browser asked for, wherever that stands.

mod support;

use http::Request;
use tower_django_cookies::{Cookie, CookieError, CookieLayer, HostSource};

fn at(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
    let request = Request::get(uri);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(()).expect("a request")
}

/// The host that the domain was checked against and found not to match.
#[track_caller]
fn mismatch(layer: &CookieLayer, request: &Request<()>, domain: &str) -> Option<String> {
    match layer
        .jar(request)
        .set(Cookie::build(("a", "1")).domain(domain.to_owned()))
    {
        Ok(()) => None,
        Err(CookieError::DomainMismatch { host, .. }) => Some(host),
        Err(other) => panic!("{other}"),
    }
}

/// RFC 6265 §5.1.3.
#[test]
fn the_host_itself_and_its_parents_match() {
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
        let request = at("/", &[("host", host)]);
        let found = mismatch(&CookieLayer::new(), &request, domain);
        assert_eq!(found.is_none(), matches, "{domain} at {host}: {found:?}");
    }
}

#[test]
fn the_authority_of_the_uri_comes_before_the_host_field() {
    let request = at("https://user@a.example:8443/", &[("host", "b.example")]);
    assert_eq!(
        mismatch(&CookieLayer::new(), &request, "b.example"),
        Some("a.example".into())
    );
    assert_eq!(mismatch(&CookieLayer::new(), &request, "a.example"), None);
}

#[test]
fn a_host_that_is_unknown_is_not_checked() {
    for request in [
        at("/", &[]),
        at("/", &[("host", "")]),
        at("/", &[("host", "a b")]),
        at("/", &[("host", ":80")]),
    ] {
        assert_eq!(mismatch(&CookieLayer::new(), &request, "example.com"), None);
    }
}

#[test]
fn a_host_only_cookie_is_not_checked() {
    let jar = CookieLayer::new().jar(&at("/", &[("host", "example.com")]));
    assert!(jar.set(("a", "1")).is_ok());
    assert!(jar.set(Cookie::build(("a", "1")).domain("")).is_ok());
}

#[test]
fn behind_a_proxy_the_forwarded_host_counts() {
    let layer = CookieLayer::new().host_from(HostSource::XForwardedHost);
    let forwarded = |host| {
        at(
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
    for unreadable in ["", "a b", "https://x", ", www.example.com"] {
        let found = mismatch(&layer, &forwarded(unreadable), "example.com");
        assert_eq!(found, Some("10.0.0.7".into()), "{unreadable}");
    }
    let direct = at("/", &[("host", "example.com")]);
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
fn a_fixed_host_stands_for_every_request() {
    let fixed = |host: &str| CookieLayer::new().host_from(HostSource::Fixed(host.into()));
    let request = at("/", &[("host", "10.0.0.7")]);
    assert_eq!(
        mismatch(&fixed("WWW.example.com"), &request, "example.com"),
        None
    );
    assert_eq!(
        mismatch(&fixed("www.example.com"), &request, "10.0.0.7"),
        Some("www.example.com".into())
    );
    // A URL by mistake, or nothing, fits nothing, and the error shows it.
    for host in ["https://example.com/", "https://www.example.com", ""] {
        assert_eq!(
            mismatch(&fixed(host), &request, "example.com"),
            Some(format!("{host} (no host)"))
        );
    }
}

#[test]
fn an_unchecked_host_refuses_nothing() {
    let layer = CookieLayer::new().host_from(HostSource::Unchecked);
    let request = at("https://a.example/", &[("host", "a.example")]);
    assert_eq!(mismatch(&layer, &request, "b.example"), None);
}
