//! A declared cookie can't be set or deleted at another scope, and its former scopes end.

mod support;

use http::Request;
use support::{answer, sent, set_cookies};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite};

const OVER: &str = "expires=Thu, 01 Jan 1970 00:00:00 GMT";

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
        .expect("a declaration")
}

fn fields(
    layer: &CookieLayer,
    handler: impl Fn(&CookieJar) -> Result<(), CookieError>,
) -> Vec<String> {
    sent(layer, |jar| handler(jar).expect("no error"))
}

fn fields_at(
    host: &str,
    layer: &CookieLayer,
    handler: impl Fn(&CookieJar) -> Result<(), CookieError>,
) -> Vec<String> {
    let request = Request::builder()
        .header("host", host)
        .body(())
        .expect("a request");
    set_cookies(&answer(layer, request, |jar| {
        handler(jar).expect("no error");
    }))
}

const SET: &str = "session=1; Domain=Example.com; HttpOnly; Path=/app; SameSite=Lax; Secure";

fn deleted() -> String {
    format!(
        "session=\"\"; Domain=Example.com; {OVER}; HttpOnly; Max-Age=0; Path=/app; SameSite=Lax; Secure"
    )
}

#[test]
fn set_and_delete_go_out_with_the_declared_scope_and_attributes() {
    assert_eq!(fields(&layer(), |jar| jar.set(("session", "1"))), [SET]);
    assert_eq!(fields(&layer(), |jar| jar.delete("session")), [deleted()]);
}

#[test]
fn the_declared_scope_may_be_said_again() {
    for domain in ["example.com", ".EXAMPLE.COM"] {
        let cookie = || {
            Cookie::build(("session", "1"))
                .path("/app")
                .domain(domain)
                .partitioned(false)
        };
        // It goes out in the declared spelling.
        assert_eq!(fields(&layer(), |jar| jar.set(cookie())), [SET]);
        assert_eq!(fields(&layer(), |jar| jar.delete(cookie())), [deleted()]);
    }
}

#[test]
fn same_site_and_lifetime_may_be_said_otherwise() {
    let layer = CookieLayer::new()
        .declare(
            session()
                .same_site(SameSite::Lax)
                .max_age(Duration::hours(1)),
        )
        .expect("a declaration");
    let cookie = || {
        Cookie::build(("session", "1"))
            .same_site(SameSite::Strict)
            .max_age(Duration::ZERO)
    };
    let set = fields(&layer, |jar| jar.set(cookie()));
    assert!(set[0].starts_with("session=1; expires="), "{set:?}");
    assert!(
        set[0].ends_with("; Max-Age=0; Path=/; SameSite=Strict"),
        "{set:?}"
    );
}

/// A cookie that was `Secure` for its `SameSite` stays so when that changes.
#[test]
fn what_a_declaration_needed_is_declared() {
    let layer = CookieLayer::new()
        .declare(session().same_site(SameSite::None))
        .expect("a declaration");
    let lax = || Cookie::build(("session", "1")).same_site(SameSite::Lax);
    assert_eq!(
        fields(&layer, |jar| jar.set(lax())),
        ["session=1; Path=/; SameSite=Lax; Secure"]
    );
    let jar = layer.jar(&Request::new(()));
    let downgrade = jar.set(lax().secure(false));
    assert!(matches!(
        downgrade,
        Err(CookieError::Downgrade {
            attribute: "Secure",
            ..
        })
    ));
}

#[test]
fn other_names_are_free_unless_these_are_denied() {
    let set = |jar: &CookieJar| jar.set(Cookie::build(("theme", "dark")).path("/x"));
    assert_eq!(fields(&layer(), set), ["theme=dark; Path=/x"]);
    let jar = layer().deny_undeclared().jar(&Request::new(()));
    assert!(matches!(set(&jar), Err(CookieError::Undeclared { .. })));
    assert!(matches!(
        jar.delete("theme"),
        Err(CookieError::Undeclared { .. })
    ));
    assert!(jar.set(("session", "1")).is_ok());
}

/// Names are compared in their case (RFC 6265 §5.3).
#[test]
fn another_spelling_of_a_declared_name_is_another_name() {
    assert_eq!(
        fields(&layer(), |jar| jar.set(("Session", "1"))),
        ["Session=1; Path=/"]
    );
}

fn with_former_scopes() -> CookieLayer {
    layer()
        .retire(session().path("/"))
        .expect("a former scope")
        .retire(
            session()
                .path("/old")
                .domain("old.example.com")
                .same_site(SameSite::Strict)
                .http_only(true),
        )
        .expect("a former scope")
}

fn former() -> [String; 2] {
    [
        format!("session=\"\"; {OVER}; Max-Age=0; Path=/; SameSite=Lax; Secure"),
        format!(
            "session=\"\"; Domain=old.example.com; {OVER}; HttpOnly; Max-Age=0; Path=/old; \
             SameSite=Strict; Secure"
        ),
    ]
}

#[test]
fn set_and_delete_end_the_former_scopes_first_and_once() {
    let [first, second] = former();
    let set = fields(&with_former_scopes(), |jar| {
        jar.set(("session", "0"))?;
        jar.set(("session", "1"))
    });
    assert_eq!(set, [&*first, &*second, SET]);
    let delete = fields(&with_former_scopes(), |jar| jar.delete("session"));
    assert_eq!(delete, [first, second, deleted()]);
}

#[test]
fn former_scopes_that_the_host_can_not_have_set_are_left_out() {
    let [first, second] = former();
    let set = |jar: &CookieJar| jar.set(("session", "1"));
    assert_eq!(
        fields_at("www.example.com", &with_former_scopes(), set),
        [&*first, SET]
    );
    assert_eq!(
        fields_at("old.example.com", &with_former_scopes(), set),
        [&*first, &*second, SET]
    );
}

#[test]
fn a_delete_that_names_a_former_scope_ends_just_that() {
    let [first, second] = former();
    let delete = |cookie: CookieBuilder<'static>| {
        fields(&with_former_scopes(), |jar| jar.delete(cookie.clone()))
    };
    assert_eq!(delete(session().path("/")), [first]);
    assert_eq!(delete(session().path("/old")), [&*second]);
    assert_eq!(delete(session().domain(".OLD.example.com")), [second]);
    assert_eq!(delete(session().path("/app")).last(), Some(&deleted()));
}

#[test]
fn a_former_scope_is_partitioned_as_the_declared_one_unless_it_says_otherwise() {
    let at = |path: &'static str| Cookie::build("session").path(path);
    let declared = CookieLayer::new().declare(at("/app").partitioned(true));
    let layer = declared
        .and_then(|layer| layer.retire(at("/old")))
        .and_then(|layer| layer.retire(at("/older").partitioned(false)))
        .expect("former scopes");
    let fields = sent(&layer, |jar| jar.delete("session").expect("a delete"));
    let gone = "session=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0";
    assert_eq!(
        fields,
        [
            format!("{gone}; Partitioned; Path=/old; Secure"),
            format!("{gone}; Path=/older; Secure"),
            format!("{gone}; Partitioned; Path=/app; Secure"),
        ]
    );
}

#[test]
fn a_set_never_goes_to_a_former_scope() {
    let jar = with_former_scopes().jar(&Request::new(()));
    let error = jar.set(Cookie::build(("session", "1")).path("/old"));
    assert!(
        matches!(error, Err(CookieError::ScopeMismatch { .. })),
        "{error:?}"
    );
    assert!(jar.queued().is_empty());
}

#[test]
fn a_delete_that_fits_several_former_scopes_is_refused() {
    let layer = layer()
        .retire(session().path("/old"))
        .and_then(|layer| layer.retire(session().path("/old").domain("old.example.com")))
        .expect("former scopes");
    let jar = layer.jar(&Request::new(()));
    let error = jar.delete(session().path("/old"));
    assert!(
        matches!(error, Err(CookieError::AmbiguousScope { .. })),
        "{error:?}"
    );
    assert!(jar.delete(session().path("/old").domain("")).is_ok());
}

#[test]
fn an_error_ends_no_former_scope() {
    let jar = with_former_scopes().jar(&Request::new(()));
    assert!(jar.set(("session", "\0")).is_err());
    assert!(jar.set(Cookie::build(("session", "1")).path("/")).is_err());
    assert!(jar.queued().is_empty());
}

#[test]
fn debug_shows_what_is_declared_and_no_value() {
    let layer = CookieLayer::new()
        .declare(Cookie::build(("session", "s3cret")).path("/app"))
        .and_then(|layer| layer.retire(("session", "s3cret")))
        .expect("a declaration");
    let text = format!("{layer:?}");
    assert!(text.contains("session") && text.contains("/app"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}
