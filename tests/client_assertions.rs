//! The assertions of `test::Client`, and the messages of their panics.

#![cfg(feature = "test-util")]

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use http::header::SET_COOKIE;
use http::{HeaderValue, Request, Response};
use tower::util::BoxCloneService;
use tower::{ServiceExt, service_fn};
use tower_django_cookies::Cookie;
use tower_django_cookies::test::Client;
use tower_django_cookies::time::Duration;

type App = BoxCloneService<Request<String>, Response<String>, Infallible>;

/// A client of a service that sets the cookies in the request's body. Each line of the body is a
/// `Set-Cookie` header.
fn client() -> Client<App> {
    let service = service_fn(async |request: Request<String>| {
        let mut response = Response::new(String::new());
        for line in request.body().lines() {
            let header = HeaderValue::from_str(line).unwrap();
            response.headers_mut().append(SET_COOKIE, header);
        }
        Ok(response)
    });
    Client::new(service.boxed_clone())
}

/// Loads a page with these `Set-Cookie` headers.
async fn load(client: &mut Client<App>, url: &str, headers: &[&str]) {
    let request = Request::get(url).body(headers.join("\n")).unwrap();
    client.send(request).await.unwrap();
}

/// A client that has loaded pages of `https://www.a.test` with these `Set-Cookie` headers.
async fn loaded(pages: &[&[&str]]) -> Client<App> {
    let mut client = client();
    for headers in pages {
        load(&mut client, "https://www.a.test/", headers).await;
    }
    client
}

/// The panic message of `assertion`, or an empty text if it does not panic.
fn panic_message(client: &Client<App>, assertion: impl Fn(&Client<App>)) -> String {
    match catch_unwind(AssertUnwindSafe(|| assertion(client))) {
        Ok(()) => String::new(),
        Err(panic) => *panic.downcast().expect("a formatted message"),
    }
}

#[tokio::test]
async fn assert_cookie_compares_value_of_stored_cookie() {
    for (pages, expected) in [
        (&[&["a=1"][..]][..], ""),
        (&[&["a=\"1\""]], ""),
        (&[&["a=1"], &[]], ""),
        (&[&["a=2; Path=/", "a=1; Path=/app"]], ""),
        (&[&["a=2"]], r#"cookie "a" has the value "2", not "1""#),
        (
            &[&["a=1; Path=/", "a=2; Path=/app"]],
            r#"cookie "a" has the value "2", not "1""#,
        ),
        (
            &[&[]],
            r#"cookie "a" is not stored: the last response did not set it; stored cookies: []"#,
        ),
        (
            &[&["A=secret", "b=secret"]],
            r#"cookie "a" is not stored: the last response did not set it; stored cookies: ["A", "b"]"#,
        ),
        (
            &[&["a=1; Domain=b.test"]],
            "cookie \"a\" is not stored: browsers drop it, because the host does not domain-match its Domain",
        ),
        (
            &[&["a=1"], &["a=1; Max-Age=0"]],
            r#"cookie "a" is not stored: the last response deleted it"#,
        ),
    ] {
        let client = loaded(pages).await;
        let message = panic_message(&client, |client| client.assert_cookie("a", "1"));
        assert_eq!(message, expected, "{pages:?}");
    }
}

#[tokio::test]
async fn assert_no_cookie_finds_every_stored_cookie() {
    for (pages, expected) in [
        (&[&[][..]][..], ""),
        (&[&["b=1"]], ""),
        (&[&["a=1"], &["a=; Max-Age=0"]], ""),
        (
            &[&["a=secret"]],
            r#"cookie "a" is stored: no Domain (host www.a.test); Path=/"#,
        ),
        (
            &[&[
                "a=secret; Domain=a.test; Path=/app; Secure; Partitioned",
                "a=secret",
            ]],
            "cookie \"a\" is stored: Domain=a.test; Path=/app; Partitioned (and one more cookie of that name)",
        ),
    ] {
        let client = loaded(pages).await;
        let message = panic_message(&client, |client| client.assert_no_cookie("a"));
        assert_eq!(message, expected, "{pages:?}");
    }
}

#[tokio::test]
async fn assert_deleted_needs_delete_and_no_stored_cookie() {
    let not_deleted = |cause: &str| format!("cookie \"a\" was not deleted: {cause}");
    let kept = "it is stored with no Domain (host www.a.test); Path=/";
    for (pages, cause) in [
        (&[&["a=secret"][..], &["a=; Max-Age=0"]][..], ""),
        // The client never stored it.
        (&[&["a=; Max-Age=0"]], ""),
        (&[&["a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]], ""),
        (&[&["a=secret", "a=; Max-Age=0"]], ""),
        (
            &[
                &["a=secret", "a=secret; Path=/app"],
                &["a=; Path=/app; Max-Age=0", "a=; Max-Age=0"],
            ],
            "",
        ),
        (
            &[&["a=secret; Path=/app"], &["a=; Path=/; Max-Age=0"]],
            "set with Path=/app, deleted with Path=/",
        ),
        (
            &[&["a=secret; Domain=a.test"], &["a=; Max-Age=0"]],
            "set with Domain=a.test, deleted with no Domain (host www.a.test)",
        ),
        (
            &[&["a=secret"], &["a=; Domain=a.test; Path=/x; Max-Age=0"]],
            "set with no Domain (host www.a.test); Path=/, deleted with Domain=a.test; Path=/x",
        ),
        (
            &[
                &["a=secret; Secure; Partitioned"],
                &["a=; Secure; Max-Age=0"],
            ],
            "set with Partitioned, deleted with no Partitioned",
        ),
        // The message names the delete that differs in the fewest attributes.
        (
            &[
                &["a=secret; Path=/app"],
                &[
                    "a=; Domain=a.test; Path=/x; Max-Age=0",
                    "a=; Path=/; Max-Age=0",
                ],
            ],
            "set with Path=/app, deleted with Path=/",
        ),
        (
            &[
                &["a=secret; Path=/b", "a=secret; Path=/c", "a=secret"],
                &["a=; Max-Age=0"],
            ],
            "set with Path=/b, deleted with Path=/ (and one more cookie of that name)",
        ),
        (
            &[&["a=secret"], &["a=; Max-Age=0", "a=secret"]],
            "it was set again after the delete, with no Domain (host www.a.test); Path=/",
        ),
        (
            &[&["a=secret"], &["a="]],
            &format!("the last response set it again instead; {kept}"),
        ),
        (
            &[&["a=secret"], &["a=; Max-Age=0; Max-Age=x"]],
            &format!("the last response set it again instead; {kept}"),
        ),
        (
            &[&["a=secret"], &["b=; Max-Age=0"]],
            &format!("the last response has no `Set-Cookie` header that deletes it; {kept}"),
        ),
        // The delete of a previous response does not count.
        (
            &[&["a=; Max-Age=0"], &[]],
            "the last response has no `Set-Cookie` header that deletes it, and none is stored",
        ),
        (
            &[&["a=secret"], &["a=; Domain=b.test; Max-Age=0"]],
            &format!("browsers drop it, because the host does not domain-match its Domain; {kept}"),
        ),
        (
            &[&["a=; Domain=b.test; Max-Age=0"]],
            "browsers drop it, because the host does not domain-match its Domain, and none is stored",
        ),
    ] {
        let client = loaded(pages).await;
        let message = panic_message(&client, |client| client.assert_deleted("a"));
        let expected = if cause.is_empty() {
            String::new()
        } else {
            not_deleted(cause)
        };
        assert_eq!(message, expected, "{pages:?}");
    }
}

#[tokio::test]
async fn assert_deleted_with_rejected_prefix_names_cause() {
    let mut client = loaded(&[&["__Host-a=secret; Secure; Path=/"]]).await;
    load(
        &mut client,
        "https://www.a.test/",
        &["__Host-a=; Path=/; Max-Age=0"],
    )
    .await;
    assert_eq!(
        panic_message(&client, |client| client.assert_deleted("__Host-a")),
        "cookie \"__Host-a\" was not deleted: browsers drop it, because its prefix, SameSite=None or \
         Partitioned requires Secure; it is stored with no Domain (host www.a.test); Path=/"
    );
}

#[tokio::test]
async fn assert_deleted_with_delete_by_other_host_names_both_hosts() {
    let mut client = loaded(&[&["a=secret"]]).await;
    load(&mut client, "https://a.test/", &["a=; Max-Age=0"]).await;
    assert_eq!(
        panic_message(&client, |client| client.assert_deleted("a")),
        "cookie \"a\" was not deleted: set with no Domain (host www.a.test), deleted with no Domain (host a.test)"
    );
}

#[tokio::test]
async fn assert_deleted_counts_redirects() {
    let service = service_fn(async |request: Request<String>| {
        let response = match request.uri().path() {
            "/logout" => Response::builder()
                .status(303)
                .header("location", "/")
                .header(SET_COOKIE, "a=; Path=/; Max-Age=0"),
            _ => Response::builder(),
        };
        response.body(String::new())
    });
    let mut client = Client::new(service).follow_redirects(1);
    client.set_cookie(("a", "1")).unwrap();
    client.post("/logout", &[]).await.unwrap();
    client.assert_deleted("a");
}

#[test]
fn assertions_include_cookies_of_set_cookie_and_exclude_expired_ones() {
    let mut client = client();
    let cookie = Cookie::build(("a", "b; c")).max_age(Duration::HOUR);
    client.set_cookie(cookie).unwrap();
    client.assert_cookie("a", "b; c");
    client.advance(Duration::HOUR);
    client.assert_no_cookie("a");
    // It has expired, but no response deleted it.
    assert_eq!(
        panic_message(&client, |client| client.assert_deleted("a")),
        "cookie \"a\" was not deleted: the last response has no `Set-Cookie` header that deletes it, \
         and none is stored"
    );
}

/// Names and attributes come from the service.
#[tokio::test]
async fn panic_messages_escape_and_shorten_attributes() {
    let path = format!("/{}\u{202e}", "x".repeat(300));
    let mut client = client();
    let header = format!("a=secret; Path={path}");
    load(&mut client, "https://www.a.test/", &[&header]).await;
    let message = panic_message(&client, |client| client.assert_no_cookie("a"));
    assert!(message.len() < 400 && message.ends_with('…'), "{message}");

    let header = "a=secret; Path=/\u{202e}";
    load(
        &mut client,
        "https://www.a.test/",
        &["a=; Max-Age=0", header],
    )
    .await;
    let message = panic_message(&client, |client| client.assert_deleted("a"));
    assert!(!message.contains('\u{202e}'), "{message}");
}

#[tokio::test]
async fn messages_name_eviction_until_the_cookie_is_set_again() {
    let mut client = loaded(&[&["session=1"]]).await;
    let others: Vec<_> = (0..180).map(|i| format!("a{i:03}=1")).collect();
    let others: Vec<_> = others.iter().map(String::as_str).collect();
    load(&mut client, "https://www.a.test/", &others).await;
    for (assertion, expected) in [
        (
            (|client| client.assert_cookie("session", "1")) as fn(&Client<App>),
            "cookie \"session\" is not stored: the last response evicted it, because the site has too \
             many cookies",
        ),
        (
            |client| client.assert_deleted("session"),
            "cookie \"session\" was not deleted: the last response evicted it, because the site has \
             too many cookies, and none is stored",
        ),
    ] {
        assert_eq!(panic_message(&client, assertion), expected);
    }
    load(&mut client, "https://www.a.test/", &[]).await;
    let message = panic_message(&client, |client| client.assert_cookie("session", "1"));
    assert_eq!(
        message,
        "cookie \"session\" is not stored: an earlier response evicted it, because the site had too \
         many cookies"
    );

    load(&mut client, "https://www.a.test/", &["session=1"]).await;
    load(&mut client, "https://www.a.test/", &["session=; Max-Age=0"]).await;
    load(&mut client, "https://www.a.test/", &[]).await;
    let message = panic_message(&client, |client| client.assert_cookie("session", "1"));
    assert!(
        message.starts_with(
            "cookie \"session\" is not stored: the last response did not set it; stored cookies: [\"a0"
        ),
        "{message}"
    );
    let more = client.cookies().len() - 10;
    assert!(
        message.ends_with(&format!("] and {more} more")),
        "{message}"
    );
}

/// The test itself removed the cookie. No response did.
#[tokio::test]
async fn assert_deleted_after_set_cookie_with_max_age_zero_panics() {
    let client = loaded(&[&["a=1"]]).await;
    let mut client = client.base_url("https://www.a.test").unwrap();
    client
        .set_cookie(Cookie::build(("a", "")).max_age(Duration::ZERO))
        .unwrap();
    client.assert_no_cookie("a");
    let message = panic_message(&client, |client| client.assert_deleted("a"));
    assert_eq!(
        message,
        "cookie \"a\" was not deleted: the last response has no `Set-Cookie` header that deletes it, \
         and none is stored"
    );
}

#[test]
fn assertions_report_line_of_caller() {
    let client = client();
    let previous = std::panic::take_hook();
    let (sender, lines) = std::sync::mpsc::channel();
    std::panic::set_hook(Box::new(move |info| {
        let location = info.location().unwrap();
        sender
            .send((location.file().to_owned(), location.line()))
            .ok();
    }));
    let line = line!() + 1;
    let _ = catch_unwind(AssertUnwindSafe(|| client.assert_deleted("line-of-caller")));
    std::panic::set_hook(previous);
    assert!(
        lines
            .try_iter()
            .any(|found| found == (file!().to_owned(), line))
    );
}

/// A handler that returns an error sets and deletes nothing. The status tells it from a handler that forgot to.
#[tokio::test]
async fn messages_have_status_of_error_response() {
    let service = service_fn(async |request: Request<String>| {
        let status: u16 = request.uri().path()[1..].parse().unwrap();
        Ok(Response::builder()
            .status(status)
            .body(String::new())
            .unwrap())
    });
    for (status, expected) in [
        (200u16, "the last response"),
        (303, "the last response"),
        (404, "the last response (status 404)"),
        (500, "the last response (status 500)"),
    ] {
        let mut client = Client::new(service.boxed_clone());
        client.get(format!("/{status}")).await.unwrap();
        assert_eq!(
            panic_message(&client, |client| client.assert_cookie("a", "1")),
            format!("cookie \"a\" is not stored: {expected} did not set it; stored cookies: []"),
        );
        assert_eq!(
            panic_message(&client, |client| client.assert_deleted("a")),
            format!(
                "cookie \"a\" was not deleted: {expected} has no `Set-Cookie` header that deletes it, and none \
                 is stored"
            ),
        );
    }
}
