//! A declared cookie cannot be set or deleted at another scope, and `retire` deletes it at its
//! previous scopes.

#[path = "scopes/combinations.rs"]
mod combinations;
mod support;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use http::Request;
use support::{EPOCH, assert_matches, deletion, response_cookies, response_headers, set_cookies};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{
    Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite, Scope,
};

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

/// A `delete` that was left over at the previous scope still logs the user out.
#[test]
fn delete_at_declared_or_retired_scope_deletes_every_scope() {
    let [first, second] = deleted_at_retired_scopes();
    for given in [
        session(),
        session().path("/"),
        session().path("/").domain("").partitioned(false),
        session().path("/old"),
        session().domain(".OLD.example.com"),
        session().path("/old").domain("old.example.com"),
        session().path("/app"),
        session().domain("example.COM"),
        session().path("/app").domain("example.com"),
        session().domain(""),
        session().partitioned(false),
    ] {
        let sent = cookies(&layer_with_retired_scopes(), |jar| {
            jar.delete(given.clone())
        });
        assert_eq!(sent, [&*first, &*second, &*deleted()], "{given:?}");
    }
}

/// The smallest such case, with a browser that stores a copy at both Paths.
#[cfg(feature = "test-util")]
#[tokio::test]
async fn browser_with_copies_at_retired_and_declared_scope_has_none_after_delete() {
    use tower::{ServiceBuilder, service_fn};
    use tower_django_cookies::test::Client;

    for given in [session(), session().path("/"), session().path("/app")] {
        let layer = CookieLayer::new()
            .declare(session().path("/app"))
            .and_then(|layer| layer.retire(session().path("/")))
            .expect("valid declarations");
        let app = service_fn(async |request: Request<String>| {
            support::jar_of(&request).delete(given.clone())?;
            Ok::<_, CookieError>(http::Response::new(String::new()))
        });
        let mut browser = Client::new(ServiceBuilder::new().layer(layer).service(app));
        for path in ["/", "/app"] {
            let copy = Cookie::build(("session", "f81d4fae")).path(path);
            browser.set_cookie(copy).expect("a valid cookie");
        }
        assert_eq!(browser.cookies().len(), 2);
        browser.get("/app").await.expect("a response");
        assert!(browser.cookies().is_empty(), "{given:?}");
    }
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

/// `AmbiguousScope` is an error of undeclared cookies only.
#[test]
fn delete_matching_several_retired_scopes_deletes_every_scope() {
    let layer = layer()
        .retire(session().path("/old"))
        .and_then(|layer| layer.retire(session().path("/old").domain("old.example.com")))
        .expect("valid scopes to retire");
    let all = cookies(&layer, |jar| jar.delete("session"));
    assert_eq!(all.len(), 3);
    for given in [
        session().path("/old"),
        session().path("/old").domain(""),
        session().partitioned(false),
    ] {
        assert_eq!(cookies(&layer, |jar| jar.delete(given.clone())), all);
    }
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

/// The declared and the given scope of the error `ScopeMismatch`.
fn mismatched_scopes(
    declared: CookieBuilder<'static>,
    given: CookieBuilder<'static>,
) -> [Scope; 2] {
    let layer = CookieLayer::new().declare(declared);
    let jar = layer.expect("a valid declaration").jar(&Request::new(()));
    match jar.delete(given) {
        Err(CookieError::ScopeMismatch {
            declared, given, ..
        }) => [declared, given],
        result => panic!("{result:?}"),
    }
}

/// The scope `given`, from the error of a delete of a cookie that is declared elsewhere.
fn scope(given: CookieBuilder<'static>) -> Scope {
    let elsewhere = session().path("/elsewhere").domain("elsewhere.test");
    mismatched_scopes(elsewhere, given)[1].clone()
}

fn hash(scope: &Scope) -> u64 {
    let mut hasher = DefaultHasher::new();
    scope.hash(&mut hasher);
    hasher.finish()
}

/// Browsers compare Domains in any case (RFC 6265 §5.3, step 11, after §5.2.3).
#[test]
fn scopes_with_domain_in_other_case_are_equal_and_hash_equally() {
    let scopes = ["example.com", "Example.COM", "EXAMPLE.com", ".exAmple.com"]
        .map(|domain| scope(session().domain(domain).path("/app")));
    for (a, b) in scopes
        .iter()
        .flat_map(|a| scopes.iter().map(move |b| (a, b)))
    {
        assert_eq!(a, b);
        assert_eq!(hash(a), hash(b), "{a} {b}");
    }
    assert_eq!(HashSet::from(scopes.clone()).len(), 1);
    // Each scope is shown as given.
    assert_eq!(scopes[1].domain(), Some("Example.COM"));
    assert_eq!(scopes[1].to_string(), "Domain=Example.COM; Path=/app");

    let other_cases = [
        mismatched_scopes(session().domain("A.test"), session().path("/app")),
        mismatched_scopes(session().domain("a.TEST"), session().path("/app")),
    ];
    assert_eq!(other_cases[0], other_cases[1]);
}

#[test]
fn scopes_with_other_domain_path_or_partitioned_are_not_equal() {
    let scopes = [
        scope(session().domain("example.com").path("/app")),
        scope(session().domain("example.com.").path("/app")),
        scope(session().domain("www.example.com").path("/app")),
        scope(session().domain("").path("/app")),
        scope(session().domain("example.com").path("/App")),
        scope(session().domain("example.com").path("/app/")),
        scope(session().domain("example.com").path("")),
        scope(session().domain("").path("")),
        scope(
            session()
                .domain("example.com")
                .path("/app")
                .partitioned(true),
        ),
        scope(session().domain("").path("").partitioned(true)),
    ];
    for (i, a) in scopes.iter().enumerate() {
        for (j, b) in scopes.iter().enumerate() {
            assert_eq!(a == b, i == j, "{a} {b}");
        }
    }
    assert_eq!(HashSet::from(scopes.clone()).len(), scopes.len());
    let hashes: HashSet<_> = scopes.iter().map(hash).collect();
    assert_eq!(hashes.len(), scopes.len());
}

/// The Domain `.` in each way in which a cookie can have it.
fn with_dot_as_domain() -> [Cookie<'static>; 4] {
    let parsed = Cookie::parse("session=1; Domain=.").expect("a set-cookie-string");
    let spaced = Cookie::parse("session=1; Domain = . ").expect("a set-cookie-string");
    let owned = Cookie::parse("session=1; Domain=.".to_owned()).expect("a set-cookie-string");
    let built = Cookie::build(("session", "1")).domain(".").into();
    [parsed, spaced, owned, built]
}

#[test]
fn set_and_delete_with_dot_as_domain_are_host_only() {
    for cookie in with_dot_as_domain() {
        // The host of the request is not compared with an empty Domain.
        for at_host in [None, Some("www.example.com")] {
            let layer = CookieLayer::new();
            let send = |handler: &dyn Fn(&CookieJar) -> Result<(), CookieError>| match at_host {
                Some(host) => cookies_at(host, &layer, handler),
                None => cookies(&layer, handler),
            };
            let set = send(&|jar| jar.set(cookie.clone()));
            assert_eq!(set, ["session=1; Path=/"]);
            let delete = send(&|jar| jar.delete(cookie.clone()));
            assert_eq!(delete, [deletion("session", "/")]);
        }
    }
    // The prefix `__Host-` allows no Domain.
    let prefixed = cookies(&CookieLayer::new(), |jar| {
        jar.set(Cookie::build(("__Host-a", "1")).domain("."))
    });
    assert_eq!(prefixed, ["__Host-a=1; Path=/; Secure"]);
}

#[test]
fn delete_with_dot_as_domain_after_sets_at_two_domains_deletes_host_only_cookie() {
    let sent = cookies(&CookieLayer::new(), |jar| {
        jar.set(session().domain("example.com").path("/app"))?;
        jar.set(session().path("/app"))?;
        jar.delete(session().domain("."))
    });
    assert_eq!(
        sent,
        [
            r#"session=""; Domain=example.com; Path=/app"#.into(),
            deletion("session", "/app"),
        ]
    );
}

#[test]
fn set_and_delete_with_dot_as_domain_of_cookie_declared_with_domain_are_scope_mismatch() {
    for cookie in with_dot_as_domain() {
        let jar = layer().jar(&Request::new(()));
        for result in [jar.set(cookie.clone()), jar.delete(cookie.clone())] {
            assert_matches!(
                result,
                Err(CookieError::ScopeMismatch { given, .. })
                    if given.domain().is_none() && given.path() == Some("/app")
            );
        }
        assert!(jar.queued().is_empty());
    }
}

#[test]
fn declaration_with_dot_as_domain_is_host_only() {
    for cookie in with_dot_as_domain() {
        let layer = CookieLayer::new().declare(cookie).expect("a declaration");
        let given = || Cookie::build(("session", "1")).domain("");
        for sent in [
            cookies(&layer, |jar| jar.set(("session", "1"))),
            cookies(&layer, |jar| jar.set(given())),
            cookies_at("example.com", &layer, |jar| jar.set(given().domain("."))),
        ] {
            assert_eq!(sent, ["session=1; Path=/"]);
        }
        let result = layer
            .jar(&Request::new(()))
            .set(given().domain("example.com"));
        assert_matches!(
            result,
            Err(CookieError::ScopeMismatch { declared, .. }) if declared.domain().is_none()
        );
    }
}

#[test]
fn retire_with_dot_as_domain_is_host_only_scope() {
    for cookie in with_dot_as_domain() {
        let layer = CookieLayer::new()
            .declare(session().domain("example.com"))
            .and_then(|layer| layer.retire(cookie.clone()))
            .expect("a previous scope");
        assert_eq!(
            cookies(&layer, |jar| jar.set(("session", "1"))),
            [
                deletion("session", "/"),
                "session=1; Domain=example.com; Path=/".into()
            ]
        );
        assert_matches!(
            layer.retire(session()),
            Err(CookieError::AlreadyRetired { scope, .. }) if scope.domain().is_none()
        );

        let host_only = CookieLayer::new().declare("session");
        assert_matches!(
            host_only.and_then(|layer| layer.retire(cookie)),
            Err(CookieError::RetireDeclared { .. })
        );
    }
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

/// Parts of several scopes do not make a scope.
#[test]
fn delete_with_parts_of_two_scopes_is_scope_mismatch() {
    let layer = layer_with_retired_scopes();
    for given in [
        // Of two retired scopes.
        session().path("/").domain("old.example.com"),
        session().path("/old").domain(""),
        // Of a retired scope and the declared one.
        session().path("/").domain("example.com"),
        session().path("/app").domain(""),
        session().path("/app").domain("old.example.com"),
        session().path("/old").domain("example.com"),
        session().path("/").partitioned(true),
    ] {
        let jar = layer.jar(&Request::new(()));
        let result = jar.delete(given);
        assert_matches!(
            result,
            Err(CookieError::ScopeMismatch { declared, .. })
                if declared.to_string() == "Domain=Example.com; Path=/app"
        );
        assert!(jar.queued().is_empty());
    }
}

#[test]
fn delete_at_retired_scope_that_host_does_not_allow_skips_it() {
    let [first, _] = deleted_at_retired_scopes();
    for given in [
        session().path("/old"),
        session().domain("old.example.com"),
        session().path("/"),
        session(),
    ] {
        let sent = cookies_at("www.example.com", &layer_with_retired_scopes(), |jar| {
            jar.delete(given.clone())
        });
        assert_eq!(sent, [&*first, &*deleted()], "{given:?}");
    }
}

#[test]
fn delete_with_secure_or_http_only_false_against_one_retired_scope_is_downgrade() {
    let layer = |retired: CookieBuilder<'static>| {
        CookieLayer::new()
            .declare(session().path("/app"))
            .and_then(|layer| layer.retire(session().path("/older")))
            .and_then(|layer| layer.retire(retired.path("/old")))
            .expect("valid declarations")
    };
    for (retired, given, expected) in [
        (
            session().secure(true),
            session().secure(false),
            Some("Secure"),
        ),
        (
            session().http_only(true),
            session().http_only(false),
            Some("HttpOnly"),
        ),
        (session().secure(true), session().http_only(false), None),
        (session().http_only(true), session().secure(false), None),
        (session().secure(false), session().secure(false), None),
    ] {
        // Also if the given scope is another one.
        for given in [
            given.clone(),
            given.clone().path("/app"),
            given.clone().path("/old"),
            given.path("/older"),
        ] {
            let jar = layer(retired.clone()).jar(&Request::new(()));
            let result = jar.delete(given);
            match expected {
                None => assert_eq!(result, Ok(())),
                Some(expected) => {
                    assert_matches!(
                        result,
                        Err(CookieError::Downgrade { name, attribute, .. })
                            if name == "session" && *attribute == expected
                    );
                    assert!(jar.queued().is_empty());
                }
            }
        }
    }
}

type Operation = fn(&CookieJar) -> Result<(), CookieError>;

/// A cross-site logout needs `SameSite=None` on every header, whatever was queued before.
#[test]
fn delete_with_same_site_after_other_operation_applies_it_at_every_scope() {
    let layer = CookieLayer::new()
        .declare(session().path("/app"))
        .and_then(|layer| layer.retire(session().path("/")))
        .expect("valid declarations");
    let operations: [Operation; 3] = [
        |jar| jar.set(("session", "1")),
        |jar| jar.delete("session"),
        |jar| jar.delete(session().same_site(SameSite::Strict).http_only(true)),
    ];
    let suffix = "; SameSite=None; Secure";
    for operation in operations {
        let sent = cookies(&layer, |jar| {
            operation(jar)?;
            jar.delete(session().same_site(SameSite::None))
        });
        assert_eq!(
            sent,
            [
                deletion("session", "/") + suffix,
                deletion("session", "/app") + suffix
            ]
        );
    }
    // The last operation counts, so a later one without it has none.
    let sent = cookies(&layer, |jar| {
        jar.delete(session().same_site(SameSite::None))?;
        jar.delete("session")
    });
    assert_eq!(
        sent,
        [deletion("session", "/"), deletion("session", "/app")]
    );
}

/// A `set` must match the declared scope, and its attributes apply at that scope only.
#[test]
fn set_with_attributes_leaves_retired_deletes_as_declared() {
    let layer = CookieLayer::new()
        .declare(session().path("/app").same_site(SameSite::Lax))
        .and_then(|layer| layer.retire(session().path("/")))
        .expect("valid declarations");
    let sent = cookies(&layer, |jar| {
        let cookie = Cookie::build(("session", "1")).same_site(SameSite::Strict);
        jar.set(cookie.http_only(true))
    });
    assert_eq!(
        sent,
        [
            deletion("session", "/") + "; SameSite=Lax",
            "session=1; HttpOnly; Path=/app; SameSite=Strict".into(),
        ]
    );
}
