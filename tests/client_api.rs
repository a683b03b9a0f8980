//! `test::Client`: its requests, its cookies, redirects, response bodies and errors.

#![cfg(feature = "test-util")]

mod support;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{
    AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, MaxSizeReached, ORIGIN,
    PROXY_AUTHORIZATION, REFERER, SET_COOKIE, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame};
use support::jar_of;
use tokio::time::error::Elapsed;
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_django_cookies::test::{Client, ClientError, RejectReason};
use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieLayer, SameSite, time};
use url::form_urlencoded;

type App = BoxCloneService<Request<String>, Response<String>, Infallible>;

/// A client of a service that calls `handler`.
fn client(
    handler: impl Fn(Request<String>) -> Response<String> + Clone + Send + 'static,
) -> Client<App> {
    let service = service_fn(move |request| std::future::ready(Ok(handler(request))));
    Client::new(service.boxed_clone())
}

/// A client of a service whose response body lists the `Cookie` headers of the request. Each pair of
/// the URL's query becomes a `Set-Cookie` header of the response.
fn echo_client() -> Client<App> {
    client(|request| {
        let cookies: Vec<_> = request.headers().get_all(COOKIE).iter().collect();
        let cookies = cookies.iter().map(|header| header.to_str().unwrap());
        let mut response = Response::new(cookies.collect::<Vec<_>>().join(" | "));
        let query = request.uri().query().unwrap_or_default();
        for (name, rest) in form_urlencoded::parse(query.as_bytes()) {
            let header = HeaderValue::try_from(format!("{name}={rest}")).unwrap();
            response.headers_mut().append(SET_COOKIE, header);
        }
        response
    })
}

/// The body of the response to a `GET` request; of an [`echo_client`] the `Cookie` headers.
async fn get_text(client: &mut Client<App>, url: &str) -> String {
    let response = client.get(url).await.unwrap();
    response.body().text().unwrap().to_owned()
}

fn redirect(status: u16, location: &str) -> Response<String> {
    Response::builder()
        .status(status)
        .header(LOCATION, location)
        .body(String::new())
        .unwrap()
}

#[tokio::test]
async fn host_only_and_domain_cookie_of_same_host_are_separate() {
    let mut client = echo_client();
    let url = "https://www.example.com/?a=host;+Path=/&a=domain;+Path=/;+Domain=www.example.com";
    client.get(url).await.unwrap();
    assert_eq!(
        get_text(&mut client, "https://www.example.com/").await,
        "a=host; a=domain"
    );
    assert_eq!(
        get_text(&mut client, "https://a.www.example.com/").await,
        "a=domain"
    );

    let url = "https://www.example.com/?a=;+Path=/;+Max-Age=0";
    client.get(url).await.unwrap();
    assert_eq!(
        get_text(&mut client, "https://www.example.com/").await,
        "a=domain"
    );
}

#[tokio::test]
async fn partitioned_and_unpartitioned_cookie_are_separate() {
    let mut client = echo_client();
    let url = "/?a=1;+Path=/;+Secure&a=2;+Path=/;+Secure;+Partitioned";
    client.get(url).await.unwrap();
    assert_eq!(get_text(&mut client, "/").await, "a=1; a=2");
    client.get("/?a=;+Path=/;+Secure;+Max-Age=0").await.unwrap();
    assert_eq!(get_text(&mut client, "/").await, "a=2");
}

/// RFC 6265 §5.4: longer paths first, then cookies that were created first. A new value does not
/// change the time of creation.
#[tokio::test]
async fn cookies_are_sent_by_path_length_then_creation() {
    let mut client = echo_client();
    client
        .get("/?b=1;+Path=/&a=1;+Path=/&c=1;+Path=/app")
        .await
        .unwrap();
    client.get("/?b=2;+Path=/").await.unwrap();
    assert_eq!(get_text(&mut client, "/app").await, "c=1; b=2; a=1");
}

#[tokio::test]
async fn cookie_without_path_is_sent_to_default_path() {
    let mut client = echo_client();
    client.get("/shop/basket?a=1").await.unwrap();
    assert_eq!(get_text(&mut client, "/shop").await, "a=1");
    assert_eq!(get_text(&mut client, "/").await, "");
}

#[tokio::test]
async fn domain_equal_to_address_or_single_label_host_is_host_only() {
    for url in [
        "http://127.0.0.1/",
        "https://intranet/",
        "https://intranet./",
        "https://[2001:db8::1]/",
        "https://[::ffff:1.2.3.4]/",
    ] {
        let mut client = echo_client();
        let host = url.split('/').nth(2).unwrap();
        client
            .get(&format!("{url}?a=1;+Path=/;+Domain={host}"))
            .await
            .unwrap();
        client.get(&format!("{url}?a=2;+Path=/")).await.unwrap();
        assert_eq!(get_text(&mut client, url).await, "a=2");
        assert_eq!(client.cookies()[0].domain(), None);
    }
}

/// Such a cookie is host-only. Chromium and Firefox store it too.
#[tokio::test]
async fn host_prefix_with_address_as_domain_is_stored() {
    for host in ["127.0.0.1", "[2001:db8::1]"] {
        let mut client = echo_client();
        let url = format!("https://{host}/");
        client
            .get(format!("{url}?__Host-a=1;+Path=/;+Secure;+Domain={host}"))
            .await
            .unwrap();
        assert_eq!(get_text(&mut client, &url).await, "__Host-a=1");
    }
}

#[tokio::test]
async fn secure_cookie_needs_https_or_loopback() {
    let mut client = echo_client();
    client
        .get("https://example.com/?a=1;+Path=/;+Secure")
        .await
        .unwrap();
    assert_eq!(get_text(&mut client, "http://example.com/").await, "");
    for url in [
        "http://localhost/",
        "http://127.0.0.1:8000/",
        "http://[::1]/",
    ] {
        let mut client = echo_client();
        client
            .get(&format!("{url}?a=1;+Path=/;+Secure"))
            .await
            .unwrap();
        assert_eq!(get_text(&mut client, url).await, "a=1");
    }
}

#[tokio::test]
async fn rejected_cookies_have_name_and_reason() {
    let long = format!("/?a={}", "x".repeat(4096));
    for (url, name, reason) in [
        ("/?=nameless", "", RejectReason::Nameless),
        (&*long, "a", RejectReason::TooLong),
        ("/?a=1;+Domain=example.com", "a", RejectReason::Domain),
        (
            "https://a.test/?a=1;+Domain=test",
            "a",
            RejectReason::PublicSuffix,
        ),
        (
            "https://a.test./?a=1;+Domain=test.",
            "a",
            RejectReason::PublicSuffix,
        ),
        (
            "https://a.example.com/?a=1;+Domain=example\u{3002}com",
            "a",
            RejectReason::Domain,
        ),
        (
            "https://a.example.com/?a=1;+Domain=\u{ff45}xample.com",
            "a",
            RejectReason::Domain,
        ),
        (
            "https://a.example.com/?a=1;+Domain=..example.com",
            "a",
            RejectReason::Domain,
        ),
        (
            "https://a.example.com/?a=1;+Domain=[example.com]",
            "a",
            RejectReason::Domain,
        ),
        ("https://a.test/?a=1;+Domain=.", "a", RejectReason::Domain),
        ("https://a.test./?a=1;+Domain=.", "a", RejectReason::Domain),
        ("https://a.test/?a=1;+Domain=..", "a", RejectReason::Domain),
        (
            "https://a.test/?a=1;+Domain=a.test;+Domain=.",
            "a",
            RejectReason::Domain,
        ),
        // Chromium and Firefox drop it, too.
        ("/?a=1;+Path=/x%09y", "a", RejectReason::Path),
        (
            "http://a.test/?a=1;+Secure",
            "a",
            RejectReason::InsecureOrigin,
        ),
        ("/?__Host-a=1;+Path=/", "__Host-a", RejectReason::NotSecure),
        ("/?__secure-a=1", "__secure-a", RejectReason::NotSecure),
        ("/?a=1;+SameSite=None", "a", RejectReason::NotSecure),
        ("/?a=1;+Partitioned", "a", RejectReason::NotSecure),
        (
            "/?__Host-a=1;+Secure",
            "__Host-a",
            RejectReason::NotHostOnly,
        ),
        (
            "https://localhost/?__Host-a=1;+Path=/;+Secure;+Domain=localhost",
            "__Host-a",
            RejectReason::NotHostOnly,
        ),
        (
            "/?__Http-a=1;+Secure",
            "__Http-a",
            RejectReason::NotHttpOnly,
        ),
    ] {
        let mut client = echo_client();
        client.get(url).await.unwrap();
        let [rejected] = client.rejected_cookies() else {
            panic!("{url}: {:?}", client.rejected_cookies());
        };
        assert_eq!((&*rejected.name, rejected.reason), (name, reason), "{url}");
        assert!(client.cookies().is_empty());

        client.get("/").await.unwrap();
        assert!(
            client.rejected_cookies().is_empty(),
            "rejected cookies of a previous response"
        );
    }
}

#[tokio::test]
async fn public_suffix_of_list_is_rejected() {
    let mut client = echo_client().public_suffixes(|domain| domain == "co.uk");
    for domain in ["co.uk", "CO.UK", ".Co.Uk"] {
        let url = format!("https://www.example.co.uk/?a=1;+Domain={domain}");
        client.get(url).await.unwrap();
        let [rejected] = client.rejected_cookies() else {
            panic!("{domain}: {:?}", client.rejected_cookies());
        };
        assert_eq!(rejected.reason, RejectReason::PublicSuffix, "{domain}");
    }
    let url = "https://www.example.co.uk./?a=1;+Domain=co.uk.";
    client.get(url).await.unwrap();
    let reason = client.rejected_cookies()[0].reason;
    assert_eq!(reason, RejectReason::PublicSuffix);

    // A clone has the same list.
    let mut client = client
        .clone()
        .base_url("https://www.example.co.uk")
        .unwrap();
    let cookie = |domain| Cookie::build(("a", "1")).domain(domain);
    let error = client.set_cookie(cookie("co.uk")).unwrap_err();
    assert!(matches!(
        error,
        ClientError::Rejected(rejected) if rejected.reason == RejectReason::PublicSuffix
    ));
    client.set_cookie(cookie("example.co.uk")).unwrap();
    let url = "https://other.example.co.uk/";
    assert_eq!(get_text(&mut client, url).await, "a=1");
}

/// RFC 6265bis §5.7: such a cookie is host-only.
#[tokio::test]
async fn public_suffix_that_is_the_host_is_host_only() {
    let mut client = echo_client().public_suffixes(|domain| domain == "github.io");
    let url = "https://github.io/?a=1;+Path=/;+Domain=github.io";
    client.get(url).await.unwrap();
    assert!(client.rejected_cookies().is_empty());
    assert_eq!(get_text(&mut client, "https://github.io/").await, "a=1");
    let child = "https://user.github.io/";
    assert_eq!(get_text(&mut client, child).await, "");
    assert_eq!(client.cookies()[0].domain(), None);
}

#[tokio::test]
async fn public_suffix_without_list_is_stored() {
    let mut client = echo_client();
    let url = "https://www.example.co.uk/?a=1;+Path=/;+Domain=co.uk";
    client.get(url).await.unwrap();
    assert!(client.rejected_cookies().is_empty());
    let other = "https://other.co.uk/";
    assert_eq!(get_text(&mut client, other).await, "a=1");
}

/// Chromium and Firefox drop such a cookie, although the RFC and a list with only the public suffix
/// would allow it: `amazonaws.com` is not a public suffix, but covers different sites.
#[tokio::test]
async fn domain_above_public_suffix_of_host_is_rejected() {
    let mut client = echo_client().public_suffixes(|domain| domain == "s3.amazonaws.com");
    for (host, domain, expected) in [
        (
            "a.s3.amazonaws.com",
            "amazonaws.com",
            Some(RejectReason::PublicSuffix),
        ),
        (
            "a.s3.amazonaws.com",
            "s3.amazonaws.com",
            Some(RejectReason::PublicSuffix),
        ),
        ("b.a.s3.amazonaws.com", "a.s3.amazonaws.com", None),
        ("www.amazonaws.com", "amazonaws.com", None),
    ] {
        let url = format!("https://{host}/?a=1;+Domain={domain}");
        client.get(&url).await.unwrap();
        let rejected = client.rejected_cookies().first();
        assert_eq!(rejected.map(|rejected| rejected.reason), expected, "{url}");
    }
}

/// As in Chromium and Firefox, the cookie is stored, but no URL that the client requests matches.
#[tokio::test]
async fn cookie_with_path_that_is_never_sent_is_stored_and_not_sent() {
    for path in ["/my files", "/app/..", "/%2e/", "/é"] {
        let mut client = client(move |request| match request.uri().query() {
            Some(_) => {
                let header = HeaderValue::try_from(format!("a=1; Path={path}")).unwrap();
                Response::builder()
                    .header(SET_COOKIE, header)
                    .body(String::new())
                    .unwrap()
            }
            None => Response::new(format!("{:?}", request.headers().get(COOKIE))),
        });
        client.get("/?set").await.unwrap();
        assert_eq!(client.cookies()[0].path(), Some(path));
        assert_eq!(get_text(&mut client, path).await, "None");

        let error = client
            .set_cookie(Cookie::build(("a", "1")).path(path))
            .unwrap_err();
        assert!(matches!(
            error,
            ClientError::Cookie(CookieError::InvalidPath {
                reason: AttributeReason::NeverSent
                    | AttributeReason::DotSegment
                    | AttributeReason::NonAscii,
                ..
            })
        ));
    }
}

/// RFC 6265bis §5.6: name and value together have at most 4096 bytes.
#[tokio::test]
async fn cookie_of_4096_bytes_is_stored() {
    let mut client = echo_client();
    let longest = "x".repeat(4095);
    client.get(format!("/?a={longest}")).await.unwrap();
    assert_eq!(client.cookie("a").unwrap().value(), longest);
}

/// RFC 6265bis §5.7: a network attacker cannot hide a `Secure` cookie.
#[tokio::test]
async fn cookie_over_http_cannot_overlay_secure_cookie() {
    for (secure_path, path, is_rejected) in [
        ("/app", "/app", true),
        ("/app", "/app/b", true),
        ("/app", "/", false),
        ("/app", "/application", false),
        ("/app/", "/app/b", true),
        ("/app/", "/app", false),
        ("/", "/b", true),
    ] {
        for domain in ["", ";+Domain=a.test"] {
            let mut client = echo_client();
            let secure = format!("https://a.test/?a=1;+Path={secure_path};+Secure");
            client.get(secure).await.unwrap();
            let url = format!("http://a.test/?a=2;+Path={path}{domain}");
            client.get(&url).await.unwrap();
            let reasons = client
                .rejected_cookies()
                .iter()
                .map(|rejected| rejected.reason);
            let expected = is_rejected.then_some(RejectReason::HidesSecureCookie);
            assert_eq!(
                reasons.collect::<Vec<_>>(),
                Vec::from_iter(expected),
                "{url} with a Secure cookie at {secure_path}"
            );
        }
    }
    let mut client = echo_client();
    client
        .get("https://a.test/?a=1;+Path=/app;+Secure")
        .await
        .unwrap();
    client.get("http://b.test/?a=2;+Path=/app").await.unwrap();
    assert!(client.rejected_cookies().is_empty());

    // The cookie of a parent domain or of a subdomain cannot overlay it either.
    for (old, new, is_rejected) in [
        ("a.test/?a=1;+Domain=a.test", "www.a.test/?a=2", true),
        ("www.a.test/?a=1", "www.a.test/?a=2;+Domain=a.test", true),
        ("www.a.test/?a=1", "other.a.test/?a=2", false),
    ] {
        let mut client = echo_client();
        let secure = format!("https://{old};+Secure");
        client.get(secure).await.unwrap();
        client.get(format!("http://{new}")).await.unwrap();
        let reasons = client
            .rejected_cookies()
            .iter()
            .map(|rejected| rejected.reason);
        let expected = is_rejected.then_some(RejectReason::HidesSecureCookie);
        assert_eq!(
            reasons.collect::<Vec<_>>(),
            Vec::from_iter(expected),
            "{new}"
        );
    }

    let mut client = echo_client();
    client
        .get("https://[2001:db8::1]/?b=1;+Path=/;+Secure")
        .await
        .unwrap();
    client
        .get("http://[2001:db8::1]/?b=2;+Path=/")
        .await
        .unwrap();
    assert_eq!(
        client.rejected_cookies()[0].reason,
        RejectReason::HidesSecureCookie
    );
}

#[tokio::test]
async fn set_cookie_value_is_read_by_handler() {
    let layer = CookieLayer::new();
    let service = layer.layer(service_fn(async |request: Request<String>| {
        let value = jar_of(&request).get("a").map(str::to_owned);
        Ok::<_, Infallible>(Response::new(value.unwrap_or_default()))
    }));
    let mut client = Client::new(service);
    for value in ["1", "", "a; \"b\"\\", "é 🍪"] {
        client.set_cookie(("a", value)).unwrap();
        assert_eq!(client.get("/").await.unwrap().body().text(), Ok(value));
        assert_eq!(client.cookie("a").unwrap().value(), value);
    }
    client.clear_cookies();
    assert_eq!(client.cookie("a"), None);
    assert_eq!(client.get("/").await.unwrap().body().text(), Ok(""));
}

#[tokio::test]
async fn set_cookie_with_invalid_or_dropped_cookie_is_error() {
    let mut client = echo_client().base_url("http://www.example.com").unwrap();
    let error = client.set_cookie(("a", "\n")).unwrap_err();
    assert!(matches!(
        error,
        ClientError::Cookie(CookieError::ControlCharacter { .. })
    ));
    let elsewhere = Cookie::build("a").domain("example.net");
    let error = client.set_cookie(elsewhere).unwrap_err();
    assert!(
        matches!(&error, ClientError::Rejected(rejected) if rejected.reason == RejectReason::Domain)
    );
    let secure = Cookie::build("a").same_site(SameSite::None);
    let error = client.set_cookie(secure).unwrap_err();
    assert!(matches!(
        &error,
        ClientError::Rejected(rejected) if rejected.reason == RejectReason::InsecureOrigin
    ));
    assert_eq!(
        error.to_string(),
        "cookie \"a\": browsers drop it, because it is Secure and was received over plain HTTP"
    );
    client
        .set_cookie(Cookie::build(("a", "1")).domain("example.com").path("/app"))
        .unwrap();
    assert_eq!(
        get_text(&mut client, "http://other.example.com/app").await,
        "a=1"
    );
    assert_eq!(client.cookies()[0].domain(), Some("example.com"));
    assert_eq!(client.cookies()[0].path(), Some("/app"));
}

#[tokio::test]
async fn request_has_origin_form_uri_and_host_header() {
    let mut client = client(|request| {
        let hosts: Vec<_> = request.headers().get_all(HOST).iter().collect();
        Response::new(format!("{} {} {hosts:?}", request.method(), request.uri()))
    });
    for (url, expected) in [
        ("/", r#"GET / ["testserver"]"#),
        ("/a?b=c", r#"GET /a?b=c ["testserver"]"#),
        ("//a", r#"GET //a ["testserver"]"#),
        ("http://a.test:8000/b", r#"GET /b ["a.test:8000"]"#),
        ("https://a.test:443", r#"GET / ["a.test"]"#),
        ("https://[::1]:8443/", r#"GET / ["[::1]:8443"]"#),
        ("https://user@a.test/", r#"GET / ["a.test"]"#),
        ("/a b`", r#"GET /a%20b%60 ["testserver"]"#),
        ("/a/../b#c", r#"GET /b ["testserver"]"#),
        (
            "https://bücher.test/ä",
            r#"GET /%C3%A4 ["xn--bcher-kva.test"]"#,
        ),
    ] {
        assert_eq!(get_text(&mut client, url).await, expected);
    }
    let request = Request::put("/").header(HOST, "a.test").body(String::new());
    let response = client.send(request.unwrap()).await.unwrap();
    assert_eq!(response.body().text(), Ok(r#"PUT / ["a.test"]"#));
}

/// Django's `client.get("/", HTTP_HOST="a.test")`.
#[tokio::test]
async fn host_header_sets_host_of_relative_url() {
    let mut client = echo_client();
    let set = Request::get("/?a=1;+Path=/;+Domain=a.test").header(HOST, "www.a.test");
    client.send(set.body(String::new()).unwrap()).await.unwrap();
    assert!(client.rejected_cookies().is_empty());
    assert_eq!(get_text(&mut client, "https://other.a.test/").await, "a=1");
    assert_eq!(client.url(), Some("https://other.a.test/"));
    // RFC 9112 §3.2.2: the Host header is ignored if the URL is absolute.
    let absolute = Request::get("https://b.test/").header(HOST, "a.test");
    client
        .send(absolute.body(String::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(client.url(), Some("https://b.test/"));
}

#[tokio::test]
async fn invalid_host_header_is_url_error() {
    let mut client = echo_client();
    for host in [
        "",
        ":80",
        "a b",
        "a.test/evil",
        "a.test\\evil",
        "a.test?b",
        "u@a.test",
        "a.test:x",
    ] {
        let request = Request::get("/x").header(HOST, host).body(String::new());
        let error = client.send(request.unwrap()).await.unwrap_err();
        assert!(matches!(error, ClientError::Url { .. }), "{host}: {error}");
    }
    let request = Request::get("/x").header(HOST, "[::1]:90");
    let request = request.body(String::new()).unwrap();
    client.send(request).await.unwrap();
    assert_eq!(client.url(), Some("https://[::1]:90/x"));
}

#[tokio::test]
async fn query_only_url_is_resolved_against_last_url() {
    let mut client = echo_client().base_url("https://a.test").unwrap();
    for (url, expected) in [
        ("?page=1", "https://a.test/?page=1"),
        ("https://b.test/shop#top", "https://b.test/shop#top"),
        ("?page=2", "https://b.test/shop?page=2"),
        ("?", "https://b.test/shop?"),
    ] {
        client.get(url).await.unwrap();
        assert_eq!(client.url(), Some(expected));
    }
}

#[tokio::test]
async fn base_url_ignores_path() {
    let mut client = echo_client()
        .base_url("https://a.test/app/sub?q#f")
        .unwrap();
    client
        .set_cookie(Cookie::build(("a", "1")).path(""))
        .unwrap();
    assert_eq!(client.cookies()[0].path(), Some("/"));
    assert_eq!(get_text(&mut client, "/").await, "a=1");
}

#[tokio::test]
async fn cookie_header_in_full_header_map_is_too_many_headers() {
    let mut client = echo_client();
    client.set_cookie(("a", "1")).unwrap();
    let mut request = Request::new(String::new());
    *request.uri_mut() = "/".parse().unwrap();
    for number in 0.. {
        let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
        let value = HeaderValue::from_static("");
        if let Err(MaxSizeReached { .. }) = request.headers_mut().try_insert(name, value) {
            break;
        }
    }
    let error = client.send(request).await.unwrap_err();
    assert!(matches!(error, ClientError::TooManyHeaders(_)));
}

#[tokio::test]
async fn post_sends_urlencoded_form() {
    let mut client = client(|request| {
        let content_type = request.headers()[CONTENT_TYPE].to_str().unwrap();
        Response::new(format!(
            "{} {content_type} {}",
            request.method(),
            request.body()
        ))
    });
    let response = client
        .post("/", &[("a", "ä b"), ("c", "&=")])
        .await
        .unwrap();
    assert_eq!(
        response.body().text(),
        Ok("POST application/x-www-form-urlencoded a=%C3%A4+b&c=%26%3D")
    );
}

/// RFC 6265bis §5.6.1, §5.6.2 and §5.1.1, with two exceptions: an invalid last attribute counts as
/// absent, and years before 1601 are accepted. So do Chromium 156 and Firefox 153.
#[tokio::test]
async fn max_age_and_expires_are_parsed_as_rfc6265bis() {
    let past = "Thu, 01 Jan 1970 00:00:00 GMT";
    let future = "Fri, 31 Dec 2038 23:59:59 GMT";
    for (attributes, is_stored) in [
        ("Max-Age=0".to_owned(), false),
        ("Max-Age=-1".to_owned(), false),
        ("mAx-aGe=-99999999999999999999".to_owned(), false),
        ("Max-Age=99999999999999999999".to_owned(), true),
        ("Max-Age=".to_owned(), true),
        ("Max-Age=-".to_owned(), true),
        ("Max-Age=1s".to_owned(), true),
        ("Max-Age=+0".to_owned(), true),
        (format!("Max-Age=; Expires={past}"), false),
        (format!("Max-Age=9; Expires={past}"), true),
        (format!("Max-Age=0; Expires={future}"), false),
        (format!("Expires={past}; Expires={future}"), true),
        (format!("Expires={future}; Expires={past}"), false),
        (format!("Expires={past}; Expires=never"), true),
        (format!("Expires={past}; Expires"), true),
        (format!("Expires=never; Expires={past}"), false),
        ("Max-Age=0; Max-Age=x".to_owned(), true),
        ("Max-Age=0; Max-Age=+5".to_owned(), true),
        ("Max-Age=0; Max-Age".to_owned(), true),
        ("Max-Age=x; Max-Age=0".to_owned(), false),
        ("Max-Age=0; Max-Age=60".to_owned(), true),
        ("Max-Age=60; Max-Age=0".to_owned(), false),
        (format!("Max-Age=0; Max-Age={}", "1".repeat(1025)), false),
        (format!("Expires={past}; Max-Age=x"), false),
        (format!("Max-Age=0; Max-Age=x; Expires={future}"), true),
        (format!("Max-Age=60; Max-Age=x; Expires={past}"), false),
        ("Expires=Thu, 01 Jan 1970 00:00:00 UTC".to_owned(), false),
        ("Expires=Thu, 01 Jan 1970 00:00:00 +0000".to_owned(), false),
        ("Expires=Thu, 01-Jan-1970 00:00:01".to_owned(), false),
        ("Expires=Thu, 1 Jan 1970 0:0:0".to_owned(), false),
        ("Expires=1 jAnuary 70 00:00:00".to_owned(), false),
        ("Expires=00:00:00 1970 Jan 01".to_owned(), false),
        ("Expires=01 Jan 24 00:00:00".to_owned(), false),
        ("Expires=01 Jan 69 00:00:00".to_owned(), true),
        ("Expires=01 Jan 1600 00:00:00".to_owned(), false),
        ("Expires=01 Jan 100 00:00:00".to_owned(), false),
        ("Expires=01 Jan 1601 00:00:00".to_owned(), false),
        ("Expires=30 Feb 1999 00:00:00".to_owned(), true),
        ("Expires=01 Jan 1970 24:00:00".to_owned(), true),
        ("Expires=01 Jan 1970 00:00:60".to_owned(), true),
        ("Expires=01 Jan 1970".to_owned(), true),
        ("Expires=01 Jan 1970 000:00:00".to_owned(), true),
        ("Expires=01 Jan 19700 00:00:00".to_owned(), true),
    ] {
        let header = format!("a=1; {attributes}");
        let mut client = client(move |_| {
            let response = Response::builder().header(SET_COOKIE, &header);
            response.body(String::new()).unwrap()
        });
        client.get("/").await.unwrap();
        assert_eq!(
            client.cookies().len(),
            usize::from(is_stored),
            "{attributes}"
        );
    }
}

/// RFC 6265bis §5.6: the last value of an attribute is used, except values over 1024 bytes.
#[tokio::test]
async fn repeated_attribute_uses_last_valid_value() {
    let long = "x".repeat(1024);
    let longest = format!("/{}", &long[1..]);
    for (attributes, domain, path) in [
        ("Domain=a.test;+Domain=", None, "/"),
        ("Domain=;+Domain=.A.test", Some("a.test"), "/"),
        (
            &*format!("Domain=a.test;+Domain=x{long}"),
            Some("a.test"),
            "/",
        ),
        ("Path=/x;+Path=/y", None, "/y"),
        ("Path=/x;+Path", None, "/"),
        ("Path=/x;+Path=y", None, "/"),
        (&*format!("Path=/x;+Path=/{long}"), None, "/x"),
        (&*format!("Path=/x;+Path=/{}", &long[1..]), None, &*longest),
        ("SameSite=None;+SameSite=bogus", None, "/"),
        ("SameSite", None, "/"),
    ] {
        let mut client = echo_client();
        client
            .get(format!("https://www.a.test/?a=1;+{attributes}"))
            .await
            .unwrap();
        let cookie = client.cookie("a").unwrap_or_else(|| panic!("{attributes}"));
        assert_eq!(
            (cookie.domain(), cookie.path()),
            (domain, Some(path)),
            "{attributes}"
        );
    }
}

#[tokio::test]
async fn cookie_has_received_attributes() {
    let mut client = echo_client();
    for (attributes, [secure, http_only, partitioned], same_site) in [
        ("", [false; 3], None),
        ("secure", [true, false, false], None),
        ("HTTPONLY=", [false, true, false], None),
        ("Secure;+Partitioned", [true, false, true], None),
        ("SameSite=sTrict", [false; 3], Some(SameSite::Strict)),
        ("SameSite=lax", [false; 3], Some(SameSite::Lax)),
        (
            "Secure;+SameSite=None",
            [true, false, false],
            Some(SameSite::None),
        ),
    ] {
        client.get(format!("/?a=1;+{attributes}")).await.unwrap();
        let cookie = client.cookie("a").unwrap_or_else(|| panic!("{attributes}"));
        let flags = [cookie.secure(), cookie.http_only(), cookie.partitioned()];
        let flags = flags.map(|flag| flag == Some(true));
        assert_eq!(flags, [secure, http_only, partitioned], "{attributes}");
        assert_eq!(cookie.same_site(), same_site, "{attributes}");
        client.clear_cookies();
    }
}

#[tokio::test]
async fn cookie_with_duplicate_names_returns_last_created() {
    let mut client = echo_client();
    client.get("/?a=1;+Path=/&a=2;+Path=/app").await.unwrap();
    client.get("/?a=3;+Path=/").await.unwrap();
    assert_eq!(client.cookie("a").unwrap().value(), "2");
}

#[tokio::test]
async fn expired_cookie_set_again_is_created_anew() {
    let mut client = echo_client();
    client
        .get("/?a=1;+Max-Age=60;+Path=/&b=1;+Path=/")
        .await
        .unwrap();
    client.advance(time::Duration::seconds(61));
    client.get("/?a=2;+Path=/").await.unwrap();
    assert_eq!(get_text(&mut client, "/").await, "b=1; a=2");
    client.advance(time::Duration::MAX);
    assert_eq!(get_text(&mut client, "/").await, "b=1; a=2");
}

/// RFC 6265bis §5.7 compares `Expires` with the browser's clock.
#[tokio::test]
async fn expires_is_compared_with_advanced_clock() {
    let expires = |years: i64| {
        let year = time::OffsetDateTime::now_utc().year() + i32::try_from(years).unwrap();
        format!("/?a=1;+Path=/;+Expires=Fri,+01+Jan+{year}+00:00:00+GMT")
    };
    let year = time::Duration::days(366);
    for (years, advance, is_stored) in [
        (2, time::Duration::ZERO, true),
        (2, year, true),
        (2, year * 2, false),
        (-2, time::Duration::ZERO, false),
        (-2, year * -2, false),
        (-2, year * -3, true),
    ] {
        // Before and after the response.
        for is_advanced_first in [true, false] {
            let mut client = echo_client();
            if is_advanced_first {
                client.advance(advance);
            }
            client.get(expires(years)).await.unwrap();
            if !is_advanced_first {
                client.advance(advance);
            }
            let is_stored = is_stored && (is_advanced_first || years > 0);
            let expected = if is_stored { "a=1" } else { "" };
            assert_eq!(
                get_text(&mut client, "/").await,
                expected,
                "{years} {advance}"
            );
        }
    }
    // The earliest and the latest time that can be expressed.
    for advance in [time::Duration::MIN, time::Duration::MAX] {
        let mut client = echo_client();
        client.advance(advance);
        client.get(expires(2)).await.unwrap();
        assert_eq!(client.cookies().len(), usize::from(advance.is_negative()));
    }
}

/// Both expire at the last second that a date can express. The clock never reaches it.
#[tokio::test]
async fn longest_lifetimes_never_expire() {
    let url = "/?max-age=1;+Path=/;+Max-Age=99999999999999\
               &expires=1;+Path=/;+Expires=Fri,+31+Dec+9999+23:59:59+GMT";
    let mut client = echo_client();
    client.get(url).await.unwrap();
    client.advance(time::Duration::MAX);
    assert_eq!(get_text(&mut client, "/").await, "max-age=1; expires=1");
    client.clear_cookies();
    client.get(url).await.unwrap();
    assert_eq!(get_text(&mut client, "/").await, "max-age=1; expires=1");
}

#[tokio::test]
async fn cookie_header_of_request_precedes_stored_cookies() {
    let mut client = echo_client();
    client.set_cookie(("a", "1")).unwrap();
    let request = Request::get("/").header(COOKIE, "b=2").body(String::new());
    let response = client.send(request.unwrap()).await.unwrap();
    assert_eq!(response.body().text(), Ok("b=2 | a=1"));
}

#[tokio::test]
async fn url_without_http_scheme_or_host_is_url_error() {
    let mut client = echo_client();
    for url in [
        "ftp://a.test/",
        "a.test",
        "*",
        "https://",
        "http://a b/",
        "https://a.test:99999/",
    ] {
        let error = client.get(url).await.unwrap_err();
        assert!(matches!(error, ClientError::Url { .. }), "{url}: {error}");
    }
    for base in ["/path", "a.test", "data:,", ""] {
        let error = echo_client().base_url(base).unwrap_err();
        assert!(matches!(error, ClientError::Url { .. }), "{base}: {error}");
    }
}

#[tokio::test]
async fn redirects_are_followed_only_if_configured() {
    let mut client = client(|request| match request.uri().path() {
        "/login" => redirect(303, "home?to=1"),
        path => Response::new(path.to_owned()),
    });
    let response = client.get("/login").await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let mut client = client.follow_redirects(1);
    assert_eq!(get_text(&mut client, "/login").await, "/home");
}

#[tokio::test]
async fn cookies_of_all_redirects_are_stored() {
    let mut client = client(|request| {
        let (host, path) = (
            request.headers()[HOST].to_str().unwrap(),
            request.uri().path(),
        );
        let mut response = match (host, path) {
            ("testserver", _) => redirect(302, "https://b.test/one"),
            (_, "/one") => redirect(307, "/two"),
            _ => Response::new(format!("{:?}", request.headers().get(COOKIE))),
        };
        let cookie = format!("from-{}=1; Path=/", path.trim_matches('/'));
        let cookie = HeaderValue::try_from(cookie).unwrap();
        response.headers_mut().append(SET_COOKIE, cookie);
        response
            .headers_mut()
            .append(SET_COOKIE, HeaderValue::from_static("__Host-a=1"));
        response
    })
    .follow_redirects(2);
    assert_eq!(
        get_text(&mut client, "/start").await,
        r#"Some("from-one=1")"#
    );
    let cookies = client.cookies();
    let names: Vec<_> = cookies.iter().map(Cookie::name).collect();
    assert_eq!(names, ["from-start", "from-one", "from-two"]);
    assert_eq!(client.rejected_cookies().len(), 3);
}

/// Fetch standard, "HTTP-redirect fetch".
#[tokio::test]
async fn redirect_changes_method_as_in_fetch_standard() {
    for (method, status, expected) in [
        (Method::POST, 301, Some("GET 0 None")),
        (Method::POST, 302, Some("GET 0 None")),
        (Method::POST, 303, Some("GET 0 None")),
        (Method::PUT, 303, Some("GET 0 None")),
        (Method::PUT, 301, None),
        (Method::POST, 307, None),
        (Method::POST, 308, None),
        (Method::DELETE, 307, None),
        (Method::GET, 307, Some("GET 0 None")),
        (Method::HEAD, 303, Some("HEAD 0 None")),
        (Method::GET, 304, Some("")),
    ] {
        let mut client = client(move |request| match request.uri().path() {
            "/" => redirect(status, "/next"),
            _ => Response::new(format!(
                "{} {} {:?}",
                request.method(),
                request.body().len(),
                request.headers().get(CONTENT_TYPE)
            )),
        })
        .follow_redirects(1);
        let request = Request::builder()
            .method(method.clone())
            .header(CONTENT_TYPE, "text/plain")
            .body("body".to_owned());
        match (client.send(request.unwrap()).await, expected) {
            (Ok(response), Some(expected)) => assert_eq!(response.body().text(), Ok(expected)),
            (Err(ClientError::RedirectNeedsBody { location, .. }), None) => {
                assert_eq!(location, "https://testserver/next");
            }
            (response, _) => panic!("{method} {status}: {response:?}"),
        }
    }
}

/// The Fetch standard removes `Authorization` at such a redirect. `Origin` and `Referer` describe the
/// page that sent the first request.
#[tokio::test]
async fn redirect_to_other_origin_drops_credentials_origin_and_referer() {
    const PRIVATE: [HeaderName; 4] = [AUTHORIZATION, PROXY_AUTHORIZATION, ORIGIN, REFERER];
    let mut client = client(|request| match request.uri().path() {
        "/" => redirect(302, "https://b.test/next"),
        "/port" => redirect(302, "https://testserver:8443/next"),
        "/scheme" => redirect(302, "http://testserver/next"),
        "/same" => redirect(302, "/next"),
        _ => {
            let headers = request.headers();
            let kept = PRIVATE.iter().filter(|&name| headers.contains_key(name));
            Response::new(format!(
                "{:?} {:?} {}",
                headers[HOST],
                headers.get(USER_AGENT),
                kept.count()
            ))
        }
    })
    .follow_redirects(1);
    for (path, expected) in [
        ("/", r#""b.test" Some("test") 0"#),
        ("/port", r#""testserver:8443" Some("test") 0"#),
        ("/scheme", r#""testserver" Some("test") 0"#),
        ("/same", r#""testserver" Some("test") 4"#),
    ] {
        let mut request = Request::get(path).header(USER_AGENT, "test");
        for name in PRIVATE {
            request = request.header(name, "secret");
        }
        let request = request.body(String::new()).unwrap();
        let response = client.send(request).await.unwrap();
        assert_eq!(response.body().text(), Ok(expected), "{path}");
    }
}

#[tokio::test]
async fn user_info_is_hidden_in_errors_debug_and_url() {
    const USER_INFO: &str = "ann:secret@";
    let shown = |error: &ClientError| format!("{error} {error:?}");
    let check = |shown: &str, url: &str| {
        let is_hidden = !shown.contains("secret") && !shown.contains("ann");
        assert!(is_hidden, "{url}: {shown}");
    };

    for url in [
        "ftp://ann:secret@a.test/",
        "https://ann:secret@a b/",
        "https://ann:secret@a.test:99999/",
        "https:ann:secret@a b/",
        "//ann:secret@",
        "ann:secret@a.test",
        "ann:sec/ret?secret@a b",
    ] {
        let mut client = echo_client();
        if let Err(error) = client.get(url).await {
            assert!(matches!(error, ClientError::Url { .. }), "{error}");
            check(&shown(&error), url);
        }
        if let Err(error) = client.base_url(url) {
            assert!(matches!(error, ClientError::Url { .. }), "{error}");
            check(&shown(&error), url);
        }
    }
    let request = Request::get("/").header(HOST, "ann:secret@a.test");
    let request = request.body(String::new()).unwrap();
    let error = echo_client().send(request).await.unwrap_err();
    assert!(matches!(error, ClientError::Url { .. }), "{error}");
    check(&shown(&error), "the Host header");

    for (status, location) in [
        (302, "https://ann:secret@a.test/again"),
        (302, "//ann:secret@a.test/again"),
        (302, "https://ann:secret@a b/"),
        (302, "//ann:secret@a b/"),
        (302, "myapp://ann:secret@a.test/"),
        (307, "https://ann:secret@a.test/again"),
    ] {
        let mut client = client(move |_| redirect(status, location)).follow_redirects(3);
        let error = client.post("/", &[]).await.unwrap_err();
        check(&shown(&error), location);
        match error {
            ClientError::TooManyRedirects { .. } => assert!(location.ends_with("again")),
            ClientError::RedirectNeedsBody { location, .. } => {
                assert_eq!(location, "https://a.test/again");
            }
            ClientError::Location { .. } => {}
            error => panic!("{error}"),
        }
    }

    let base = format!("https://{USER_INFO}a.test");
    let mut client = echo_client().base_url(&base).unwrap();
    check(&format!("{client:?}"), &base);
    client.get(format!("{base}/page")).await.unwrap();
    check(&format!("{client:?}"), &base);
    // `location.href` of browsers has no user info either.
    assert_eq!(client.url(), Some("https://a.test/page"));
}

/// Otherwise the cookies of the first request would be sent twice, or to another host.
#[tokio::test]
async fn redirect_does_not_copy_stored_cookies() {
    let mut client = client(|request| match request.uri().path() {
        "/" => redirect(302, "https://b.test/next"),
        "/same" => redirect(302, "/next"),
        _ => {
            let cookies: Vec<_> = request.headers().get_all(COOKIE).iter().collect();
            Response::new(format!("{cookies:?}"))
        }
    })
    .follow_redirects(1);
    client.set_cookie(("a", "1")).unwrap();
    assert_eq!(get_text(&mut client, "/").await, "[]");
    assert_eq!(get_text(&mut client, "/same").await, r#"["a=1"]"#);
}

#[tokio::test]
async fn redirect_loop_is_too_many_redirects() {
    let mut client = client(|_| redirect(302, "/again")).follow_redirects(3);
    let error = client.get("/").await.unwrap_err();
    assert!(matches!(
        error,
        ClientError::TooManyRedirects { limit: 3, ref location, .. } if location == "https://testserver/again"
    ));
}

#[tokio::test]
async fn redirect_loop_of_ready_service_can_time_out() {
    let mut client = client(|_| redirect(302, "/again")).follow_redirects(usize::MAX);
    let response = tokio::time::timeout(Duration::from_millis(10), client.get("/"));
    assert!(matches!(response.await, Err(Elapsed { .. })));
}

#[tokio::test]
async fn redirect_to_invalid_url_is_location_error() {
    for location in ["mailto:a@b.test", "http://", "https://a b/"] {
        let mut client = client(move |_| redirect(302, location)).follow_redirects(3);
        let error = client.get("/").await.unwrap_err();
        assert!(matches!(error, ClientError::Location { .. }), "{error}");
    }
}

/// For example, a callback URL of a mobile app.
#[tokio::test]
async fn redirect_to_any_location_is_returned_if_not_followed() {
    for location in ["myapp://callback", "mailto:a@b.test", "https://a b/", ""] {
        let mut client = client(move |_| redirect(302, location));
        assert_eq!(client.get("/").await.unwrap().headers()[LOCATION], location);
    }
    let mut client = client(|_| redirect(302, "")).follow_redirects(1);
    let response = client.get("/").await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn redirect_keeps_extensions_and_version() {
    let mut client = client(|request| match request.uri().path() {
        "/" => redirect(302, "/next"),
        _ => Response::new(format!(
            "{:?} {:?}",
            request.extensions().get::<u8>(),
            request.version()
        )),
    })
    .follow_redirects(1);
    let request = Request::get("/")
        .version(Version::HTTP_2)
        .extension(7_u8)
        .body(String::new());
    let response = client.send(request.unwrap()).await.unwrap();
    assert_eq!(response.body().text(), Ok("Some(7) HTTP/2.0"));
    assert_eq!(client.url(), Some("https://testserver/next"));
}

/// Fetch standard, "location URL".
#[tokio::test]
async fn redirect_without_fragment_keeps_fragment() {
    for (location, expected) in [
        ("/next", "https://testserver/next#top"),
        ("https://a.test", "https://a.test/#top"),
        ("/next#end", "https://testserver/next#end"),
        ("/next#", "https://testserver/next#"),
    ] {
        let mut client = client(move |request| match request.uri().path() {
            "/start" => redirect(302, location),
            path => Response::new(path.to_owned()),
        })
        .follow_redirects(1);
        client.get("/start#top").await.unwrap();
        assert_eq!(client.url(), Some(expected));
    }
}

/// A body whose frames are these pieces.
struct Pieces(VecDeque<Result<&'static str, io::Error>>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = self.0.pop_front();
        Poll::Ready(piece.map(|piece| piece.map(|text| Frame::data(Bytes::from(text)))))
    }
}

fn pieces<const N: usize>(
    pieces: [Result<&'static str, io::ErrorKind>; N],
) -> Client<impl Service<Request<()>, Response = Response<Pieces>, Error = Infallible>> {
    Client::new(service_fn(move |_: Request<()>| {
        let pieces = pieces.map(|piece| piece.map_err(io::Error::from));
        std::future::ready(Ok(Response::new(Pieces(pieces.into()))))
    }))
}

#[tokio::test]
async fn body_above_limit_is_body_too_long() {
    let mut client = pieces([Ok("one"), Ok(" "), Ok("two")]).body_limit(7);
    let response = client.send(Request::new(())).await.unwrap();
    assert_eq!(response.body().text(), Ok("one two"));
    assert_eq!(response.into_body().into_bytes(), b"one two");

    let mut client = client.body_limit(6);
    let error = client.send(Request::new(())).await.unwrap_err();
    assert!(matches!(error, ClientError::BodyTooLong { limit: 6, .. }));
}

/// A body that returns a new frame whenever it is polled.
struct Endless(fn() -> Frame<Bytes>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok((self.0)())))
    }
}

#[tokio::test]
async fn body_ends_at_trailers() {
    let service = service_fn(async |_: Request<String>| {
        Ok::<_, Infallible>(Response::new(Endless(|| Frame::trailers(HeaderMap::new()))))
    });
    let response = Client::new(service).get("/").await.unwrap();
    assert_eq!(response.body().bytes(), b"");
}

#[tokio::test]
async fn endless_body_of_ready_frames_can_time_out() {
    let service = service_fn(async |_: Request<String>| {
        Ok::<_, Infallible>(Response::new(Endless(|| Frame::data(Bytes::new()))))
    });
    let mut client = Client::new(service);
    let response = tokio::time::timeout(Duration::from_millis(10), client.get("/"));
    assert!(matches!(response.await, Err(Elapsed { .. })));
}

#[tokio::test]
async fn failed_body_is_error_with_source() {
    let mut client = pieces([Ok("one"), Err(io::ErrorKind::BrokenPipe)]);
    let error = client.send(Request::new(())).await.unwrap_err();
    assert!(matches!(error, ClientError::Body(_)));
    assert_eq!(error.source().unwrap().to_string(), "broken pipe");
}

/// Browsers do not show it either.
#[tokio::test]
async fn body_of_followed_redirect_is_not_read() {
    let service = service_fn(async |request: Request<()>| {
        let (status, piece) = match request.uri().path() {
            "/" => (302, Err(io::ErrorKind::BrokenPipe.into())),
            _ => (200, Ok("home")),
        };
        let response = Response::builder().status(status).header(LOCATION, "/home");
        response.body(Pieces([piece].into()))
    });
    let mut client = Client::new(service);
    let error = client.send(Request::new(())).await.unwrap_err();
    assert!(matches!(error, ClientError::Body(_)));

    let mut client = client.follow_redirects(1);
    let response = client.send(Request::new(())).await.unwrap();
    assert_eq!(response.body().text(), Ok("home"));
}

#[tokio::test]
async fn text_of_invalid_utf8_is_error() {
    let service = service_fn(async |_: Request<String>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(&b"\xff"[..])))
    });
    let response = Client::new(service).get("/").await.unwrap();
    let error = response.body().text().unwrap_err();
    assert_eq!((error.valid_up_to(), error.error_len()), (0, Some(1)));
    assert_eq!(response.body().bytes(), b"\xff");
}

#[tokio::test]
async fn failed_service_is_error_with_source() {
    let service = service_fn(async |_: Request<String>| {
        Err::<Response<String>, _>(io::Error::from(io::ErrorKind::TimedOut))
    });
    let error = Client::new(service).get("/").await.unwrap_err();
    assert!(matches!(error, ClientError::Service(_)));
    assert_eq!(error.source().unwrap().to_string(), "timed out");
}

#[tokio::test]
async fn service_is_called_after_it_is_ready() {
    let (service, mut handle) = tower_test::mock::pair::<Request<()>, Response<String>>();
    handle.allow(0);
    let mut client = Client::new(service);
    let response = tokio::spawn(async move { client.send(Request::new(())).await });
    tokio::task::yield_now().await;
    assert!(!response.is_finished());
    handle.allow(1);
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_response(Response::new("ready".to_owned()));
    assert_eq!(response.await.unwrap().unwrap().body().text(), Ok("ready"));
}

#[tokio::test]
async fn clone_has_separate_cookies() {
    let mut one = echo_client();
    one.set_cookie(("a", "1")).unwrap();
    let mut other = one.clone();
    other.clear_cookies();
    assert_eq!(get_text(&mut one, "/").await, "a=1");
    assert_eq!(get_text(&mut other, "/").await, "");
}

#[test]
fn debug_shows_names_but_no_values() {
    let mut client = echo_client();
    client.set_cookie(("name", "secret")).unwrap();
    let shown = format!("{client:?}");
    assert!(
        shown.contains("name") && shown.contains("testserver"),
        "{shown}"
    );
    assert!(!shown.contains("secret"), "{shown}");
}
