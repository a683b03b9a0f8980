//! A delete reaches the cookie that is meant: it goes out with the scope that the cookie was set
//! with, and with all that a browser needs to take it.

mod support;

use http::Request;
use support::sent;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

const OVER: &str = "expires=Thu, 01 Jan 1970 00:00:00 GMT";

fn deleted(handler: impl Fn(&CookieJar) -> Result<(), CookieError>) -> Vec<String> {
    sent(&CookieLayer::new(), |jar| handler(jar).expect("no error"))
}

fn a(path: &'static str) -> Cookie<'static> {
    Cookie::build(("a", "1")).path(path).into()
}

#[test]
fn a_delete_is_sent_whether_or_not_the_request_has_the_cookie() {
    let fields = deleted(|jar| jar.delete("visited"));
    assert_eq!(fields, [format!("visited=\"\"; {OVER}; Max-Age=0; Path=/")]);
}

#[test]
fn value_and_expiry_of_the_argument_are_ignored() {
    let cookie = Cookie::parse("a=1\u{1}; Max-Age=60; Expires=Fri, 31 Dec 2100 23:59:59 GMT")
        .expect("a cookie");
    let fields = deleted(|jar| jar.delete(cookie.clone()));
    assert_eq!(fields, [format!("a=\"\"; {OVER}; Max-Age=0; Path=/")]);
}

/// Browsers drop a cross-site delete that lacks them.
#[test]
fn a_delete_carries_what_is_said_and_what_is_needed() {
    let cookie = |name| {
        Cookie::build(name)
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(true)
    };
    let fields = deleted(|jar| {
        jar.delete(cookie("a").domain("example.com").path("/app"))?;
        jar.delete(Cookie::build("b").same_site(SameSite::None))?;
        jar.delete(Cookie::build("c").partitioned(true))?;
        jar.delete("__Host-d")?;
        jar.delete("__http-e")
    });
    assert_eq!(
        fields,
        [
            format!(
                "a=\"\"; Domain=example.com; {OVER}; HttpOnly; Max-Age=0; Path=/app; \
                 SameSite=Strict; Secure"
            ),
            format!("b=\"\"; {OVER}; Max-Age=0; Path=/; SameSite=None; Secure"),
            format!("c=\"\"; {OVER}; Max-Age=0; Partitioned; Path=/; Secure"),
            format!("__Host-d=\"\"; {OVER}; Max-Age=0; Path=/; Secure"),
            format!("__http-e=\"\"; {OVER}; HttpOnly; Max-Age=0; Path=/; Secure"),
        ]
    );
}

#[test]
fn a_delete_takes_the_scope_of_a_set_before_it_and_its_place() {
    let fields = deleted(|jar| {
        jar.set(
            Cookie::build(("a", "1"))
                .path("/app")
                .domain("example.com")
                .http_only(true),
        )?;
        jar.set(("b", "1"))?;
        jar.delete("a")
    });
    let expected = format!("a=\"\"; Domain=example.com; {OVER}; Max-Age=0; Path=/app");
    assert_eq!(fields, [expected, "b=1; Path=/".into()]);
}

#[test]
fn it_takes_only_what_it_does_not_say_itself() {
    let fields = deleted(|jar| {
        jar.set(
            Cookie::build(("a", "1"))
                .path("/app")
                .domain("example.com")
                .partitioned(true),
        )?;
        jar.delete(Cookie::build("a").path("/app"))
    });
    let expected =
        format!("a=\"\"; Domain=example.com; {OVER}; Max-Age=0; Partitioned; Path=/app; Secure");
    assert_eq!(fields, [expected]);
}

#[test]
fn a_scope_that_is_said_stands_and_swallows_no_set() {
    let fields = deleted(|jar| {
        jar.set(a("/app"))?;
        jar.delete(Cookie::build("a").path("/"))
    });
    assert_eq!(
        fields,
        [
            "a=1; Path=/app".into(),
            format!("a=\"\"; {OVER}; Max-Age=0; Path=/")
        ]
    );
}

#[test]
fn of_several_sets_the_one_that_agrees_is_meant() {
    let fields = deleted(|jar| {
        jar.set(a("/x"))?;
        jar.set(a("/y"))?;
        jar.delete(Cookie::build("a").path("/y"))
    });
    assert_eq!(
        fields,
        [
            "a=1; Path=/x".into(),
            format!("a=\"\"; {OVER}; Max-Age=0; Path=/y")
        ]
    );

    let jar = CookieLayer::new().jar(&Request::new(()));
    jar.set(a("/x")).expect("set");
    jar.set(a("/y")).expect("set");
    assert!(matches!(
        jar.delete("a"),
        Err(CookieError::AmbiguousScope { .. })
    ));
}

#[test]
fn deleting_twice_says_the_same_once() {
    let fields = deleted(|jar| {
        jar.set(a("/app"))?;
        jar.delete("a")?;
        jar.delete("a")
    });
    assert_eq!(fields, [format!("a=\"\"; {OVER}; Max-Age=0; Path=/app")]);
}

#[test]
fn a_set_after_a_delete_wins() {
    let fields = deleted(|jar| {
        jar.delete("a")?;
        jar.set(("a", "1"))
    });
    assert_eq!(fields, ["a=1; Path=/"]);
}

#[test]
fn an_explicit_delete_lends_its_scope_to_no_other() {
    let fields = deleted(|jar| {
        jar.delete(a("/app"))?;
        jar.delete("a")
    });
    let [app, root] = ["/app", "/"].map(|path| format!("a=\"\"; {OVER}; Max-Age=0; Path={path}"));
    assert_eq!(fields, [app, root]);
}
