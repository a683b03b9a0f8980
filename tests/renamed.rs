//! `renamed`: each `set` and `delete` of a cookie also deletes it under its previous names, which can
//! be deleted but not set.

#[path = "renamed/configuration.rs"]
mod configuration;
#[path = "renamed/nested.rs"]
mod nested;
#[path = "renamed/reading.rs"]
mod reading;
mod support;

use http::Request;
use support::{EPOCH, assert_matches, deletion, response_cookies, response_headers, set_cookies};
use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite};

fn old() -> CookieBuilder<'static> {
    Cookie::build("old")
}

fn new() -> CookieBuilder<'static> {
    Cookie::build("new")
}

/// A layer that declares `new` with `/app`, and was renamed from `old` at `/`.
fn layer() -> CookieLayer {
    CookieLayer::new()
        .declare(new().path("/app"))
        .and_then(|layer| layer.renamed(old().path("/"), "new"))
        .expect("a valid configuration")
}

fn jar(layer: &CookieLayer) -> CookieJar {
    layer.jar(&Request::new(()))
}

/// The `Set-Cookie` headers of the response to a request whose host is unknown.
fn cookies(
    layer: &CookieLayer,
    handler: impl Fn(&CookieJar) -> Result<(), CookieError>,
) -> Vec<String> {
    response_cookies(layer, |jar| handler(jar).expect("no error"))
}

/// The `Set-Cookie` headers of a `delete`.
fn deleted(layer: &CookieLayer, cookie: impl Into<Cookie<'static>>) -> Vec<String> {
    let cookie = cookie.into();
    cookies(layer, |jar| jar.delete(cookie.clone()))
}

#[track_caller]
#[allow(
    clippy::needless_pass_by_value,
    reason = "callers pass the result of a call"
)]
fn assert_renamed<T: std::fmt::Debug>(result: Result<T, CookieError>, old: &str, new: &str) {
    assert_matches!(
        result,
        Err(CookieError::Renamed { name, new_name, .. }) if name == old && new_name == new
    );
}

/// Asserts that a `delete` of `cookie` is `ScopeMismatch`, which shows these scopes.
#[track_caller]
fn assert_scope_mismatch(
    layer: &CookieLayer,
    cookie: impl Into<Cookie<'static>>,
    shown_declared: &str,
    shown_given: &str,
) {
    let (jar, cookie) = (jar(layer), cookie.into());
    assert_matches!(
        jar.delete(cookie.clone()),
        Err(CookieError::ScopeMismatch { name, declared, given, .. })
            if name == cookie.name()
                && declared.to_string() == shown_declared
                && given.to_string() == shown_given
    );
    assert!(jar.queued().is_empty());
}

#[test]
fn set_of_new_name_deletes_old_name_first_and_once() {
    let expected = [deletion("old", "/"), "new=2; Path=/app".into()];
    let sent = cookies(&layer(), |jar| {
        jar.set(("new", "1"))?;
        jar.set(("new", "2"))
    });
    assert_eq!(sent, expected);
    let sent = cookies(&layer(), |jar| {
        jar.delete("old")?;
        jar.set(("new", "2"))
    });
    assert_eq!(sent, expected);
}

#[test]
fn delete_of_new_or_old_name_deletes_both() {
    let expected = [deletion("old", "/"), deletion("new", "/app")];
    for name in ["new", "old"] {
        assert_eq!(deleted(&layer(), name), expected);
        let sent = cookies(&layer(), |jar| {
            jar.set(("new", "1"))?;
            jar.delete(name)
        });
        assert_eq!(sent, expected);
    }
    // Both is sent once.
    let sent = cookies(&layer(), |jar| {
        jar.delete("old")?;
        jar.delete("new")?;
        jar.delete("old")
    });
    assert_eq!(sent, expected);
}

/// A `delete` that was left over under the previous name still logs the user out.
#[cfg(feature = "test-util")]
#[tokio::test]
async fn browser_with_old_and_new_cookie_has_new_after_set_and_none_after_delete() {
    use http::Response;
    use tower::{ServiceBuilder, service_fn};
    use tower_django_cookies::test::Client;

    for name in ["__Host-session", "session"] {
        let layer = CookieLayer::new()
            .declare("__Host-session")
            .and_then(|layer| layer.renamed("session", "__Host-session"))
            .expect("a valid configuration");
        let app = service_fn(async |request: Request<String>| {
            let jar = support::jar_of(&request);
            match request.uri().path() {
                "/login" => jar.set(("__Host-session", "2"))?,
                _ => jar.delete(name)?,
            }
            Ok::<_, CookieError>(Response::new(String::new()))
        });
        let mut browser = Client::new(ServiceBuilder::new().layer(layer).service(app));
        let names = |cookies: Vec<Cookie<'static>>| {
            let names = cookies.iter().map(|cookie| cookie.name().to_owned());
            names.collect::<Vec<_>>()
        };

        browser.set_cookie(("session", "1")).expect("a cookie");
        browser.get("/login").await.expect("a response");
        assert_eq!(names(browser.cookies()), ["__Host-session"]);

        browser.set_cookie(("session", "1")).expect("a cookie");
        assert_eq!(names(browser.cookies()).len(), 2);
        browser.get("/logout").await.expect("a response");
        assert!(browser.cookies().is_empty(), "{name}");
    }
}

#[test]
fn delete_of_old_name_with_its_scope_deletes_both() {
    let expected = [deletion("old", "/"), deletion("new", "/app")];
    for given in [
        old(),
        old().path("/"),
        old().domain(""),
        old().partitioned(false),
        old().path("/").domain("").partitioned(false),
        // Value and lifetime are ignored.
        Cookie::build(("old", "1")).path("/"),
    ] {
        assert_eq!(deleted(&layer(), given.clone()), expected, "{given:?}");
    }
    for given in [new(), new().path("/app")] {
        assert_eq!(deleted(&layer(), given), expected);
    }
}

/// The scope of one name is no scope of the other.
#[test]
fn delete_of_either_name_with_other_scope_is_scope_mismatch() {
    let at_old = "host-only; Path=/";
    for (given, shown) in [
        (old().path("/app"), "host-only; Path=/app"),
        (old().path(""), "host-only; no Path"),
        (old().domain("example.com"), "Domain=example.com; Path=/"),
        (old().partitioned(true), "host-only; Path=/; Partitioned"),
    ] {
        assert_scope_mismatch(&layer(), given, at_old, shown);
    }
    let at_new = "host-only; Path=/app";
    assert_scope_mismatch(&layer(), new().path("/"), at_new, "host-only; Path=/");
}

#[test]
fn set_of_old_name_is_renamed() {
    let jar = jar(&layer());
    for cookie in [
        Cookie::build(("old", "1")),
        Cookie::build(("old", "1")).path("/"),
        Cookie::build(("old", "1")).path("/app"),
        Cookie::build(("old", "\0")),
    ] {
        assert_renamed(jar.set(cookie), "old", "new");
    }
    assert!(jar.queued().is_empty());
    // Cookie names are case-sensitive (RFC 6265 §5.3).
    let sent = cookies(&layer(), |jar| jar.set(("Old", "1")));
    assert_eq!(sent, ["Old=1; Path=/"]);
}

#[test]
fn failed_set_and_delete_of_new_name_delete_no_old_name() {
    let jar = jar(&layer());
    assert_matches!(
        jar.set(("new", "\0")),
        Err(CookieError::ControlCharacter { .. })
    );
    assert_matches!(
        jar.set(Cookie::build(("new", "1")).path("/")),
        Err(CookieError::ScopeMismatch { .. })
    );
    assert!(jar.queued().is_empty());
}

#[test]
fn several_old_names_are_deleted_in_order_of_the_layer() {
    let layer = layer()
        .renamed(Cookie::build("older").path("/old"), "new")
        .and_then(|layer| layer.renamed("oldest", "new"))
        .expect("previous names");
    let old_ones = [
        deletion("old", "/"),
        deletion("older", "/old"),
        deletion("oldest", "/"),
    ];
    let set = cookies(&layer, |jar| jar.set(("new", "1")));
    assert_eq!(set[..3], old_ones);
    assert_eq!(set[3..], ["new=1; Path=/app"]);
    for name in ["old", "older", "oldest", "new"] {
        let sent = deleted(&layer, name);
        assert_eq!(sent[..3], old_ones, "{name}");
        assert_eq!(sent[3..], [deletion("new", "/app")], "{name}");
    }
    for name in ["old", "older", "oldest"] {
        assert_renamed(jar(&layer).set((name, "1")), name, "new");
    }
    assert_scope_mismatch(
        &layer,
        old().path("/old"),
        "host-only; Path=/",
        "host-only; Path=/old",
    );
}

#[test]
fn several_scopes_of_one_old_name_are_all_deleted() {
    let layer = layer()
        .renamed(old().path("/old").domain("example.com"), "new")
        .expect("a previous scope");
    let at_domain = format!("old=\"\"; Domain=example.com; expires={EPOCH}; Max-Age=0; Path=/old");
    let expected = [deletion("old", "/"), at_domain, deletion("new", "/app")];
    for given in [
        new(),
        old(),
        old().path("/"),
        old().path("/old"),
        old().domain(".EXAMPLE.com"),
        old().path("/old").domain("example.com"),
    ] {
        assert_eq!(deleted(&layer, given.clone()), expected, "{given:?}");
    }
    // Parts of two scopes do not make a scope.
    assert_scope_mismatch(
        &layer,
        old().path("/old").domain(""),
        "host-only; Path=/",
        "host-only; Path=/old",
    );
    assert_scope_mismatch(
        &layer,
        old().path("/").domain("example.com"),
        "host-only; Path=/",
        "Domain=example.com; Path=/",
    );
}

#[test]
fn old_names_and_retired_scopes_are_deleted_together() {
    let retired_first = CookieLayer::new()
        .declare(new().path("/app"))
        .and_then(|layer| layer.retire(new().path("/")))
        .and_then(|layer| layer.renamed(old().path("/old"), "new"))
        .expect("a valid configuration");
    let renamed_first = CookieLayer::new()
        .declare(new().path("/app"))
        .and_then(|layer| layer.renamed(old().path("/old"), "new"))
        .and_then(|layer| layer.retire(new().path("/")))
        .expect("a valid configuration");
    let (at_retired, at_old) = (deletion("new", "/"), deletion("old", "/old"));
    for (layer, first, second) in [
        (retired_first, &at_retired, &at_old),
        (renamed_first, &at_old, &at_retired),
    ] {
        for given in [
            new(),
            old(),
            new().path("/"),
            new().path("/app"),
            old().path("/old"),
        ] {
            assert_eq!(
                deleted(&layer, given.clone()),
                [&**first, &**second, &*deletion("new", "/app")],
                "{given:?}"
            );
        }
        let set = cookies(&layer, |jar| jar.set(("new", "1")));
        assert_eq!(set, [&**first, &**second, "new=1; Path=/app"]);
        for path in ["/", "/app"] {
            assert_scope_mismatch(
                &layer,
                old().path(path),
                "host-only; Path=/old",
                &format!("host-only; Path={path}"),
            );
        }
        assert_scope_mismatch(
            &layer,
            new().path("/old"),
            "host-only; Path=/app",
            "host-only; Path=/old",
        );
    }
}

#[test]
fn old_scope_that_host_does_not_allow_is_skipped() {
    let layer = CookieLayer::new()
        .declare(new().domain("example.com"))
        .and_then(|layer| layer.renamed(old().domain("old.example.com"), "new"))
        .and_then(|layer| layer.renamed(old().path("/"), "new"))
        .expect("a valid configuration");
    let at = |host: &str| {
        let request = Request::builder().header("host", host).body(());
        request.expect("a request")
    };
    for given in [new(), old(), old().domain("old.example.com")] {
        let sent = set_cookies(&response_headers(&layer, at("www.example.com"), |jar| {
            jar.delete(given.clone()).expect("no error");
        }));
        let at_new = format!("new=\"\"; Domain=example.com; expires={EPOCH}; Max-Age=0; Path=/");
        assert_eq!(sent, [deletion("old", "/"), at_new]);

        // If the declared scope is not allowed, the call is the error.
        let jar = layer.jar(&at("example.org"));
        assert_matches!(
            jar.delete(given),
            Err(CookieError::DomainMismatch { name, domain, .. })
                if name == "new" && domain == "example.com"
        );
        assert!(jar.queued().is_empty());
    }
}

#[test]
fn old_name_under_deny_undeclared_can_be_deleted_and_its_set_is_renamed() {
    let layer = layer().deny_undeclared();
    assert_eq!(
        deleted(&layer, "old"),
        [deletion("old", "/"), deletion("new", "/app")]
    );
    let jar = jar(&layer);
    assert_renamed(jar.set(("old", "1")), "old", "new");
    for result in [jar.set(("other", "1")), jar.delete("other")] {
        assert_matches!(
            result,
            Err(CookieError::Undeclared { name, .. }) if name == "other"
        );
    }
    assert!(jar.queued().is_empty());
}

/// `session` → `__Host-session`, the commonest rename. In a cross-site response, browsers delete the
/// previous cookie only with `SameSite=None` and `Secure`.
#[test]
fn delete_of_old_name_has_secure_and_same_site_of_prefixed_declaration() {
    let prefixed = |same_site: Option<SameSite>| {
        let mut declared = Cookie::new("__Host-Http-session", "");
        declared.set_same_site(same_site);
        CookieLayer::new()
            .declare(declared)
            .and_then(|layer| {
                layer.renamed(Cookie::build("session").path("/"), "__Host-Http-session")
            })
            .expect("a valid configuration")
    };
    let new_one = format!("__Host-Http-session=\"\"; expires={EPOCH}; HttpOnly; Max-Age=0; Path=/");
    for (same_site, suffix) in [
        (None, "; Secure"),
        (Some(SameSite::Lax), "; SameSite=Lax; Secure"),
        (Some(SameSite::None), "; SameSite=None; Secure"),
    ] {
        for name in ["session", "__Host-Http-session"] {
            assert_eq!(
                deleted(&prefixed(same_site), name),
                [deletion("session", "/") + suffix, new_one.clone() + suffix]
            );
        }
        let set = cookies(&prefixed(same_site), |jar| {
            jar.set(("__Host-Http-session", "1"))
        });
        assert_eq!(
            set,
            [
                deletion("session", "/") + suffix,
                format!("__Host-Http-session=1; HttpOnly; Path=/{suffix}"),
            ]
        );
    }
    // The prefix requires both, so neither can be switched off.
    let jar = jar(&prefixed(None));
    for (given, expected) in [
        (Cookie::build("session").secure(false), "Secure"),
        (Cookie::build("session").http_only(false), "HttpOnly"),
    ] {
        assert_matches!(
            jar.delete(given),
            Err(CookieError::Downgrade { attribute, .. }) if *attribute == expected
        );
    }
    assert!(jar.queued().is_empty());
}

/// The rename back, `__Host-Http-session` → `session`.
#[test]
fn delete_of_prefixed_old_name_has_what_its_prefix_requires() {
    let layer = CookieLayer::new()
        .declare("session")
        .and_then(|layer| layer.renamed("__Host-Http-session", "session"))
        .and_then(|layer| {
            let secure = Cookie::build("__secure-session").domain("example.com");
            layer.renamed(secure.path("/app"), "session")
        })
        .expect("a valid configuration");
    let old_ones = [
        format!("__Host-Http-session=\"\"; expires={EPOCH}; HttpOnly; Max-Age=0; Path=/; Secure"),
        format!(
            "__secure-session=\"\"; Domain=example.com; expires={EPOCH}; Max-Age=0; Path=/app; Secure"
        ),
    ];
    for name in ["session", "__Host-Http-session", "__secure-session"] {
        let sent = deleted(&layer, name);
        assert_eq!(sent[..2], old_ones);
        assert_eq!(sent[2..], [deletion("session", "/")]);
    }
    let set = cookies(&layer, |jar| jar.set(("session", "1")));
    assert_eq!(set[..2], old_ones);
    assert_eq!(set[2..], ["session=1; Path=/"]);
}

#[test]
fn given_same_site_secure_and_http_only_apply_under_every_name() {
    for name in ["old", "new"] {
        let given = Cookie::build(name)
            .same_site(SameSite::None)
            .http_only(true);
        let flags = |name: &str, path: &str| {
            format!(
                "{name}=\"\"; expires={EPOCH}; HttpOnly; Max-Age=0; Path={path}; SameSite=None; Secure"
            )
        };
        assert_eq!(
            deleted(&layer(), given),
            [flags("old", "/"), flags("new", "/app")]
        );
    }
}

/// Unset `SameSite` and `Secure` of the previous name default to the declaration's. `HttpOnly` does not
/// matter for a delete, and a cookie of another name was unpartitioned unless it is given as partitioned.
#[test]
fn same_site_and_secure_of_old_name_default_to_declaration() {
    let layer = CookieLayer::new()
        .declare(
            new()
                .path("/app")
                .partitioned(true)
                .http_only(true)
                .same_site(SameSite::None),
        )
        .and_then(|layer| layer.renamed(old(), "new"))
        .and_then(|layer| {
            let strict = Cookie::build("older").same_site(SameSite::Strict);
            layer.renamed(strict.partitioned(true), "new")
        })
        .expect("a valid configuration");
    let deleted = deleted(&layer, "new");
    assert_eq!(
        deleted[..2],
        [
            deletion("old", "/") + "; SameSite=None; Secure",
            format!(
                "older=\"\"; expires={EPOCH}; Max-Age=0; Partitioned; Path=/; SameSite=Strict; Secure"
            ),
        ]
    );
}

#[test]
fn secure_or_http_only_false_against_old_name_is_downgrade() {
    let layer = CookieLayer::new()
        .declare("new")
        .and_then(|layer| layer.renamed(old().secure(true).http_only(true), "new"))
        .expect("a valid configuration");
    let jar = jar(&layer);
    for name in ["old", "new"] {
        let given = Cookie::build(name);
        for (given, expected) in [
            (given.clone().secure(false), "Secure"),
            (given.http_only(false), "HttpOnly"),
        ] {
            assert_matches!(
                jar.delete(given),
                Err(CookieError::Downgrade { attribute, .. }) if *attribute == expected
            );
        }
    }
    assert!(jar.queued().is_empty());
}

/// Browsers store these names and Paths, though `set` refuses them.
#[test]
fn old_name_or_path_that_only_delete_accepts_is_deleted() {
    for name in [
        "user[id]",
        "path",
        "Expires",
        "c d",
        "é",
        "a\tb",
        "\u{2000}a",
        "🍪",
    ] {
        let layer = CookieLayer::new()
            .declare("user_id")
            .and_then(|layer| layer.renamed(Cookie::build(name).path("/my files"), "user_id"))
            .expect("a previous name");
        let expected = [deletion(name, "/my files"), deletion("user_id", "/")];
        assert_eq!(deleted(&layer, name), expected);
        assert_eq!(
            deleted(&layer, Cookie::build(name).path("/my files")),
            expected
        );
        assert_eq!(deleted(&layer, "user_id"), expected);
        let set = cookies(&layer, |jar| jar.set(("user_id", "1")));
        assert_eq!(set, [&*expected[0], "user_id=1; Path=/"]);
        assert_renamed(jar(&layer).set((name, "1")), name, "user_id");
    }
    // With the quotes of Django's `delete_cookie`, the name would be too long for browsers.
    let long = "a".repeat(4095);
    let layer = layer().renamed(long.clone(), "new");
    let sent = deleted(&layer.expect("a previous name"), "new");
    assert_eq!(
        sent[1],
        format!("{long}=; expires={EPOCH}; Max-Age=0; Path=/")
    );
}

#[test]
fn set_and_delete_after_response_are_response_started() {
    let mut kept = None;
    response_cookies(&layer(), |jar| kept = Some(jar.clone()));
    let jar = kept.expect("the handler was called");
    support::assert_response_started(jar.set(("new", "1")), "new");
    support::assert_response_started(jar.set(("old", "1")), "old");
    support::assert_response_started(jar.delete("old"), "old");
}

#[test]
fn queued_and_debug_show_old_and_new_name() {
    let jar = jar(&layer());
    jar.set(("new", "s3cret")).expect("the new name");
    let queued = jar.queued();
    let shown: Vec<_> = queued
        .iter()
        .map(|cookie| (cookie.name(), cookie.value(), cookie.path()))
        .collect();
    assert_eq!(
        shown,
        [("old", "", Some("/")), ("new", "s3cret", Some("/app"))]
    );
    let debug = format!("{jar:?}");
    assert!(debug.contains(r#"queued: ["old", "new"]"#), "{debug}");
}

#[test]
fn debug_of_layer_shows_old_name_and_scope_without_value() {
    let layer = CookieLayer::new()
        .declare("new")
        .expect("a valid declaration")
        .renamed(Cookie::build(("old", "s3cret")).path("/before"), "new")
        .expect("a previous name");
    let debug = format!("{layer:?}");
    assert!(
        debug.contains("old") && debug.contains("/before"),
        "{debug}"
    );
    assert!(!debug.contains("s3cret"), "{debug}");
}
