//! `test::Client` takes any service and any request, and tells what became of them.

#![cfg(feature = "test-util")]

mod support;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame};
use support::jar_of;
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_django_cookies::test::{Client, ClientError, RejectReason};
use tower_django_cookies::{Cookie, CookieError, CookieLayer, SameSite};

type App = BoxCloneService<Request<String>, Response<String>, Infallible>;

/// A client of the service that `answer` is.
fn client(
    answer: impl Fn(Request<String>) -> Response<String> + Clone + Send + 'static,
) -> Client<App> {
    let service = service_fn(move |request| std::future::ready(Ok(answer(request))));
    Client::new(service.boxed_clone())
}

/// A client of a service that answers with the `Set-Cookie` fields that its query names, one a
/// `&`, and with the request's `Cookie` fields in the body.
fn mirror() -> Client<App> {
    client(|request| {
        let cookies: Vec<_> = request.headers().get_all(COOKIE).iter().collect();
        let cookies = cookies.iter().map(|field| field.to_str().unwrap());
        let mut response = Response::new(cookies.collect::<Vec<_>>().join(" | "));
        for field in request.uri().query().unwrap_or_default().split('&') {
            if !field.is_empty() {
                let field = field.replace('+', " ");
                let field = HeaderValue::try_from(field).unwrap();
                response.headers_mut().append(SET_COOKIE, field);
            }
        }
        response
    })
}

/// The client's `Cookie` field at `url`.
async fn sent(client: &mut Client<App>, url: &str) -> String {
    let answer = client.get(url).await.unwrap();
    answer.body().text().unwrap().to_owned()
}

fn redirect(status: u16, location: &str) -> Response<String> {
    Response::builder()
        .status(status)
        .header(LOCATION, location)
        .body(String::new())
        .unwrap()
}

#[tokio::test]
async fn host_only_cookies_and_those_with_that_domain_are_apart() {
    let mut client = mirror();
    let url = "https://www.example.com/?a=host;+Path=/&a=domain;+Path=/;+Domain=www.example.com";
    client.get(url).await.unwrap();
    assert_eq!(
        sent(&mut client, "https://www.example.com/").await,
        "a=host; a=domain"
    );
    assert_eq!(
        sent(&mut client, "https://a.www.example.com/").await,
        "a=domain"
    );

    let url = "https://www.example.com/?a=;+Path=/;+Max-Age=0";
    client.get(url).await.unwrap();
    assert_eq!(
        sent(&mut client, "https://www.example.com/").await,
        "a=domain"
    );
}

#[tokio::test]
async fn partitioned_cookies_are_apart() {
    let mut client = mirror();
    let url = "/?a=1;+Path=/;+Secure&a=2;+Path=/;+Secure;+Partitioned";
    client.get(url).await.unwrap();
    assert_eq!(sent(&mut client, "/").await, "a=1; a=2");
    client.get("/?a=;+Path=/;+Secure;+Max-Age=0").await.unwrap();
    assert_eq!(sent(&mut client, "/").await, "a=2");
}

/// RFC 6265 §5.4: longer paths first, then those that were created first, which a new value keeps.
#[tokio::test]
async fn cookies_come_in_the_order_of_browsers() {
    let mut client = mirror();
    client
        .get("/?b=1;+Path=/&a=1;+Path=/&c=1;+Path=/app")
        .await
        .unwrap();
    client.get("/?b=2;+Path=/").await.unwrap();
    assert_eq!(sent(&mut client, "/app").await, "c=1; b=2; a=1");
}

#[tokio::test]
async fn a_cookie_without_a_path_goes_to_the_default_path() {
    let mut client = mirror();
    client.get("/shop/basket?a=1").await.unwrap();
    assert_eq!(sent(&mut client, "/shop").await, "a=1");
    assert_eq!(sent(&mut client, "/").await, "");
}

#[tokio::test]
async fn a_domain_that_is_an_address_or_has_no_parent_is_host_only() {
    for url in [
        "http://127.0.0.1/",
        "https://intranet/",
        "https://intranet./",
        "https://[2001:db8::1]/",
        "https://[::ffff:1.2.3.4]/",
    ] {
        let mut client = mirror();
        let host = url.split('/').nth(2).unwrap();
        client
            .get(&format!("{url}?a=1;+Path=/;+Domain={host}"))
            .await
            .unwrap();
        client.get(&format!("{url}?a=2;+Path=/")).await.unwrap();
        assert_eq!(sent(&mut client, url).await, "a=2");
        assert_eq!(client.cookies()[0].domain(), None);
    }
}

/// It is host-only all the same, and Chromium and Firefox keep it.
#[tokio::test]
async fn a_host_cookie_may_have_an_address_as_its_domain() {
    for host in ["127.0.0.1", "[2001:db8::1]"] {
        let mut client = mirror();
        let url = format!("https://{host}/");
        client
            .get(format!("{url}?__Host-a=1;+Path=/;+Secure;+Domain={host}"))
            .await
            .unwrap();
        assert_eq!(sent(&mut client, &url).await, "__Host-a=1");
    }
}

#[tokio::test]
async fn secure_cookies_come_from_and_go_to_https_and_this_machine() {
    let mut client = mirror();
    client
        .get("https://example.com/?a=1;+Path=/;+Secure")
        .await
        .unwrap();
    assert_eq!(sent(&mut client, "http://example.com/").await, "");
    for url in [
        "http://localhost/",
        "http://127.0.0.1:8000/",
        "http://[::1]/",
    ] {
        let mut client = mirror();
        client
            .get(&format!("{url}?a=1;+Path=/;+Secure"))
            .await
            .unwrap();
        assert_eq!(sent(&mut client, url).await, "a=1");
    }
}

#[tokio::test]
async fn what_a_browser_drops_is_told() {
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
        let mut client = mirror();
        client.get(url).await.unwrap();
        let [refused] = client.rejected_cookies() else {
            panic!("{url}: {:?}", client.rejected_cookies());
        };
        assert_eq!((&*refused.name, refused.reason), (name, reason), "{url}");
        assert!(client.cookies().is_empty());

        client.get("/").await.unwrap();
        assert!(client.rejected_cookies().is_empty(), "of an answer before");
    }
}

/// RFC 6265bis §5.6: 4096 bytes of name and value.
#[tokio::test]
async fn the_longest_cookie_is_stored() {
    let mut client = mirror();
    let longest = "x".repeat(4095);
    client.get(format!("/?a={longest}")).await.unwrap();
    assert_eq!(client.cookie("a").unwrap().value(), longest);
}

/// RFC 6265bis §5.7: a network attacker can't hide a `Secure` cookie.
#[tokio::test]
async fn plain_http_leaves_secure_cookies_alone() {
    for (there, path, is_refused) in [
        ("/app", "/app", true),
        ("/app", "/app/b", true),
        ("/app", "/", false),
        ("/app", "/application", false),
        ("/app/", "/app/b", true),
        ("/app/", "/app", false),
        ("/", "/b", true),
    ] {
        for domain in ["", ";+Domain=a.test"] {
            let mut client = mirror();
            let secure = format!("https://a.test/?a=1;+Path={there};+Secure");
            client.get(secure).await.unwrap();
            let url = format!("http://a.test/?a=2;+Path={path}{domain}");
            client.get(&url).await.unwrap();
            let refused = client
                .rejected_cookies()
                .iter()
                .map(|refused| refused.reason);
            let expected = is_refused.then_some(RejectReason::SecureCookieThere);
            assert_eq!(
                refused.collect::<Vec<_>>(),
                Vec::from_iter(expected),
                "{url} where there is one at {there}"
            );
        }
    }
    let mut client = mirror();
    client
        .get("https://a.test/?a=1;+Path=/app;+Secure")
        .await
        .unwrap();
    client.get("http://b.test/?a=2;+Path=/app").await.unwrap();
    assert!(client.rejected_cookies().is_empty());

    // Of a parent and of a child as well.
    for (there, new, is_refused) in [
        ("a.test/?a=1;+Domain=a.test", "www.a.test/?a=2", true),
        ("www.a.test/?a=1", "www.a.test/?a=2;+Domain=a.test", true),
        ("www.a.test/?a=1", "other.a.test/?a=2", false),
    ] {
        let mut client = mirror();
        let secure = format!("https://{there};+Secure");
        client.get(secure).await.unwrap();
        client.get(format!("http://{new}")).await.unwrap();
        assert_eq!(!client.rejected_cookies().is_empty(), is_refused, "{new}");
    }

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
        RejectReason::SecureCookieThere
    );
}

#[tokio::test]
async fn a_cookie_is_set_as_a_handler_reads_it() {
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
async fn a_cookie_that_cannot_be_set_is_an_error() {
    let mut client = mirror().base_url("http://www.example.com").unwrap();
    let error = client.set_cookie(("a", "\n")).unwrap_err();
    assert!(matches!(
        error,
        ClientError::Cookie(CookieError::ControlCharacter { .. })
    ));
    let elsewhere = Cookie::build("a").domain("example.net");
    let error = client.set_cookie(elsewhere).unwrap_err();
    assert!(
        matches!(&error, ClientError::Rejected(refused) if refused.reason == RejectReason::Domain)
    );
    let secure = Cookie::build("a").same_site(SameSite::None);
    let error = client.set_cookie(secure).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cookie \"a\": browsers drop it, since it is Secure and came over plain HTTP"
    );
    client
        .set_cookie(Cookie::build(("a", "1")).domain("example.com").path("/app"))
        .unwrap();
    assert_eq!(
        sent(&mut client, "http://other.example.com/app").await,
        "a=1"
    );
    assert_eq!(client.cookies()[0].domain(), Some("example.com"));
    assert_eq!(client.cookies()[0].path(), Some("/app"));
}

#[tokio::test]
async fn a_request_comes_as_from_a_browser() {
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
        assert_eq!(sent(&mut client, url).await, expected);
    }
    let request = Request::put("/").header(HOST, "a.test").body(String::new());
    let answer = client.send(request.unwrap()).await.unwrap();
    assert_eq!(answer.body().text(), Ok(r#"PUT / ["a.test"]"#));
}

/// Django's `client.get("/", HTTP_HOST="a.test")`.
#[tokio::test]
async fn a_host_field_says_where_a_path_is() {
    let mut client = mirror();
    let set = Request::get("/?a=1;+Path=/;+Domain=a.test").header(HOST, "www.a.test");
    client.send(set.body(String::new()).unwrap()).await.unwrap();
    assert!(client.rejected_cookies().is_empty());
    assert_eq!(sent(&mut client, "https://other.a.test/").await, "a=1");
    assert_eq!(client.url(), Some("https://other.a.test/"));
    // RFC 9112 §3.2.2: beside a whole URL it doesn't count.
    let whole = Request::get("https://b.test/").header(HOST, "a.test");
    client
        .send(whole.body(String::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(client.url(), Some("https://b.test/"));
}

#[tokio::test]
async fn a_host_field_that_names_no_host_is_an_error() {
    let mut client = mirror();
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
async fn a_query_alone_is_of_the_page_that_was_shown() {
    let mut client = mirror().base_url("https://a.test").unwrap();
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
async fn of_a_base_url_the_path_does_not_count() {
    let mut client = mirror().base_url("https://a.test/app/sub?q#f").unwrap();
    client
        .set_cookie(Cookie::build(("a", "1")).path(""))
        .unwrap();
    assert_eq!(client.cookies()[0].path(), Some("/"));
    assert_eq!(sent(&mut client, "/").await, "a=1");
}

#[tokio::test]
async fn more_fields_than_a_request_holds_are_an_error() {
    let mut client = mirror();
    client.set_cookie(("a", "1")).unwrap();
    let mut request = Request::new(String::new());
    *request.uri_mut() = "/".parse().unwrap();
    for number in 0.. {
        let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
        let field = HeaderValue::from_static("");
        if request.headers_mut().try_insert(name, field).is_err() {
            break;
        }
    }
    let error = client.send(request).await.unwrap_err();
    assert!(matches!(error, ClientError::TooManyHeaders(_)));
}

#[tokio::test]
async fn a_form_is_posted() {
    let mut client = client(|request| {
        let content_type = request.headers()[CONTENT_TYPE].to_str().unwrap();
        Response::new(format!(
            "{} {content_type} {}",
            request.method(),
            request.body()
        ))
    });
    let answer = client
        .post("/", &[("a", "ä b"), ("c", "&=")])
        .await
        .unwrap();
    assert_eq!(
        answer.body().text(),
        Ok("POST application/x-www-form-urlencoded a=%C3%A4+b&c=%26%3D")
    );
}

/// RFC 6265bis §5.6.1, §5.6.2 and §5.1.1.
#[tokio::test]
async fn lifetimes_are_read_as_browsers_read_them() {
    let over = "Thu, 01 Jan 1970 00:00:00 GMT";
    let far = "Fri, 31 Dec 2038 23:59:59 GMT";
    for (attributes, is_kept) in [
        ("Max-Age=0".to_owned(), false),
        ("Max-Age=-1".to_owned(), false),
        ("mAx-aGe=-99999999999999999999".to_owned(), false),
        ("Max-Age=99999999999999999999".to_owned(), true),
        ("Max-Age=".to_owned(), true),
        ("Max-Age=-".to_owned(), true),
        ("Max-Age=1s".to_owned(), true),
        ("Max-Age=+0".to_owned(), true),
        (format!("Max-Age=; Expires={over}"), false),
        (format!("Max-Age=9; Expires={over}"), true),
        (format!("Max-Age=0; Expires={far}"), false),
        (format!("Expires={over}; Expires={far}"), true),
        (format!("Expires={far}; Expires={over}"), false),
        (format!("Expires={over}; Expires=never"), false),
        ("Expires=Thu, 01 Jan 1970 00:00:00 UTC".to_owned(), false),
        ("Expires=Thu, 01 Jan 1970 00:00:00 +0000".to_owned(), false),
        ("Expires=Thu, 01-Jan-1970 00:00:01".to_owned(), false),
        ("Expires=Thu, 1 Jan 1970 0:0:0".to_owned(), false),
        ("Expires=1 jAnuary 70 00:00:00".to_owned(), false),
        ("Expires=00:00:00 1970 Jan 01".to_owned(), false),
        ("Expires=01 Jan 24 00:00:00".to_owned(), false),
        ("Expires=01 Jan 69 00:00:00".to_owned(), true),
        ("Expires=01 Jan 1600 00:00:00".to_owned(), true),
        ("Expires=01 Jan 1601 00:00:00".to_owned(), false),
        ("Expires=30 Feb 1999 00:00:00".to_owned(), true),
        ("Expires=01 Jan 1970 24:00:00".to_owned(), true),
        ("Expires=01 Jan 1970 00:00:60".to_owned(), true),
        ("Expires=01 Jan 1970".to_owned(), true),
        ("Expires=01 Jan 1970 000:00:00".to_owned(), true),
        ("Expires=01 Jan 19700 00:00:00".to_owned(), true),
    ] {
        let field = format!("a=1; {attributes}");
        let mut client = client(move |_| {
            let answer = Response::builder().header(SET_COOKIE, &field);
            answer.body(String::new()).unwrap()
        });
        client.get("/").await.unwrap();
        assert_eq!(client.cookies().len(), usize::from(is_kept), "{attributes}");
    }
}

/// RFC 6265bis §5.6: of an attribute's values of up to 1024 bytes the last.
#[tokio::test]
async fn of_a_repeated_attribute_the_last_counts() {
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
        let mut client = mirror();
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
async fn a_cookie_is_shown_with_its_attributes() {
    let mut client = mirror();
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
async fn of_several_cookies_the_one_that_was_created_last_is_shown() {
    let mut client = mirror();
    client.get("/?a=1;+Path=/&a=2;+Path=/app").await.unwrap();
    client.get("/?a=3;+Path=/").await.unwrap();
    assert_eq!(client.cookie("a").unwrap().value(), "2");
}

#[tokio::test]
async fn a_cookie_that_ended_and_comes_again_is_new() {
    let mut client = mirror();
    client
        .get("/?a=1;+Max-Age=60;+Path=/&b=1;+Path=/")
        .await
        .unwrap();
    client.advance(Duration::from_secs(61));
    client.get("/?a=2;+Path=/").await.unwrap();
    assert_eq!(sent(&mut client, "/").await, "b=1; a=2");
    client.advance(Duration::MAX);
    assert_eq!(sent(&mut client, "/").await, "b=1; a=2");
}

/// Both are over at the last second that a date can say, which the clock never reaches.
#[tokio::test]
async fn at_the_end_of_time_the_longest_lifetimes_are_not_over() {
    let url = "/?max-age=1;+Path=/;+Max-Age=99999999999999\
               &expires=1;+Path=/;+Expires=Fri,+31+Dec+9999+23:59:59+GMT";
    let mut client = mirror();
    client.get(url).await.unwrap();
    client.advance(Duration::MAX);
    assert_eq!(sent(&mut client, "/").await, "max-age=1; expires=1");
    client.clear_cookies();
    client.get(url).await.unwrap();
    assert_eq!(sent(&mut client, "/").await, "max-age=1; expires=1");
}

#[tokio::test]
async fn of_very_many_cookies_the_oldest_go() {
    let mut client = mirror();
    let cookies = (0..3301).map(|number| format!("c{number}=1"));
    for some in cookies.collect::<Vec<_>>().chunks(1000) {
        client.get(format!("/?{}", some.join("&"))).await.unwrap();
    }
    assert_eq!(client.cookies().len(), 3300);
    assert_eq!(client.cookie("c0"), None);
    assert!(client.cookie("c3300").is_some());
}

#[tokio::test]
async fn a_requests_own_cookies_stand_before_the_stored_ones() {
    let mut client = mirror();
    client.set_cookie(("a", "1")).unwrap();
    let request = Request::get("/").header(COOKIE, "b=2").body(String::new());
    let answer = client.send(request.unwrap()).await.unwrap();
    assert_eq!(answer.body().text(), Ok("b=2 | a=1"));
}

#[tokio::test]
async fn only_http_urls_are_gone_to() {
    let mut client = mirror();
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
        let error = mirror().base_url(base).unwrap_err();
        assert!(matches!(error, ClientError::Url { .. }), "{base}: {error}");
    }
}

#[tokio::test]
async fn redirects_are_followed_only_if_told() {
    let mut home = client(|request| match request.uri().path() {
        "/login" => redirect(303, "home?to=1"),
        path => Response::new(path.to_owned()),
    });
    let answer = home.get("/login").await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let mut home = home.follow_redirects(1);
    assert_eq!(sent(&mut home, "/login").await, "/home");
}

#[tokio::test]
async fn cookies_of_every_redirect_are_stored() {
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
    assert_eq!(sent(&mut client, "/start").await, r#"Some("from-one=1")"#);
    let cookies = client.cookies();
    let names: Vec<_> = cookies.iter().map(Cookie::name).collect();
    assert_eq!(names, ["from-start", "from-one", "from-two"]);
    assert_eq!(client.rejected_cookies().len(), 3);
}

/// Fetch, "HTTP-redirect fetch".
#[tokio::test]
async fn a_redirect_changes_the_method_as_in_a_browser() {
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
            (Ok(answer), Some(expected)) => assert_eq!(answer.body().text(), Ok(expected)),
            (Err(ClientError::RedirectNeedsBody { location, .. }), None) => {
                assert_eq!(location, "https://testserver/next");
            }
            (answer, _) => panic!("{method} {status}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn a_redirect_to_another_origin_takes_no_credentials_along() {
    let mut client = client(|request| match request.uri().path() {
        "/" => redirect(302, "https://b.test/next"),
        "/same" => redirect(302, "/next"),
        _ => Response::new(format!(
            "{:?} {:?}",
            request.headers().get(AUTHORIZATION),
            request.headers()[HOST]
        )),
    })
    .follow_redirects(1);
    for (path, expected) in [
        ("/", r#"None "b.test""#),
        ("/same", r#"Some("Basic YTpi") "testserver""#),
    ] {
        let request = Request::get(path)
            .header(AUTHORIZATION, "Basic YTpi")
            .body(String::new());
        let answer = client.send(request.unwrap()).await.unwrap();
        assert_eq!(answer.body().text(), Ok(expected));
    }
}

/// Else those of the first request would be sent twice, or where they don't belong.
#[tokio::test]
async fn a_redirect_takes_no_stored_cookies_along() {
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
    assert_eq!(sent(&mut client, "/").await, "[]");
    assert_eq!(sent(&mut client, "/same").await, r#"["a=1"]"#);
}

#[tokio::test]
async fn a_loop_ends() {
    let mut client = client(|_| redirect(302, "/again")).follow_redirects(3);
    let error = client.get("/").await.unwrap_err();
    assert!(matches!(
        error,
        ClientError::TooManyRedirects { limit: 3, ref location } if location == "https://testserver/again"
    ));
}

#[tokio::test]
async fn a_time_out_ends_a_loop_of_a_service_that_is_always_ready() {
    let mut client = client(|_| redirect(302, "/again")).follow_redirects(usize::MAX);
    let answer = tokio::time::timeout(Duration::from_millis(10), client.get("/"));
    assert!(answer.await.is_err());
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_an_error() {
    for location in ["mailto:a@b.test", "http://", "https://a b/"] {
        let mut client = client(move |_| redirect(302, location)).follow_redirects(3);
        let error = client.get("/").await.unwrap_err();
        assert!(matches!(error, ClientError::Location { .. }), "{error}");
    }
}

/// A callback of an app, say.
#[tokio::test]
async fn a_redirect_to_anywhere_is_an_answer_if_none_is_followed() {
    for location in ["myapp://callback", "mailto:a@b.test", "https://a b/", ""] {
        let mut client = client(move |_| redirect(302, location));
        assert_eq!(client.get("/").await.unwrap().headers()[LOCATION], location);
    }
    let mut client = client(|_| redirect(302, "")).follow_redirects(1);
    let answer = client.get("/").await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn a_redirect_keeps_the_extensions_and_the_version() {
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
    let answer = client.send(request.unwrap()).await.unwrap();
    assert_eq!(answer.body().text(), Ok("Some(7) HTTP/2.0"));
    assert_eq!(client.url(), Some("https://testserver/next"));
}

/// Fetch, "location URL".
#[tokio::test]
async fn a_redirect_keeps_the_fragment_unless_it_has_one() {
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

/// A body in these pieces.
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
async fn a_body_is_read_up_to_the_limit() {
    let mut client = pieces([Ok("one"), Ok(" "), Ok("two")]).body_limit(7);
    let answer = client.send(Request::new(())).await.unwrap();
    assert_eq!(answer.body().text(), Ok("one two"));
    assert_eq!(answer.into_body().into_bytes(), b"one two");

    let mut client = client.body_limit(6);
    let error = client.send(Request::new(())).await.unwrap_err();
    assert!(matches!(error, ClientError::BodyTooLong { limit: 6 }));
}

/// A body of as many such frames as are polled for.
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
async fn trailers_end_a_body() {
    let service = service_fn(async |_: Request<String>| {
        Ok::<_, Infallible>(Response::new(Endless(|| Frame::trailers(HeaderMap::new()))))
    });
    let answer = Client::new(service).get("/").await.unwrap();
    assert_eq!(answer.body().bytes(), b"");
}

#[tokio::test]
async fn a_time_out_ends_a_body_that_is_always_ready() {
    let service = service_fn(async |_: Request<String>| {
        Ok::<_, Infallible>(Response::new(Endless(|| Frame::data(Bytes::new()))))
    });
    let mut client = Client::new(service);
    let answer = tokio::time::timeout(Duration::from_millis(10), client.get("/"));
    assert!(answer.await.is_err());
}

#[tokio::test]
async fn a_body_that_fails_is_an_error_with_its_source() {
    let mut client = pieces([Ok("one"), Err(io::ErrorKind::BrokenPipe)]);
    let error = client.send(Request::new(())).await.unwrap_err();
    assert!(matches!(error, ClientError::Body(_)));
    assert_eq!(error.source().unwrap().to_string(), "broken pipe");
}

/// Whose page is never shown.
#[tokio::test]
async fn the_body_of_a_redirect_that_is_followed_is_not_read() {
    let service = service_fn(async |request: Request<()>| {
        let (status, piece) = match request.uri().path() {
            "/" => (302, Err(io::ErrorKind::BrokenPipe.into())),
            _ => (200, Ok("home")),
        };
        let answer = Response::builder().status(status).header(LOCATION, "/home");
        answer.body(Pieces([piece].into()))
    });
    let mut client = Client::new(service);
    let error = client.send(Request::new(())).await.unwrap_err();
    assert!(matches!(error, ClientError::Body(_)));

    let mut client = client.follow_redirects(1);
    let answer = client.send(Request::new(())).await.unwrap();
    assert_eq!(answer.body().text(), Ok("home"));
}

#[tokio::test]
async fn text_is_utf_8() {
    let service = service_fn(async |_: Request<String>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(&b"\xff"[..])))
    });
    let answer = Client::new(service).get("/").await.unwrap();
    assert!(answer.body().text().is_err());
    assert_eq!(answer.body().bytes(), b"\xff");
}

#[tokio::test]
async fn a_service_that_fails_is_an_error_with_its_source() {
    let service = service_fn(async |_: Request<String>| {
        Err::<Response<String>, _>(io::Error::from(io::ErrorKind::TimedOut))
    });
    let error = Client::new(service).get("/").await.unwrap_err();
    assert!(matches!(error, ClientError::Service(_)));
    assert_eq!(error.source().unwrap().to_string(), "timed out");
}

#[tokio::test]
async fn a_service_is_called_when_it_is_ready() {
    let (service, mut handle) = tower_test::mock::pair::<Request<()>, Response<String>>();
    handle.allow(0);
    let mut client = Client::new(service);
    let answer = tokio::spawn(async move { client.send(Request::new(())).await });
    tokio::task::yield_now().await;
    assert!(!answer.is_finished());
    handle.allow(1);
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_response(Response::new("ready".to_owned()));
    assert_eq!(answer.await.unwrap().unwrap().body().text(), Ok("ready"));
}

#[tokio::test]
async fn a_clone_is_another_window_with_cookies_of_its_own() {
    let mut one = mirror();
    one.set_cookie(("a", "1")).unwrap();
    let mut other = one.clone();
    other.clear_cookies();
    assert_eq!(sent(&mut one, "/").await, "a=1");
    assert_eq!(sent(&mut other, "/").await, "");
}

#[test]
fn debug_shows_names_and_no_values() {
    let mut client = mirror();
    client.set_cookie(("name", "secret")).unwrap();
    let shown = format!("{client:?}");
    assert!(
        shown.contains("name") && shown.contains("testserver"),
        "{shown}"
    );
    assert!(!shown.contains("secret"), "{shown}");
}
