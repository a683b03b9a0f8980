//! A declared cookie cannot be set or deleted at another scope, and `retire` deletes it at its
//! previous scopes.

mod support;

use http::Request;
use support::{EPOCH, assert_matches, deletion, response_cookies, response_headers, set_cookies};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite};

fn session() -> CookieBuilder<'static> {
    Cookie::build("session")
}

fn layer() -> CookieLayer {
    CookieLayer::new()
        .declare(
            session()
                .path("/app")
                .domain("Example.com")
                .secure(true)
                .http_only(true)
                .same_site(SameSite::Lax),
        )
        .expect("a valid declaration")
}

/// The `Set-Cookie` headers of the response to a request whose host is unknown.
fn cookies(
    layer: &CookieLayer,
    handler: impl Fn(&CookieJar) -> Result<(), CookieError>,
) -> Vec<String> {
    response_cookies(layer, |jar| handler(jar).expect("no error"))
}

/// The `Set-Cookie` headers of the response to a request to `host`.
fn cookies_at(
    host: &str,
    layer: &CookieLayer,
    handler: impl Fn(&CookieJar) -> Result<(), CookieError>,
) -> Vec<String> {
    let request = Request::builder()
        .header("host", host)
        .body(())
        .expect("a valid request");
    set_cookies(&response_headers(layer, request, |jar| {
        handler(jar).expect("no error");
    }))
}

const SET: &str = "session=1; Domain=Example.com; HttpOnly; Path=/app; SameSite=Lax; Secure";

/// The `Set-Cookie` header that deletes the cookie at its declared scope.
fn deleted() -> String {
    format!(
        "session=\"\"; Domain=Example.com; expires={EPOCH}; HttpOnly; Max-Age=0; Path=/app; SameSite=Lax; Secure"
    )
}

#[test]
fn set_and_delete_use_declared_scope_and_attributes() {
    assert_eq!(cookies(&layer(), |jar| jar.set(("session", "1"))), [SET]);
    assert_eq!(cookies(&layer(), |jar| jar.delete("session")), [deleted()]);
}

#[test]
fn set_and_delete_with_given_declared_scope_succeed() {
    for domain in ["example.com", ".EXAMPLE.COM"] {
        let cookie = || {
            Cookie::build(("session", "1"))
                .path("/app")
                .domain(domain)
                .partitioned(false)
        };
        // The Domain is sent in the declared spelling.
        assert_eq!(cookies(&layer(), |jar| jar.set(cookie())), [SET]);
        assert_eq!(cookies(&layer(), |jar| jar.delete(cookie())), [deleted()]);
    }
}

#[test]
fn set_with_other_same_site_and_max_age_overrides_declaration() {
    let layer = CookieLayer::new()
        .declare(
            session()
                .same_site(SameSite::Lax)
                .max_age(Duration::hours(1)),
        )
        .expect("a valid declaration");
    let cookie = || {
        Cookie::build(("session", "1"))
            .same_site(SameSite::Strict)
            .max_age(Duration::ZERO)
    };
    let set = cookies(&layer, |jar| jar.set(cookie()));
    assert!(set[0].starts_with("session=1; expires="), "{set:?}");
    assert!(
        set[0].ends_with("; Max-Age=0; Path=/; SameSite=Strict"),
        "{set:?}"
    );
}

/// `SameSite=None` adds Secure to the declaration. A set with another `SameSite` keeps Secure.
#[test]
fn secure_required_by_declared_same_site_none_is_declared() {
    let layer = CookieLayer::new()
        .declare(session().same_site(SameSite::None))
        .expect("a valid declaration");
    let lax = || Cookie::build(("session", "1")).same_site(SameSite::Lax);
    assert_eq!(
        cookies(&layer, |jar| jar.set(lax())),
        ["session=1; Path=/; SameSite=Lax; Secure"]
    );
    let jar = layer.jar(&Request::new(()));
    let result = jar.set(lax().secure(false));
    assert_matches!(
        result,
        Err(CookieError::Downgrade {
            attribute: "Secure",
            ..
        })
    );
}

#[test]
fn set_and_delete_of_undeclared_name_with_deny_undeclared_are_undeclared() {
    let set = |jar: &CookieJar| jar.set(Cookie::build(("theme", "dark")).path("/x"));
    assert_eq!(cookies(&layer(), set), ["theme=dark; Path=/x"]);
    let jar = layer().deny_undeclared().jar(&Request::new(()));
    assert_matches!(set(&jar), Err(CookieError::Undeclared { .. }));
    assert_matches!(jar.delete("theme"), Err(CookieError::Undeclared { .. }));
    assert_eq!(jar.set(("session", "1")), Ok(()));
}

/// Cookie names are case-sensitive (RFC 6265 §5.3).
#[test]
fn declared_name_in_other_case_is_undeclared() {
    assert_eq!(
        cookies(&layer(), |jar| jar.set(("Session", "1"))),
        ["Session=1; Path=/"]
    );
}

fn layer_with_retired_scopes() -> CookieLayer {
    layer()
        .retire(session().path("/"))
        .expect("a valid scope to retire")
        .retire(
            session()
                .path("/old")
                .domain("old.example.com")
                .same_site(SameSite::Strict)
                .http_only(true),
        )
        .expect("a valid scope to retire")
}

/// The `Set-Cookie` headers that delete the cookie at its retired scopes.
fn deleted_at_retired_scopes() -> [String; 2] {
    [
        deletion("session", "/") + "; SameSite=Lax; Secure",
        format!(
            "session=\"\"; Domain=old.example.com; expires={EPOCH}; HttpOnly; Max-Age=0; Path=/old; \
             SameSite=Strict; Secure"
        ),
    ]
}

#[test]
fn set_and_delete_delete_retired_scopes_first_and_once() {
    let [first, second] = deleted_at_retired_scopes();
    let set = cookies(&layer_with_retired_scopes(), |jar| {
        jar.set(("session", "0"))?;
        jar.set(("session", "1"))
    });
    assert_eq!(set, [&*first, &*second, SET]);
    let delete = cookies(&layer_with_retired_scopes(), |jar| jar.delete("session"));
    assert_eq!(delete, [first, second, deleted()]);
}

#[test]
fn retired_scopes_with_domain_mismatch_are_skipped() {
    let [first, second] = deleted_at_retired_scopes();
    let set = |jar: &CookieJar| jar.set(("session", "1"));
    assert_eq!(
        cookies_at("www.example.com", &layer_with_retired_scopes(), set),
        [&*first, SET]
    );
    assert_eq!(
        cookies_at("old.example.com", &layer_with_retired_scopes(), set),
        [&*first, &*second, SET]
    );
}

#[test]
fn delete_at_retired_scope_deletes_only_that_scope() {
    let [first, second] = deleted_at_retired_scopes();
    let delete = |cookie: CookieBuilder<'static>| {
        cookies(&layer_with_retired_scopes(), |jar| {
            jar.delete(cookie.clone())
        })
    };
    assert_eq!(delete(session().path("/")), [first]);
    assert_eq!(delete(session().path("/old")), [&*second]);
    assert_eq!(delete(session().domain(".OLD.example.com")), [second]);
    assert_eq!(delete(session().path("/app")).last(), Some(&deleted()));
}

#[test]
fn partitioned_of_retired_scope_defaults_to_declaration() {
    let at = |path: &'static str| Cookie::build("session").path(path);
    let declared = CookieLayer::new().declare(at("/app").partitioned(true));
    let layer = declared
        .and_then(|layer| layer.retire(at("/old")))
        .and_then(|layer| layer.retire(at("/older").partitioned(false)))
        .expect("valid scopes to retire");
    let deleted = format!("session=\"\"; expires={EPOCH}; Max-Age=0");
    assert_eq!(
        cookies(&layer, |jar| jar.delete("session")),
        [
            format!("{deleted}; Partitioned; Path=/old; Secure"),
            format!("{deleted}; Path=/older; Secure"),
            format!("{deleted}; Partitioned; Path=/app; Secure"),
        ]
    );
}

#[test]
fn set_at_retired_scope_is_scope_mismatch() {
    let jar = layer_with_retired_scopes().jar(&Request::new(()));
    let result = jar.set(Cookie::build(("session", "1")).path("/old"));
    assert_matches!(result, Err(CookieError::ScopeMismatch { .. }));
    assert!(jar.queued().is_empty());
}

#[test]
fn delete_matching_several_retired_scopes_is_ambiguous_scope() {
    let layer = layer()
        .retire(session().path("/old"))
        .and_then(|layer| layer.retire(session().path("/old").domain("old.example.com")))
        .expect("valid scopes to retire");
    let jar = layer.jar(&Request::new(()));
    let result = jar.delete(session().path("/old"));
    assert_matches!(result, Err(CookieError::AmbiguousScope { .. }));
    assert_eq!(jar.delete(session().path("/old").domain("")), Ok(()));
}

#[test]
fn failed_set_deletes_no_retired_scope() {
    let jar = layer_with_retired_scopes().jar(&Request::new(()));
    assert_matches!(
        jar.set(("session", "\0")),
        Err(CookieError::ControlCharacter { .. })
    );
    assert_matches!(
        jar.set(Cookie::build(("session", "1")).path("/")),
        Err(CookieError::ScopeMismatch { .. })
    );
    assert!(jar.queued().is_empty());
}

#[test]
fn debug_of_layer_shows_declarations_without_values() {
    let layer = CookieLayer::new()
        .declare(Cookie::build(("session", "s3cret")).path("/app"))
        .and_then(|layer| layer.retire(("session", "s3cret")))
        .expect("a valid declaration");
    let text = format!("{layer:?}");
    assert!(text.contains("session") && text.contains("/app"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}
