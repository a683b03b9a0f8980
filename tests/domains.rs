//! Domains that browsers drop although the host domain-matches them: those of a single label, and the
//! public suffixes of a list.

mod support;

use std::convert::Infallible;
use std::future::ready;

use http::header::HOST;
use http::{Request, Response};
use support::{assert_matches, deletion, jar_of, ready_output, response_headers, set_cookies};
use tower::{Layer, ServiceExt, service_fn};
use tower_django_cookies::AttributeReason::{PublicSuffix, SingleLabel};
use tower_django_cookies::{
    AttributeReason, Cookie, CookieBuilder, CookieError, CookieLayer, HostSource,
};

fn at(host: &str) -> Request<()> {
    Request::builder().header(HOST, host).body(()).unwrap()
}

fn cookie(domain: &str) -> CookieBuilder<'_> {
    Cookie::build(("a", "1")).domain(domain)
}

/// The list that browsers contain.
fn is_public_suffix(domain: &str) -> bool {
    psl::suffix_str(domain) == Some(domain)
}

/// Sets and deletes a cookie with `domain`. Returns the reason of the error `InvalidDomain`, or `None`
/// if there is no error.
#[track_caller]
fn refused(layer: &CookieLayer, request: &Request<()>, domain: &str) -> Option<AttributeReason> {
    let jar = layer.jar(request);
    let results = [jar.set(cookie(domain)), jar.delete(cookie(domain))];
    let reasons = results.map(|result| match result {
        Ok(()) => None,
        Err(CookieError::InvalidDomain { reason, name, .. }) if name == "a" => Some(reason),
        Err(error) => panic!("{domain}: {error}"),
    });
    assert_eq!(reasons[0], reasons[1], "set and delete with {domain}");
    assert_eq!(jar.queued().is_empty(), reasons[0].is_some(), "{domain}");
    reasons[0]
}

/// The `Set-Cookie` headers of the response to a request to `host` that sets the cookie `a`.
fn headers_at(host: &str, layer: &CookieLayer) -> Vec<String> {
    set_cookies(&response_headers(layer, at(host), |jar| {
        jar.set(("a", "1")).expect("no error");
    }))
}

#[test]
fn single_label_that_is_not_the_host_is_invalid_domain() {
    for (host, domain) in [
        ("example.com", "com"),
        ("example.com", "COM"),
        ("EXAMPLE.COM", "com"),
        ("example.com:8080", ".com"),
        ("example.com.", "com."),
        ("a.b.example.com", "com"),
        ("www.example.test", "test"),
        ("app.localhost", "localhost"),
        ("app.localhost:3000", "LocalHost"),
        ("app.intranet", "intranet"),
        ("example.xn--p1ai", "xn--p1ai"),
        ("a.b_c", "b_c"),
        ("example.com..", "com.."),
    ] {
        for request in [
            at(host),
            Request::get(format!("https://{host}/")).body(()).unwrap(),
        ] {
            let reason = refused(&CookieLayer::new(), &request, domain);
            assert_eq!(reason, Some(SingleLabel), "{domain} at {host}");
        }
    }
}

#[test]
fn single_label_error_has_domain_and_remedy() {
    let error = CookieLayer::new()
        .jar(&at("example.com"))
        .set(cookie(".Com"))
        .unwrap_err();
    assert_matches!(
        error,
        CookieError::InvalidDomain { domain, reason: SingleLabel, .. } if domain == "Com"
    );
    assert_eq!(
        error.to_string(),
        "cookie \"a\": Domain \"Com\" is a single label and not the request's host, so browsers drop \
         the cookie; use the host or a parent of it"
    );
}

/// Browsers make the cookie host-only.
#[test]
fn single_label_that_is_the_host_is_accepted() {
    for (host, domain) in [
        ("localhost", "localhost"),
        ("LOCALHOST:3000", "localhost"),
        ("localhost.", "localhost."),
        ("intranet", ".Intranet"),
        ("com", "com"),
        ("[::1]:8000", "[::1]"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("127.0.0.1", "127.0.0.1"),
    ] {
        assert_eq!(
            refused(&CookieLayer::new(), &at(host), domain),
            None,
            "{domain} at {host}"
        );
    }
}

/// These hosts do not domain-match the Domain at all, which is the other error.
#[test]
fn single_label_that_host_does_not_match_is_domain_mismatch() {
    for (host, domain) in [
        ("example.com", "localhost"),
        ("localhost", "com"),
        ("localhost", "localhost."),
        ("localhost.", "localhost"),
        ("example.com", "com."),
        ("example.com.", "com"),
        ("127.0.0.1", "1"),
        ("127.0.0.1", "localhost"),
        ("[::1]", "1"),
        ("[::ffff:127.0.0.1]", "1"),
        ("example.com", "[::1]"),
    ] {
        let result = CookieLayer::new().jar(&at(host)).set(cookie(domain));
        assert_matches!(result, Err(CookieError::DomainMismatch { .. }));
    }
}

#[test]
fn domain_of_two_labels_is_accepted_without_list() {
    for (host, domain) in [
        ("www.example.com", "example.com"),
        ("www.example.co.uk", "co.uk"),
        ("www.example.com.", "example.com."),
        ("user.github.io", "github.io"),
    ] {
        assert_eq!(refused(&CookieLayer::new(), &at(host), domain), None);
    }
}

#[test]
fn single_label_with_unknown_host_is_accepted() {
    let long = format!("{}.com", "a".repeat(252));
    assert_eq!(long.len(), 256);
    for layer in [
        CookieLayer::new(),
        CookieLayer::new().public_suffixes(is_public_suffix),
    ] {
        for request in [Request::new(()), at(""), at("a b"), at(":80"), at(&long)] {
            for domain in ["com", "co.uk", "localhost"] {
                assert_eq!(refused(&layer, &request, domain), None);
            }
        }
    }
    // One byte less, and the host is known.
    let reason = refused(&CookieLayer::new(), &at(&long[1..]), "com");
    assert_eq!(reason, Some(SingleLabel));
}

#[test]
fn single_label_is_checked_against_host_of_host_source() {
    let layer = |source| {
        let layer = CookieLayer::new().public_suffixes(is_public_suffix);
        layer.host_from(source).expect("a valid host")
    };
    let fixed = |host: &str| layer(HostSource::Fixed(host.to_owned()));
    let forwarded = |host: &str| {
        let request = Request::builder().header(HOST, "10.0.0.7:8000");
        request.header("x-forwarded-host", host).body(()).unwrap()
    };

    let unchecked = layer(HostSource::Unchecked);
    for domain in ["com", "co.uk"] {
        assert_eq!(refused(&unchecked, &at("example.com"), domain), None);
    }

    let www = fixed("www.example.co.uk");
    for host in ["uk", "10.0.0.7"] {
        assert_eq!(refused(&www, &at(host), "uk"), Some(SingleLabel));
        assert_eq!(refused(&www, &at(host), "co.uk"), Some(PublicSuffix));
        assert_eq!(refused(&www, &at(host), "example.co.uk"), None);
    }
    let localhost = fixed("localhost");
    assert_eq!(refused(&localhost, &at("10.0.0.7"), "localhost"), None);

    let behind_proxy = layer(HostSource::XForwardedHost);
    for (host, domain, expected) in [
        ("www.example.co.uk", "uk", Some(SingleLabel)),
        ("www.example.co.uk, proxy", "co.uk", Some(PublicSuffix)),
        ("www.example.co.uk:443", "example.co.uk", None),
        ("localhost", "localhost", None),
        ("a b", "10.0.0.7", None),
    ] {
        let reason = refused(&behind_proxy, &forwarded(host), domain);
        assert_eq!(reason, expected, "{domain} at {host}");
    }
}

/// The layer does not know the host.
#[test]
fn declare_with_single_label_or_public_suffix_succeeds() {
    let layer = CookieLayer::new().public_suffixes(is_public_suffix);
    for (host, child, domain, reason) in [
        ("localhost", "app.localhost", "localhost", SingleLabel),
        ("github.io", "user.github.io", "github.io", PublicSuffix),
    ] {
        let layer = layer.clone().declare(cookie(domain)).expect("any Domain");
        let set = headers_at(host, &layer);
        assert_eq!(set, [format!("a=1; Domain={domain}; Path=/")]);

        let jar = layer.jar(&at(child));
        let expected = reason;
        for result in [jar.set(("a", "1")), jar.delete("a")] {
            assert_matches!(
                result,
                Err(CookieError::InvalidDomain { reason, .. }) if *reason == expected
            );
        }
        assert!(jar.queued().is_empty());
    }
}

#[test]
fn retired_single_label_or_public_suffix_is_skipped() {
    let layer = CookieLayer::new()
        .public_suffixes(is_public_suffix)
        .declare(Cookie::build("a"))
        .unwrap();
    for (host, child, domain) in [
        ("test", "www.example.test", "test"),
        ("localhost", "app.localhost", "localhost"),
        ("co.uk", "www.example.co.uk", "co.uk"),
    ] {
        let layer = layer.clone().retire(cookie(domain)).expect("any Domain");
        assert_eq!(headers_at(child, &layer), ["a=1; Path=/"]);
        let at_domain = deletion("a", "/").replacen("; ", &format!("; Domain={domain}; "), 1);
        assert_eq!(headers_at(host, &layer), [&*at_domain, "a=1; Path=/"]);

        // A left-over delete at the retired scope deletes the cookie where it can.
        let jar = layer.jar(&at(child));
        assert_eq!(jar.delete(cookie(domain)), Ok(()));
        let queued = jar.queued();
        let domains: Vec<_> = queued.iter().map(Cookie::domain).collect();
        assert_eq!(domains, [None]);
    }
}

/// The host, the Domain, and the reason of the error with the list of browsers.
const LISTED: [(&str, &str, Option<AttributeReason>); 26] = [
    ("www.example.co.uk", "co.uk", Some(PublicSuffix)),
    ("www.example.co.uk", "CO.UK", Some(PublicSuffix)),
    ("www.example.co.uk", ".Co.uk", Some(PublicSuffix)),
    ("WWW.EXAMPLE.CO.UK:8443", "co.uk", Some(PublicSuffix)),
    ("www.example.co.uk.", "co.uk.", Some(PublicSuffix)),
    ("www.example.co.uk.", "CO.uk.", Some(PublicSuffix)),
    ("www.example.co.uk", "uk", Some(SingleLabel)),
    ("www.example.co.uk.", "uk.", Some(SingleLabel)),
    ("www.example.co.uk", "example.co.uk", None),
    ("www.example.co.uk", "www.example.co.uk", None),
    ("www.example.co.uk.", "example.co.uk.", None),
    ("user.github.io", "github.io", Some(PublicSuffix)),
    ("a.user.github.io", "GitHub.io", Some(PublicSuffix)),
    ("a.user.github.io", "user.github.io", None),
    ("user.github.io", "user.github.io", None),
    // A host that is a public suffix itself.
    ("github.io", "github.io", None),
    ("GitHub.io", "github.IO", None),
    ("co.uk", "co.uk", None),
    ("co.uk.", "co.uk.", None),
    // The rules `*.ck` and `!www.ck`, and `*.kawasaki.jp` and `!city.kawasaki.jp`.
    ("a.b.ck", "b.ck", Some(PublicSuffix)),
    ("a.www.ck", "www.ck", None),
    ("a.b.kawasaki.jp", "b.kawasaki.jp", Some(PublicSuffix)),
    ("a.city.kawasaki.jp", "city.kawasaki.jp", None),
    ("www.example.com", "example.com", None),
    ("www.example.test", "example.test", None),
    ("127.0.0.1", "127.0.0.1", None),
];

#[test]
fn public_suffix_of_list_that_is_not_the_host_is_invalid_domain() {
    let layer = CookieLayer::new().public_suffixes(is_public_suffix);
    for (host, domain, expected) in LISTED {
        let reason = refused(&layer, &at(host), domain);
        assert_eq!(reason, expected, "{domain} at {host}");
        let without_list = refused(&CookieLayer::new(), &at(host), domain);
        let is_single_label = expected == Some(SingleLabel);
        assert_eq!(
            without_list.is_some(),
            is_single_label,
            "{domain} at {host}"
        );
    }
}

#[test]
fn public_suffix_error_has_domain_and_remedy() {
    let layer = CookieLayer::new().public_suffixes(is_public_suffix);
    let jar = layer.jar(&at("www.example.co.uk"));
    let error = jar.set(cookie("CO.UK")).unwrap_err();
    assert_matches!(
        error,
        CookieError::InvalidDomain { domain, reason: PublicSuffix, .. } if domain == "CO.UK"
    );
    assert_eq!(
        error.to_string(),
        "cookie \"a\": Domain \"CO.UK\" is a public suffix, so browsers drop the cookie; use the \
         host or a parent of it"
    );
}

/// So that users can compare it with a list.
#[test]
fn list_gets_domain_in_lower_case_without_outer_dots() {
    fn is_public_suffix(domain: &str) -> bool {
        assert_eq!(domain, "example.com");
        true
    }
    let layer = CookieLayer::new().public_suffixes(is_public_suffix);
    for (host, domain) in [
        ("www.example.com", "example.com"),
        ("www.example.com", ".EXAMPLE.com"),
        ("WWW.example.com.", "Example.Com."),
    ] {
        let reason = refused(&layer, &at(host), domain);
        assert_eq!(reason, Some(PublicSuffix), "{domain} at {host}");
    }
}

#[test]
fn last_list_of_a_layer_replaces_previous_one() {
    let layer = CookieLayer::new()
        .public_suffixes(|domain| domain == "co.uk")
        .public_suffixes(|domain| domain == "github.io");
    assert_eq!(refused(&layer, &at("www.example.co.uk"), "co.uk"), None);
    let reason = refused(&layer, &at("user.github.io"), "github.io");
    assert_eq!(reason, Some(PublicSuffix));
}

/// The reasons in the jar of the outer layer and in that of the inner layer.
fn refused_in_nested(
    outer: &CookieLayer,
    inner: &CookieLayer,
    host: &str,
    domain: &str,
) -> [Option<AttributeReason>; 2] {
    let reason = |request: &Request<()>| match jar_of(request).set(cookie(domain)) {
        Ok(()) => None,
        Err(CookieError::InvalidDomain { reason, .. }) => Some(reason),
        Err(error) => panic!("{error}"),
    };
    let mut reasons = [None; 2];
    let [in_outer, in_inner] = &mut reasons;
    let handler = service_fn(|request: Request<()>| {
        *in_inner = reason(&request);
        ready(Ok::<_, Infallible>(Response::new(())))
    });
    let inner = inner.layer(handler).map_request(|request: Request<()>| {
        *in_outer = reason(&request);
        request
    });
    let Ok(_) = ready_output(outer.layer(inner).oneshot(at(host)));
    reasons
}

#[test]
fn list_of_inner_layer_replaces_list_of_outer_layer() {
    let uk = CookieLayer::new().public_suffixes(|domain| domain == "co.uk");
    let io = CookieLayer::new().public_suffixes(|domain| domain == "github.io");
    let refused = Some(PublicSuffix);
    for (outer, inner, uk_reasons, io_reasons) in [
        (&uk, &io, [refused, None], [None, refused]),
        (&io, &uk, [None, refused], [refused, None]),
        // Without a list of its own, the inner layer uses that of the outer one.
        (&uk, &CookieLayer::new(), [refused; 2], [None; 2]),
        (
            &uk,
            &CookieLayer::new().vary_on_cookie(),
            [refused; 2],
            [None; 2],
        ),
        (&CookieLayer::new(), &uk, [None, refused], [None; 2]),
    ] {
        let reasons = refused_in_nested(outer, inner, "www.example.co.uk", "co.uk");
        assert_eq!(reasons, uk_reasons);
        let reasons = refused_in_nested(outer, inner, "user.github.io", "github.io");
        assert_eq!(reasons, io_reasons);
    }
}

/// `test::Client` drops the cookies that the jar refuses.
#[cfg(feature = "test-util")]
mod compared_with_client {
    use http::HeaderValue;
    use http::header::SET_COOKIE;
    use tower_django_cookies::test::{Client, RejectReason};

    use super::*;

    /// Lets a response of `host` set a cookie with this Domain, which no jar checks. Returns why the
    /// client rejects it, or else the Domain that it stores.
    async fn received(
        host: &str,
        domain: &str,
        public_suffixes: Option<fn(&str) -> bool>,
    ) -> Result<Option<String>, RejectReason> {
        let header = HeaderValue::try_from(format!("a=1; Path=/; Domain={domain}")).unwrap();
        let mut client = Client::new(service_fn(move |_: Request<String>| {
            let mut response = Response::new(String::new());
            response.headers_mut().append(SET_COOKIE, header.clone());
            ready(Ok::<_, Infallible>(response))
        }));
        if let Some(is_public_suffix) = public_suffixes {
            client = client.public_suffixes(is_public_suffix);
        }
        client.get(format!("https://{host}/")).await.unwrap();
        match client.rejected_cookies() {
            [] => Ok(client.cookies()[0].domain().map(str::to_owned)),
            [rejected] => Err(rejected.reason),
            rejected => panic!("{rejected:?}"),
        }
    }

    #[tokio::test]
    async fn client_rejects_what_jar_refuses_with_and_without_list() {
        const HOSTS: [&str; 14] = [
            "example.com",
            "www.example.com",
            "example.com.",
            "com",
            "localhost",
            "app.localhost",
            "127.0.0.1",
            "[::1]",
            "co.uk",
            "www.example.co.uk",
            "www.example.co.uk.",
            "github.io",
            "user.github.io",
            "a.user.github.io",
        ];
        const DOMAINS: [&str; 17] = [
            "example.com",
            "EXAMPLE.com",
            "example.com.",
            "com",
            "com.",
            "localhost",
            "LocalHost",
            "127.0.0.1",
            "1",
            "[::1]",
            "uk",
            "co.uk",
            "Co.Uk.",
            ".co.uk",
            "example.co.uk",
            "github.io",
            "user.github.io",
        ];
        let mut refused = [0; 2];
        for (number, public_suffixes) in [None, Some(is_public_suffix as fn(&str) -> bool)]
            .into_iter()
            .enumerate()
        {
            let mut layer = CookieLayer::new();
            if let Some(is_public_suffix) = public_suffixes {
                layer = layer.public_suffixes(is_public_suffix);
            }
            for host in HOSTS {
                for domain in DOMAINS {
                    let by_jar = match layer.jar(&at(host)).set(cookie(domain)) {
                        Ok(()) => None,
                        Err(CookieError::DomainMismatch { .. }) => Some(RejectReason::Domain),
                        Err(CookieError::InvalidDomain { .. }) => {
                            refused[number] += 1;
                            Some(RejectReason::PublicSuffix)
                        }
                        Err(error) => panic!("{error}"),
                    };
                    let by_client = received(host, domain, public_suffixes).await.err();
                    assert_eq!(by_client, by_jar, "{domain} at {host}");
                }
            }
        }
        // Single labels, and in addition `co.uk` in three spellings and `github.io` at two hosts.
        let [without_list, with_list] = refused;
        assert_eq!(with_list - without_list, 5, "{refused:?}");
    }

    #[tokio::test]
    async fn client_makes_public_suffix_of_its_host_host_only() {
        for (host, domain, with_list, without_list) in [
            ("github.io", "GitHub.io", None, Some("github.io")),
            ("co.uk.", "co.uk.", None, Some("co.uk.")),
            ("localhost", "localhost", None, None),
            ("a.test", "a.test", Some("a.test"), Some("a.test")),
        ] {
            let stored = received(host, domain, Some(is_public_suffix)).await;
            assert_eq!(stored.unwrap().as_deref(), with_list, "{domain} at {host}");
            let stored = received(host, domain, None).await;
            assert_eq!(
                stored.unwrap().as_deref(),
                without_list,
                "{domain} at {host}"
            );
        }
    }

    #[tokio::test]
    async fn client_rejects_public_suffixes_of_list() {
        for (host, domain, expected) in LISTED {
            let host = host.to_ascii_lowercase();
            let stored = received(&host, domain, Some(is_public_suffix)).await;
            let expected = expected.map(|_| RejectReason::PublicSuffix);
            assert_eq!(stored.err(), expected, "{domain} at {host}");
        }
    }
}
