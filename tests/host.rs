//! The request's host must domain-match the cookie's Domain. `HostSource` selects where the host is
//! found.

mod support;

use http::{HeaderValue, Request};
use support::assert_matches;
use tower_django_cookies::{Cookie, CookieError, CookieLayer, HostReason, HostSource};

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

/// A host of `len` bytes whose parent is `example.com`.
fn long_host(len: usize) -> String {
    let end = ".example.com";
    "x".repeat(len - end.len()) + end
}

/// The longest host name has 255 bytes (RFC 1035 §3.1). A longer one counts as unknown, so that every
/// Domain is accepted.
#[test]
fn host_of_255_bytes_is_checked_and_longer_one_is_not() {
    let behind_proxy = layer(HostSource::XForwardedHost);
    let received = |host: &str| {
        let uri = format!("https://{host}/");
        let user_info = format!("{}@{host}", "u".repeat(300));
        [
            (CookieLayer::new(), request("/", &[("host", host)])),
            (CookieLayer::new(), request(&uri, &[])),
            (CookieLayer::new(), request(&uri, &[("host", "localhost")])),
            (CookieLayer::new(), request("/", &[("host", &user_info)])),
            (
                behind_proxy.clone(),
                request("/", &[("x-forwarded-host", host)]),
            ),
            (behind_proxy.clone(), request("/", &[("host", host)])),
        ]
    };
    for port in ["", ":8080"] {
        for len in [253, 254, 255] {
            for (layer, request) in received(&(long_host(len) + port)) {
                let found = mismatch(&layer, &request, "example.com");
                assert_eq!(found, None, "{len} {request:?}");
                let found = mismatch(&layer, &request, "example.org");
                assert!(found.is_some(), "{len} {request:?}");
            }
        }
        for len in [256, 257, 511, 512, 600] {
            for (layer, request) in received(&(long_host(len) + port)) {
                for domain in ["example.com", "example.org", "com"] {
                    let found = mismatch(&layer, &request, domain);
                    assert_eq!(found, None, "{len} {request:?}");
                }
            }
        }
    }
}

#[test]
fn host_of_60_kib_is_not_checked() {
    for host in [
        "x".repeat(60 * 1024),
        "x".repeat(60 * 1024) + ":80",
        "x.".repeat(30 * 1024) + "example.com",
        format!("[{}]", "0".repeat(60 * 1024)),
    ] {
        let request = request("/", &[("host", &host)]);
        assert_eq!(mismatch(&CookieLayer::new(), &request, "example.org"), None);
    }
    // Only the host itself is limited.
    for host in [
        "u".repeat(60 * 1024) + "@www.example.com",
        "u".repeat(60 * 1024) + "@www.example.com:80",
    ] {
        let request = request("/", &[("host", &host)]);
        assert_eq!(mismatch(&CookieLayer::new(), &request, "example.com"), None);
        assert_eq!(
            mismatch(&CookieLayer::new(), &request, "example.org"),
            Some("www.example.com".into())
        );
    }
}

/// A forwarded host that is too long is an invalid one, so the `Host` header counts.
#[test]
fn x_forwarded_host_of_256_bytes_is_replaced_by_host_header() {
    let layer = layer(HostSource::XForwardedHost);
    for (len, domain, found) in [
        (255, "example.com", None),
        (256, "example.com", Some("localhost".to_owned())),
        (256, "localhost", None),
    ] {
        for rest in ["", ":443", ", proxy.local"] {
            let forwarded = long_host(len) + rest;
            let headers = [("host", "localhost"), ("x-forwarded-host", &*forwarded)];
            let mismatch = mismatch(&layer, &request("/", &headers), domain);
            assert_eq!(mismatch, found, "{len}{rest}");
        }
    }
}

#[test]
fn fixed_host_of_256_bytes_is_invalid_host() {
    let fixed = |len| CookieLayer::new().host_from(HostSource::Fixed(long_host(len)));
    assert!(fixed(255).is_ok());
    assert_matches!(
        fixed(256),
        Err(CookieError::InvalidHost {
            reason: HostReason::Invalid,
            ..
        })
    );
}

/// The host of an authority is between user info and port (RFC 3986 §3.2). The brackets of an IPv6
/// address are not part of the host.
#[test]
fn host_is_found_between_user_info_and_port() {
    for (authority, host) in [
        ("www.example.com", "www.example.com"),
        ("WWW.Example.COM", "www.example.com"),
        ("www.example.com:", "www.example.com"),
        ("www.example.com:8080", "www.example.com"),
        ("user@www.example.com", "www.example.com"),
        ("user:pass@www.example.com:8080", "www.example.com"),
        ("example.org:80@www.example.com", "www.example.com"),
        ("127.0.0.1:3000", "127.0.0.1"),
        ("user@127.0.0.1:3000", "127.0.0.1"),
        ("localhost", "localhost"),
        ("[::1]", "::1"),
        ("[::1]:3000", "::1"),
        ("user@[::1]", "::1"),
        ("user:pass@[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("xn--exmple-cua.com:80", "xn--exmple-cua.com"),
        ("a_b.example.com", "a_b.example.com"),
    ] {
        let domain = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        for (source, request) in [
            (HostSource::Request, request("/", &[("host", authority)])),
            (
                HostSource::Request,
                request(&format!("https://{authority}/path?query"), &[]),
            ),
            (
                HostSource::XForwardedHost,
                request("/", &[("x-forwarded-host", authority)]),
            ),
        ] {
            let layer = layer(source);
            assert_eq!(mismatch(&layer, &request, &domain), None, "{request:?}");
            let found = mismatch(&layer, &request, "other.test");
            assert_eq!(found.as_deref(), Some(host), "{request:?}");
        }
    }
}

/// Short headers are copied, and the hosts of long ones are found when the request arrives.
#[test]
fn host_is_found_after_user_info_of_any_length() {
    for len in (1..40).chain(270..310) {
        let authority = format!("{}@www.example.com:80", "u".repeat(len));
        for (source, request) in [
            (HostSource::Request, request("/", &[("host", &authority)])),
            (
                HostSource::Request,
                request(&format!("https://{authority}/"), &[]),
            ),
            (
                HostSource::XForwardedHost,
                request("/", &[("x-forwarded-host", &authority)]),
            ),
        ] {
            let layer = layer(source);
            assert_eq!(mismatch(&layer, &request, "example.com"), None, "{len}");
            let found = mismatch(&layer, &request, "other.test");
            assert_eq!(found.as_deref(), Some("www.example.com"), "{len}");
        }
    }
}

#[test]
fn first_host_of_x_forwarded_host_counts() {
    let layer = layer(HostSource::XForwardedHost);
    for forwarded in [
        "www.example.com",
        "www.example.com,",
        "www.example.com,proxy.local",
        "www.example.com, proxy.local, 10.0.0.7",
        "www.example.com ,proxy.local",
        "www.example.com\t,\tproxy.local",
        " \t www.example.com \t ",
        "  www.example.com:443  ,  proxy.local:80  ",
        "user@www.example.com:443, proxy.local",
        "www.example.com,,,",
        "www.example.com, a b",
        "www.example.com, other.test",
    ] {
        let headers = [("host", "10.0.0.7"), ("x-forwarded-host", forwarded)];
        let request = request("http://10.0.0.7/", &headers);
        assert_eq!(
            mismatch(&layer, &request, "example.com"),
            None,
            "{forwarded}"
        );
        assert_eq!(
            mismatch(&layer, &request, "other.test"),
            Some("www.example.com".into()),
            "{forwarded}"
        );
    }
    for forwarded in ["[::1]", "[::1]:443, proxy.local", " [::1] , [::2]"] {
        let request = request("/", &[("x-forwarded-host", forwarded)]);
        assert_eq!(mismatch(&layer, &request, "[::1]"), None, "{forwarded}");
        assert_eq!(
            mismatch(&layer, &request, "other.test"),
            Some("::1".into()),
            "{forwarded}"
        );
    }
}

/// Later hosts and headers come from proxies, so an invalid first one is not replaced by them.
#[test]
fn invalid_first_x_forwarded_host_is_replaced_by_host_header() {
    let layer = layer(HostSource::XForwardedHost);
    for forwarded in [
        "",
        " ",
        ",",
        ",other.test",
        " , other.test",
        "a b, other.test",
        "http://www.example.com, other.test",
        "www.example.com/, other.test",
        ":443, other.test",
        "[::1, other.test",
        "\u{e9}.example.com, other.test",
    ] {
        let mut request = request("/", &[("host", "www.example.com")]);
        for value in [forwarded, "other.test"] {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers_mut().append("x-forwarded-host", value);
        }
        assert_eq!(
            mismatch(&layer, &request, "other.test"),
            Some("www.example.com".into()),
            "{forwarded:?}"
        );
    }
}

#[test]
fn first_of_several_x_forwarded_host_headers_counts() {
    let layer = layer(HostSource::XForwardedHost);
    let headers = [
        ("x-forwarded-host", "www.example.com"),
        ("host", "10.0.0.7"),
        ("x-forwarded-host", "other.test"),
    ];
    let request = request("/", &headers);
    assert_eq!(mismatch(&layer, &request, "example.com"), None);
    assert_eq!(
        mismatch(&layer, &request, "other.test"),
        Some("www.example.com".into())
    );
}

/// Such a request is invalid (RFC 9112 §3.2); servers such as hyper pass it on.
#[test]
fn first_of_several_host_headers_counts() {
    let request = request("/", &[("host", "www.example.com"), ("host", "other.test")]);
    assert_eq!(mismatch(&CookieLayer::new(), &request, "example.com"), None);
    assert_eq!(
        mismatch(&CookieLayer::new(), &request, "other.test"),
        Some("www.example.com".into())
    );
}

/// The jar keeps the host of the request that it was made for.
#[test]
fn host_of_one_request_is_not_that_of_another() {
    let layer = CookieLayer::new();
    let one = layer.jar(&request("/", &[("host", "www.example.com:80")]));
    let other = layer.jar(&request("/", &[("host", "www.example.org:80")]));
    let cookie = |domain: &'static str| Cookie::build(("a", "1")).domain(domain);
    for _ in 0..2 {
        assert_eq!(one.set(cookie("example.com")), Ok(()));
        assert_eq!(other.set(cookie("example.org")), Ok(()));
        assert_matches!(
            one.set(cookie("example.org")),
            Err(CookieError::DomainMismatch { host, .. }) if host == "www.example.com"
        );
        assert_matches!(
            other.set(cookie("example.com")),
            Err(CookieError::DomainMismatch { host, .. }) if host == "www.example.org"
        );
    }
}
