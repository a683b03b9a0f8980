//! `delete` without a declaration: which names it accepts, which scope it uses, and which attributes
//! its header has.

mod support;

use http::Request;
use support::{EPOCH, assert_matches, deletion, response_cookies};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

/// The `Set-Cookie` headers of the response, from a layer without declarations.
fn cookies(handler: impl Fn(&CookieJar) -> Result<(), CookieError>) -> Vec<String> {
    response_cookies(&CookieLayer::new(), |jar| handler(jar).expect("no error"))
}

/// The cookie `a=1` at `path`.
fn a(path: &'static str) -> Cookie<'static> {
    Cookie::build(("a", "1")).path(path).into()
}

#[test]
fn delete_of_cookie_absent_from_request_is_sent() {
    let cookies = cookies(|jar| jar.delete("visited"));
    assert_eq!(cookies, [deletion("visited", "/")]);
}

#[test]
fn delete_with_value_and_expiry_ignores_them() {
    let cookie = Cookie::parse("a=1\u{1}; Max-Age=60; Expires=Fri, 31 Dec 2100 23:59:59 GMT")
        .expect("a valid set-cookie-string");
    let cookies = cookies(|jar| jar.delete(cookie.clone()));
    assert_eq!(cookies, [deletion("a", "/")]);
}

/// Browsers ignore a cross-site delete without these attributes.
#[test]
fn delete_has_given_and_required_attributes() {
    let cookie = |name| {
        Cookie::build(name)
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(true)
    };
    let cookies = cookies(|jar| {
        jar.delete(cookie("a").domain("example.com").path("/app"))?;
        jar.delete(Cookie::build("b").same_site(SameSite::None))?;
        jar.delete(Cookie::build("c").partitioned(true))?;
        jar.delete("__Host-d")?;
        jar.delete("__http-e")
    });
    assert_eq!(
        cookies,
        [
            format!(
                "a=\"\"; Domain=example.com; expires={EPOCH}; HttpOnly; Max-Age=0; Path=/app; \
                 SameSite=Strict; Secure"
            ),
            deletion("b", "/") + "; SameSite=None; Secure",
            format!("c=\"\"; expires={EPOCH}; Max-Age=0; Partitioned; Path=/; Secure"),
            deletion("__Host-d", "/") + "; Secure",
            format!("__http-e=\"\"; expires={EPOCH}; HttpOnly; Max-Age=0; Path=/; Secure"),
        ]
    );
}

#[test]
fn delete_after_queued_set_uses_its_scope_and_place() {
    let cookies = cookies(|jar| {
        jar.set(
            Cookie::build(("a", "1"))
                .path("/app")
                .domain("example.com")
                .http_only(true),
        )?;
        jar.set(("b", "1"))?;
        jar.delete("a")
    });
    let expected = format!("a=\"\"; Domain=example.com; expires={EPOCH}; Max-Age=0; Path=/app");
    assert_eq!(cookies, [expected, "b=1; Path=/".into()]);
}

#[test]
fn delete_with_given_path_takes_unset_parts_from_queued_set() {
    let cookies = cookies(|jar| {
        jar.set(
            Cookie::build(("a", "1"))
                .path("/app")
                .domain("example.com")
                .partitioned(true),
        )?;
        jar.delete(Cookie::build("a").path("/app"))
    });
    let expected = format!(
        "a=\"\"; Domain=example.com; expires={EPOCH}; Max-Age=0; Partitioned; Path=/app; Secure"
    );
    assert_eq!(cookies, [expected]);
}

#[test]
fn delete_with_given_scope_keeps_queued_set_of_other_scope() {
    let cookies = cookies(|jar| {
        jar.set(a("/app"))?;
        jar.delete(Cookie::build("a").path("/"))
    });
    assert_eq!(cookies, ["a=1; Path=/app".into(), deletion("a", "/")]);
}

#[test]
fn delete_after_sets_at_two_scopes_needs_a_matching_scope() {
    let cookies = cookies(|jar| {
        jar.set(a("/x"))?;
        jar.set(a("/y"))?;
        jar.delete(Cookie::build("a").path("/y"))
    });
    assert_eq!(cookies, ["a=1; Path=/x".into(), deletion("a", "/y")]);

    let jar = CookieLayer::new().jar(&Request::new(()));
    jar.set(a("/x")).expect("no error");
    jar.set(a("/y")).expect("no error");
    assert_matches!(jar.delete("a"), Err(CookieError::AmbiguousScope { .. }));
}

#[test]
fn delete_twice_is_sent_once() {
    let cookies = cookies(|jar| {
        jar.set(a("/app"))?;
        jar.delete("a")?;
        jar.delete("a")
    });
    assert_eq!(cookies, [deletion("a", "/app")]);
}

#[test]
fn set_after_delete_replaces_it() {
    let cookies = cookies(|jar| {
        jar.delete("a")?;
        jar.set(("a", "1"))
    });
    assert_eq!(cookies, ["a=1; Path=/"]);
}

#[test]
fn delete_after_delete_with_given_scope_uses_default_scope() {
    let cookies = cookies(|jar| {
        jar.delete(a("/app"))?;
        jar.delete("a")
    });
    let [app, root] = ["/app", "/"].map(|path| deletion("a", path));
    assert_eq!(cookies, [app, root]);
}

/// Names that browsers store and send, but that `set` refuses.
fn stored_names() -> Vec<String> {
    let mut names: Vec<_> = [
        "user[id]",
        "path",
        "Max-Age",
        "c d",
        "é",
        "a\tb",
        "a \t b",
        "\u{2000}a",
        "a\u{3000}",
        "\u{a0}",
        "\u{feff}a",
        "\u{85}a",
        "\u{202e}a",
        "\"a\"",
        "a,b",
        "<a>",
        "a\\b",
        "🍪",
        "__Host-é",
        "__secure-a b",
    ]
    .map(str::to_owned)
    .into();
    names.push("n".repeat(5000));
    names.push("é".repeat(2500));
    names
}

/// The value with which a cookie is deleted: Django's, but for names that would be too long with it.
fn written_value(name: &str) -> &'static str {
    if name.len() + 2 <= 4096 { "\"\"" } else { "" }
}

/// `Cookie::parse` would trim the Unicode white space, and misread a name such as `path`.
#[test]
fn queued_shows_deletes_of_every_stored_name_unchanged() {
    for name in stored_names() {
        let jar = CookieLayer::new().jar(&Request::new(()));
        let scoped = Cookie::build(name.clone())
            .http_only(true)
            .same_site(SameSite::Lax);
        assert_eq!(jar.delete(scoped), Ok(()), "{name:?}");
        let queued = jar.queued();
        assert_eq!(queued.len(), 1);
        let cookie = &queued[0];
        assert_eq!(cookie.name(), name);
        assert_eq!((cookie.value(), cookie.path()), ("", Some("/")));
        assert_eq!(cookie.max_age(), Some(Duration::ZERO));
        assert_eq!(cookie.expires_datetime(), Some(OffsetDateTime::UNIX_EPOCH));
        assert_eq!(cookie.http_only(), Some(true));
        assert_eq!(cookie.same_site(), Some(SameSite::Lax));
        assert_eq!(cookie.secure(), name.starts_with("__").then_some(true));
        assert_eq!(cookie.domain(), None);
    }
}

/// `Debug` escapes names as it does other strings, so a log line stays one line.
#[test]
fn debug_of_jar_shows_deletes_of_every_stored_name_escaped() {
    for name in stored_names() {
        let layer = CookieLayer::new();
        let jar = layer.jar(&support::request(format!("{name}=s3cret")));
        jar.delete(name.clone()).expect("a stored name");
        let debug = format!("{jar:?}");
        assert!(
            debug.contains(&format!("cookies: [{name:?}], queued: [{name:?}]")),
            "{debug}"
        );
        assert!(!debug.contains("s3cret") && !debug.contains(char::is_control));
    }
}

/// Deletes of different names are separate, even if the names differ in outer white space only that
/// browsers do not trim.
#[test]
fn deletes_of_similar_names_are_all_sent() {
    let names = ["a", "\u{2000}a", "a\u{2000}", "\u{a0}a", "A", "a\tb", "a b"];
    let sent = cookies(|jar| {
        for name in names.iter().chain(&names) {
            jar.delete(*name)?;
        }
        Ok(())
    });
    assert_eq!(sent, names.map(|name| deletion(name, "/")));
}

#[test]
fn delete_of_stored_name_with_given_scope_uses_it() {
    for name in stored_names() {
        if name.starts_with("__") {
            continue;
        }
        let sent = cookies(|jar| {
            let cookie = Cookie::build(name.clone()).domain("example.com");
            jar.delete(cookie.path("/my files"))
        });
        let value = written_value(&name);
        assert_eq!(
            sent,
            [format!(
                "{name}={value}; Domain=example.com; expires={EPOCH}; Max-Age=0; Path=/my files"
            )]
        );
    }
}
