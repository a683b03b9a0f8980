//! What browsers would drop or misread is refused where the caller stands: every cause has its
//! error, each says what to do, and nothing is queued or lost by it.

mod support;

use std::error::Error;

use http::{Request, StatusCode};
use support::sent;
use tower_django_cookies::{
    AttributeReason, Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite,
    SecureReason,
};

fn jar() -> CookieJar {
    CookieLayer::new().jar(&Request::new(()))
}

fn a() -> CookieBuilder<'static> {
    Cookie::build(("a", "1"))
}

/// The error of `set`, and that neither it nor the same `delete` queues or loses anything.
#[track_caller]
fn refused(layer: &CookieLayer, cookie: impl Into<Cookie<'static>>) -> CookieError {
    let cookie = cookie.into();
    let mut errors = Vec::new();
    let fields = sent(layer, |jar| {
        jar.set(("before", "1")).expect("a plain cookie");
        errors.push(jar.set(cookie.clone()).expect_err("set"));
        // A delete has no value that could be wrong.
        if !matches!(
            errors[0],
            CookieError::ControlCharacter { .. } | CookieError::TooLong { .. }
        ) {
            errors.push(jar.delete(cookie.clone()).expect_err("delete"));
        }
    });
    assert_eq!(fields, ["before=1; Path=/"]);
    assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    let message = errors[0].to_string();
    assert!(
        message.contains(&format!("{:?}", cookie.name())),
        "{message}"
    );
    errors.swap_remove(0)
}

#[track_caller]
fn path_problem(path: &str) -> AttributeReason {
    match refused(&CookieLayer::new(), a().path(path.to_owned())) {
        CookieError::InvalidPath {
            name,
            path: given,
            reason,
        } => {
            assert_eq!((&*name, &*given), ("a", path));
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn domain_problem(domain: &str) -> AttributeReason {
    match refused(&CookieLayer::new(), a().domain(domain.to_owned())) {
        CookieError::InvalidDomain {
            name,
            domain: given,
            reason,
        } => {
            assert_eq!((&*name, &*given), ("a", domain));
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused_secure(cookie: CookieBuilder<'static>) -> SecureReason {
    match refused(&CookieLayer::new(), cookie.secure(false)) {
        CookieError::SecureRequired { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_that_is_no_cookie_name_is_refused() {
    for name in [
        "", "a b", "a;b", "a,b", "a\"b", "a/b", "a\r\nb", "a\0b", "\u{7f}", "é", "a\tb",
    ] {
        let error = refused(&CookieLayer::new(), (name, "1"));
        assert_eq!(error, CookieError::InvalidName { name: name.into() });
    }
}

#[test]
fn of_a_pair_that_is_given_for_a_name_the_name_is_shown() {
    for pair in ["a=b", "a=", "a=b=c"] {
        let error = CookieError::InvalidName {
            name: "a=…".into()
        };
        assert_eq!(jar().set(pair), Err(error.clone()));
        assert_eq!(jar().delete(pair), Err(error));
    }
}

#[test]
fn the_names_of_attributes_are_reserved_in_any_case() {
    let reserved =
        "expires path comment domain max-age secure httponly version samesite partitioned";
    for name in reserved.split(' ') {
        for name in [name.to_owned(), name.to_uppercase()] {
            let error = refused(&CookieLayer::new(), (name.clone(), "1"));
            assert_eq!(error, CookieError::ReservedName { name });
        }
    }
}

/// As in `CPython` since its security releases of 2026; before, Django escaped them.
#[test]
fn a_control_character_in_a_value_is_refused() {
    for control in (0..0x20).chain([0x7f]).map(char::from) {
        let error = refused(&CookieLayer::new(), ("a", format!("1{control}2")));
        assert_eq!(error, CookieError::ControlCharacter { name: "a".into() });
    }
}

#[test]
fn a_control_character_in_path_or_domain_is_refused() {
    for control in (0..0x20).chain([0x7f]).map(char::from) {
        assert_eq!(
            path_problem(&format!("/a{control}b")),
            AttributeReason::ControlCharacter
        );
        assert_eq!(
            domain_problem(&format!("a{control}b")),
            AttributeReason::ControlCharacter
        );
    }
}

#[test]
fn a_semicolon_in_path_or_domain_is_refused() {
    assert_eq!(path_problem(";"), AttributeReason::Semicolon);
    assert_eq!(domain_problem(";"), AttributeReason::Semicolon);
    assert_eq!(
        path_problem("/a; Domain=evil.example"),
        AttributeReason::Semicolon
    );
    assert_eq!(
        domain_problem("example.com; Path=/x"),
        AttributeReason::Semicolon
    );
}

#[test]
fn path_and_domain_outside_ascii_are_refused() {
    assert_eq!(path_problem("/é"), AttributeReason::NonAscii);
    assert_eq!(domain_problem("é.example"), AttributeReason::NonAscii);
}

#[test]
fn outer_white_space_of_path_and_domain_is_refused() {
    assert_eq!(path_problem("/a "), AttributeReason::OuterWhiteSpace);
    assert_eq!(path_problem(" /a"), AttributeReason::OuterWhiteSpace);
    assert_eq!(
        domain_problem(" example.com"),
        AttributeReason::OuterWhiteSpace
    );
    assert_eq!(
        domain_problem("example.com "),
        AttributeReason::OuterWhiteSpace
    );
    assert!(jar().set(a().path("/a b")).is_ok());
}

#[test]
fn a_path_that_is_not_absolute_is_refused() {
    assert_eq!(path_problem("app"), AttributeReason::NotAbsolute);
    assert_eq!(path_problem("./app"), AttributeReason::NotAbsolute);
}

#[test]
fn a_domain_of_a_dot_is_refused() {
    assert_eq!(domain_problem("."), AttributeReason::Dot);
    let error = refused(&CookieLayer::new(), a().domain("..example.com"));
    let reason = AttributeReason::Dot;
    let (name, domain) = ("a".into(), ".example.com".into());
    assert_eq!(
        error,
        CookieError::InvalidDomain {
            name,
            domain,
            reason
        }
    );
    let parsed = Cookie::parse("a=1; Domain=.").expect("a set-cookie-string");
    let owned = Cookie::parse("a=1; Domain=.".to_owned()).expect("a set-cookie-string");
    for cookie in [parsed.clone(), parsed.into_owned(), owned] {
        let Err(CookieError::InvalidDomain { reason, .. }) = jar().set(cookie) else {
            panic!("accepted")
        };
        assert_eq!(reason, AttributeReason::Dot);
    }
    let spoof = r#"domain: Some(Concrete("."))"#;
    assert!(jar().set(Cookie::build(("a", spoof)).domain("")).is_ok());
}

#[test]
fn a_domain_with_a_port_is_refused() {
    for domain in [
        "example.com:8080",
        "example.com:",
        "127.0.0.1:80",
        "[::1]:80",
    ] {
        assert_eq!(domain_problem(domain), AttributeReason::Port);
    }
    assert!(jar().set(a().domain("[::1]")).is_ok());
}

#[test]
fn a_domain_that_no_host_can_have_is_refused() {
    for domain in [
        "https://example.com",
        "example.com/app",
        "*.example.com",
        "exam ple.com",
        "a,b",
        "::1",
        "[example.com]",
        "[example.com",
        "example.com]",
        "[[::1]]",
        "[::1]:http",
        "a:80]",
    ] {
        assert_eq!(
            domain_problem(domain),
            AttributeReason::IllegalCharacter,
            "{domain}"
        );
    }
    assert!(jar().set(a().domain("a_b-1.example.com")).is_ok());
}

/// RFC 6265bis §5.6.
#[test]
fn path_and_domain_over_1024_bytes_are_refused() {
    let path = format!("/{}", "p".repeat(1024));
    let domain = "d".repeat(1025);
    assert_eq!(path_problem(&path), AttributeReason::TooLong);
    assert_eq!(domain_problem(&domain), AttributeReason::TooLong);
    assert!(jar().set(a().path(path[..1024].to_owned())).is_ok());
    assert!(jar().set(a().domain(domain[..1024].to_owned())).is_ok());
}

/// RFC 6265bis §5.6: 4096 bytes of name and value, as they are sent.
#[test]
fn name_and_value_over_4096_bytes_as_sent_are_refused() {
    for (value, len) in [
        ("v".repeat(4096), 4097),
        (";".repeat(1024), 1 + 2 + 4 * 1024),
    ] {
        let error = refused(&CookieLayer::new(), ("a", value));
        assert_eq!(
            error,
            CookieError::TooLong {
                name: "a".into(),
                len
            }
        );
    }
    assert!(jar().set(("a", "v".repeat(4095))).is_ok());
}

#[test]
fn a_host_cookie_with_a_domain_is_refused() {
    for name in ["__Host-a", "__host-A", "__Host-Http-a"] {
        let error = refused(
            &CookieLayer::new(),
            Cookie::build((name, "1")).domain("example.com"),
        );
        let domain = "example.com".into();
        assert_eq!(
            error,
            CookieError::HostPrefixDomain {
                name: name.into(),
                domain
            }
        );
    }
}

#[test]
fn a_host_cookie_with_another_path_is_refused() {
    for (name, path) in [
        ("__Host-a", "/app"),
        ("__HOST-a", ""),
        ("__Host-Http-a", "//"),
    ] {
        let error = refused(&CookieLayer::new(), Cookie::build((name, "1")).path(path));
        assert_eq!(
            error,
            CookieError::HostPrefixPath {
                name: name.into(),
                path: path.into()
            }
        );
    }
}

#[test]
fn a_cookie_that_needs_secure_is_refused_without() {
    for (name, prefix) in [
        ("__Secure-a", "__Secure-"),
        ("__secure-a", "__Secure-"),
        ("__Host-a", "__Host-"),
        ("__Http-a", "__Http-"),
        ("__hOST-hTTP-a", "__Host-Http-"),
    ] {
        assert_eq!(
            refused_secure(Cookie::build((name, "1"))),
            SecureReason::Prefix(prefix)
        );
    }
    assert_eq!(
        refused_secure(a().same_site(SameSite::None)),
        SecureReason::SameSiteNone
    );
    assert_eq!(
        refused_secure(a().partitioned(true)),
        SecureReason::Partitioned
    );
}

#[test]
fn a_cookie_that_needs_http_only_is_refused_without() {
    for (name, prefix) in [("__Http-a", "__Http-"), ("__host-http-a", "__Host-Http-")] {
        let error = refused(
            &CookieLayer::new(),
            Cookie::build((name, "1")).http_only(false),
        );
        assert_eq!(
            error,
            CookieError::HttpOnlyRequired {
                name: name.into(),
                prefix
            }
        );
    }
    assert!(
        jar()
            .set(Cookie::build(("__Host-a", "1")).http_only(false))
            .is_ok()
    );
}

#[test]
fn a_domain_that_the_host_does_not_match_is_refused() {
    let request = Request::get("https://www.example.com/")
        .body(())
        .expect("a request");
    let jar = CookieLayer::new().jar(&request);
    let cookie = || a().domain("example.org");
    for result in [jar.set(cookie()), jar.delete(cookie())] {
        let error = result.expect_err("refused");
        let (domain, host) = ("example.org".into(), "www.example.com".into());
        assert_eq!(
            error,
            CookieError::DomainMismatch {
                name: "a".into(),
                domain,
                host
            }
        );
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
    }
    assert!(jar.queued().is_empty());
}

fn declared() -> CookieLayer {
    CookieLayer::new()
        .declare(
            a().path("/app")
                .domain("example.com")
                .secure(true)
                .http_only(true),
        )
        .expect("a declaration")
}

#[test]
fn another_scope_than_the_declared_one_is_refused_and_both_are_shown() {
    for (cookie, given) in [
        (a().path("/"), "Domain=example.com; Path=/"),
        (a().path(""), "Domain=example.com; no Path"),
        (a().path("/app/"), "Domain=example.com; Path=/app/"),
        (
            a().domain("www.example.com"),
            "Domain=www.example.com; Path=/app",
        ),
        (a().domain(""), "host-only; Path=/app"),
        (
            a().partitioned(true),
            "Domain=example.com; Path=/app; Partitioned",
        ),
    ] {
        let error = refused(&declared(), cookie);
        let message = error.to_string();
        assert!(
            message.contains("declared with Domain=example.com; Path=/app,"),
            "{message}"
        );
        assert!(
            message.contains(&format!("given with {given};")),
            "{message}"
        );
        let CookieError::ScopeMismatch {
            name,
            declared,
            given: scope,
        } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(
            (&*name, declared.path(), declared.domain()),
            ("a", Some("/app"), Some("example.com"))
        );
        assert!(!declared.partitioned());
        assert_eq!(scope.partitioned(), given.ends_with("Partitioned"));
        assert_eq!(scope.to_string(), given);
    }
}

#[test]
fn a_downgrade_of_a_declared_cookie_is_refused() {
    for (cookie, attribute) in [
        (a().secure(false), "Secure"),
        (a().http_only(false), "HttpOnly"),
    ] {
        let error = refused(&declared(), cookie);
        assert_eq!(
            error,
            CookieError::Downgrade {
                name: "a".into(),
                attribute
            }
        );
    }
}

#[test]
fn an_undeclared_cookie_is_refused_where_these_are_denied() {
    let layer = CookieLayer::new()
        .declare("before")
        .expect("a declaration")
        .deny_undeclared();
    assert_eq!(
        refused(&layer, a()),
        CookieError::Undeclared { name: "a".into() }
    );
}

#[test]
fn a_delete_that_fits_several_sets_is_refused_and_all_are_shown() {
    let jar = jar();
    jar.set(a().path("/x")).expect("set");
    jar.set(a().path("/y")).expect("set");
    let error = jar.delete("a").expect_err("ambiguous");
    assert!(
        error
            .to_string()
            .contains("(host-only; Path=/x) and (host-only; Path=/y)"),
        "{error}"
    );
    let CookieError::AmbiguousScope { name, scopes } = error else {
        panic!("{error:?}")
    };
    let paths: Vec<_> = scopes
        .iter()
        .map(|scope| scope.path().expect("a Path"))
        .collect();
    assert_eq!((&*name, &*paths), ("a", &["/x", "/y"][..]));
    assert_eq!(jar.queued().len(), 2);
}

#[test]
fn each_problem_says_what_to_do() {
    let long = format!("/{}", "x".repeat(1024));
    let messages = [
        (
            a().path("/\n"),
            r#"Path "/\n" has a control character; remove it"#.into(),
        ),
        (
            a().path("/a;b"),
            r#"Path "/a;b" has a `;`, which ends an attribute; percent-encode it"#.into(),
        ),
        (
            a().path("/é"),
            "Path \"/é\" isn't ASCII; percent-encode a Path, write a Domain in its `xn--` form"
                .into(),
        ),
        (
            a().path("/ "),
            r#"Path "/ " begins or ends with white space; trim it"#.into(),
        ),
        (
            a().path(&*long),
            format!("Path {long:?} is over 1024 bytes, so browsers ignore it; shorten it"),
        ),
        (
            a().path("app"),
            r#"Path "app" doesn't start with `/`; write it from the root"#.into(),
        ),
        (
            a().domain("a/b"),
            r#"Domain "a/b" has a character that no host has; name the host alone"#.into(),
        ),
        (
            a().domain("..a"),
            "Domain \".a\" is no domain; name one, or use `.domain(\"\")` for a host-only cookie"
                .into(),
        ),
        (
            a().domain("a:80"),
            r#"Domain "a:80" has a port; leave it out, cookies don't know ports"#.into(),
        ),
        (
            a().same_site(SameSite::None).secure(false),
            "SameSite=None needs Secure; leave out `secure(false)`, here or where it is declared"
                .into(),
        ),
        (
            a().partitioned(true).secure(false),
            "Partitioned needs Secure; leave out `secure(false)`, here or where it is declared"
                .into(),
        ),
    ];
    for (cookie, message) in messages {
        let error = jar().set(cookie).expect_err("it is refused");
        assert_eq!(error.to_string(), format!("cookie \"a\": {message}"));
    }
    let prefixed = Cookie::build("__Secure-a").secure(false);
    assert_eq!(
        jar().set(prefixed).expect_err("it is refused").to_string(),
        "cookie \"__Secure-a\": the prefix `__Secure-` needs Secure; leave out `secure(false)`, here or \
         where it is declared"
    );
    let error = CookieLayer::new()
        .declare(a().path(""))
        .expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "cookie \"a\": Path \"\" is empty, so the scope would hang on the request; name a Path"
    );
}

#[test]
fn of_very_many_scopes_the_message_shows_eight() {
    let message = |sets: usize| {
        let jar = jar();
        for i in 0..sets {
            jar.set(a().path(format!("/{i}"))).expect("set");
        }
        jar.delete("a").expect_err("ambiguous").to_string()
    };
    assert!(message(8).contains("fits (host-only; Path=/0) and (host-only; Path=/1) and "));
    assert!(message(8).contains("(host-only; Path=/7); say"));
    assert!(message(9).contains("(host-only; Path=/7) and 1 more; say"));
    assert!(message(40).contains("(host-only; Path=/7) and 32 more; say"));
}

#[test]
fn an_operation_after_the_response_is_refused() {
    let mut kept = None;
    let fields = sent(&CookieLayer::new(), |jar| kept = Some(jar.clone()));
    let jar = kept.expect("the jar");
    assert!(fields.is_empty());
    let error = CookieError::ResponseStarted { name: "a".into() };
    assert_eq!(jar.set(a()), Err(error.clone()));
    assert_eq!(jar.delete("a"), Err(error));
}

#[test]
fn a_jar_made_from_headers_refuses_to_write() {
    let jar = CookieJar::from_headers(Request::new(()).headers());
    let error = CookieError::NoResponse { name: "a".into() };
    assert_eq!(jar.set(a()), Err(error.clone()));
    assert_eq!(jar.delete("a"), Err(error));
}

#[test]
fn a_request_without_a_jar_says_that_the_layer_is_missing() {
    let missing = CookieJar::from_extensions(Request::new(()).extensions()).map(drop);
    assert_eq!(missing, Err(CookieError::MissingLayer));
    assert!(
        CookieError::MissingLayer
            .to_string()
            .starts_with("CookieLayer is not installed")
    );
}

#[test]
fn a_required_cookie_that_is_missing_is_the_clients_fault() {
    let error = jar().require("a").map(drop).expect_err("missing");
    assert_eq!(error, CookieError::MissingCookie { name: "a".into() });
    assert_eq!(error.status(), StatusCode::BAD_REQUEST);
}

#[test]
fn what_can_not_be_parsed_is_an_error_with_its_source() {
    let error = CookieError::from(Cookie::parse("a").expect_err("no pair"));
    assert!(matches!(error, CookieError::Parse(_)));
    let source = error.source().expect("a source").to_string();
    assert!(!error.to_string().contains(&source), "{error}");
}

#[test]
fn a_name_is_declared_once() {
    let error = declared()
        .declare(a().path("/other"))
        .map(drop)
        .expect_err("twice");
    assert_eq!(error, CookieError::AlreadyDeclared { name: "a".into() });
}

#[test]
fn a_declaration_needs_a_path_of_its_own() {
    let empty = |result: Result<CookieLayer, CookieError>| match result {
        Err(CookieError::InvalidPath { reason, .. }) => {
            assert_eq!(reason, AttributeReason::Empty);
        }
        other => panic!("{other:?}"),
    };
    empty(CookieLayer::new().declare(a().path("")));
    empty(declared().retire(a().path("")));
}

#[test]
fn declare_and_retire_refuse_what_set_refuses() {
    for cookie in [
        Cookie::new("a b", ""),
        Cookie::new("version", ""),
        Cookie::from(a().path("app")),
        Cookie::from(a().domain("example.com:80")),
        Cookie::from(Cookie::build("__Host-a").path("/app")),
        Cookie::from(Cookie::build("__Host-a").domain("example.com")),
        Cookie::from(Cookie::build("__Secure-a").secure(false)),
        Cookie::from(Cookie::build("__Http-a").http_only(false)),
        Cookie::from(a().same_site(SameSite::None).secure(false)),
    ] {
        let expected = jar().set(cookie.clone()).expect_err("refused");
        let declared = CookieLayer::new().declare(cookie.clone()).map(drop);
        assert_eq!(declared, Err(expected.clone()));
        let retired = CookieLayer::new()
            .declare(cookie.name().to_owned())
            .and_then(|layer| layer.retire(cookie));
        assert_eq!(retired.map(drop), Err(expected));
    }
}

#[test]
fn only_former_scopes_of_declared_cookies_are_retired_and_each_once() {
    let retired =
        |layer: CookieLayer, cookie: CookieBuilder<'static>| layer.retire(cookie).map(drop);
    let error = retired(CookieLayer::new(), a()).expect_err("undeclared");
    assert_eq!(error, CookieError::RetireUndeclared { name: "a".into() });

    let error = retired(declared(), a().path("/app").domain(".EXAMPLE.com")).expect_err("declared");
    assert!(
        matches!(error, CookieError::RetireDeclared { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("Domain=EXAMPLE.com; Path=/app"),
        "{error}"
    );

    let once = declared().retire(a()).expect("a former scope");
    let error = retired(once, a().path("/")).expect_err("twice");
    assert!(
        matches!(error, CookieError::AlreadyRetired { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("host-only; Path=/ is"),
        "{error}"
    );
}

#[test]
fn messages_show_no_value_and_no_raw_control_character() {
    for cookie in [
        Cookie::build(("a\r\nb", "s3cret")),
        Cookie::build(("a", "s3cret\0")),
        Cookie::build(("a", "s3cret")).path("/\r\nx"),
        Cookie::build(("a", "s3cret")).domain("\u{7f}"),
        Cookie::build(("__Host-a", "s3cret")).domain("example.com"),
    ] {
        let error = jar().set(cookie).expect_err("refused");
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("s3cret"), "{text}");
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }
    // A declared scope is compared before the given one is checked.
    let error = declared()
        .jar(&Request::new(()))
        .set(a().path("/\r\n"))
        .expect_err("refused");
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
}
