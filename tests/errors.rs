//! Errors of `CookieJar` and `CookieLayer`: each invalid `set`, `delete`, `declare` or `retire`
//! returns its own error, queues nothing, and keeps what was queued before.

mod support;

use std::error::Error;

use http::{Request, StatusCode};
use support::{assert_matches, assert_response_started, deletion, ended_jar, response_cookies};
use tower_django_cookies::{
    AttributeReason, Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite,
    SecureReason,
};

/// A predicate for the error that a test expects.
type IsExpected = fn(&CookieError) -> bool;

fn jar() -> CookieJar {
    CookieLayer::new().jar(&Request::new(()))
}

/// A builder for the cookie `a=1`.
fn a() -> CookieBuilder<'static> {
    Cookie::build(("a", "1"))
}

/// Returns the error of `set`. Checks that `delete` returns the same error, that the message shows
/// the name, and that only the cookie that was queued before is sent.
#[track_caller]
fn set_and_delete_error(layer: &CookieLayer, cookie: impl Into<Cookie<'static>>) -> CookieError {
    let cookie = cookie.into();
    let mut errors = Vec::new();
    let headers = response_cookies(layer, |jar| {
        jar.set(("before", "1")).expect("a valid cookie");
        errors.push(jar.set(cookie.clone()).expect_err("`set` must fail"));
        // `delete` ignores the value, so an invalid value is not an error.
        if !matches!(
            errors[0],
            CookieError::ControlCharacter { .. } | CookieError::TooLong { .. }
        ) {
            errors.push(jar.delete(cookie.clone()).expect_err("`delete` must fail"));
        }
    });
    assert_eq!(headers, ["before=1; Path=/"]);
    assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    let message = errors[0].to_string();
    assert!(
        message.contains(&format!("{:?}", cookie.name())),
        "{message}"
    );
    errors.swap_remove(0)
}

/// How an error shows a text: cut at 256 characters.
fn shown(text: &str) -> String {
    match text.char_indices().nth(256) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[track_caller]
fn invalid_path_reason(invalid: &str) -> AttributeReason {
    match set_and_delete_error(&CookieLayer::new(), a().path(invalid.to_owned())) {
        CookieError::InvalidPath {
            name, path, reason, ..
        } => {
            assert_eq!((&*name, &*path), ("a", &*shown(invalid)));
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn invalid_domain_reason(invalid: &str) -> AttributeReason {
    match set_and_delete_error(&CookieLayer::new(), a().domain(invalid.to_owned())) {
        CookieError::InvalidDomain {
            name,
            domain,
            reason,
            ..
        } => {
            assert_eq!((&*name, &*domain), ("a", &*shown(invalid)));
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn secure_required_reason(cookie: CookieBuilder<'static>) -> SecureReason {
    match set_and_delete_error(&CookieLayer::new(), cookie.secure(false)) {
        CookieError::SecureRequired { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

/// Browsers store no such name (RFC 6265bis §5.6), or its bytes are not known.
#[test]
fn set_and_delete_with_illegal_name_are_invalid_name() {
    let mut illegal: Vec<_> = [
        "",
        " ",
        "\t",
        " a",
        "a ",
        "\ta",
        "a\t",
        " path",
        "a;b",
        ";",
        "a\r\nb",
        "\u{7f}",
        "a\u{fffd}",
        "\u{fffd}",
    ]
    .map(str::to_owned)
    .into();
    let controls = (0..0x20).chain([0x7f]).map(char::from);
    for control in controls.filter(|&control| control != '\t') {
        illegal.extend([format!("a{control}b"), format!("{control}a")]);
    }
    for illegal in illegal {
        let error = set_and_delete_error(&CookieLayer::new(), (illegal.clone(), "1"));
        assert_matches!(error, CookieError::InvalidName { name, .. } if *name == illegal);
    }
}

/// Browsers store these names, so `delete` accepts them. Django's `set_cookie` refuses them.
#[test]
fn set_with_name_that_only_delete_accepts_is_invalid_name() {
    for name in [
        "a b",
        "a,b",
        "a\"b",
        "\"a\"",
        "a/b",
        "user[id]",
        "(a)",
        "<a>",
        "a?b",
        "a@b",
        "a\\b",
        "{a}",
        "é",
        "a\tb",
        "\u{85}",
        "\u{a0}a",
        "\u{2000}a",
        "a\u{3000}",
        "\u{feff}a",
        "🍪",
    ] {
        assert_matches!(
            jar().set((name, "1")),
            Err(CookieError::InvalidName { name: found, .. }) if found == name
        );
        assert_matches!(
            CookieLayer::new().declare(name),
            Err(CookieError::InvalidName { name: found, .. }) if found == name
        );
        let sent = response_cookies(&CookieLayer::new(), |jar| {
            assert_eq!(jar.delete((name, "1")), Ok(()));
        });
        assert_eq!(sent, [deletion(name, "/")]);
    }
}

/// Browsers drop a cookie whose name and value have more than 4096 bytes (RFC 6265bis §5.6), so a long
/// name is deleted without the two quotes of Django's `delete_cookie`. A request may have a longer name.
#[test]
fn delete_with_name_of_any_length_is_sent_within_the_limit_of_browsers() {
    for len in [4094, 4095, 4096, 4097, 5000, 100_000] {
        let name = "a".repeat(len);
        match jar().set((&*name, "")) {
            Ok(()) => assert!(len <= 4094),
            Err(CookieError::TooLong { len: found, .. }) => assert_eq!(found, len + 2),
            Err(error) => panic!("{error}"),
        }
        let sent = response_cookies(&CookieLayer::new(), |jar| {
            assert_eq!(jar.delete(&*name), Ok(()));
        });
        let (pair, _) = sent[0].split_once(';').expect("attributes");
        let value = if len <= 4094 { "\"\"" } else { "" };
        assert_eq!(pair, format!("{name}={value}"));
        assert_eq!(sent[0][pair.len()..], deletion("", "/")["=\"\"".len()..]);
    }
}

#[test]
fn invalid_name_of_name_value_pair_shows_name_only() {
    for pair in ["a=b", "a=", "a=b=c"] {
        let cookie = || Cookie::from(pair);
        for result in [jar().set(cookie()), jar().delete(cookie())] {
            assert_matches!(
                result,
                Err(CookieError::InvalidName { name, .. }) if name == "a=…"
            );
        }
    }
}

/// Python's `http.cookies` refuses to set these names, but browsers store them.
#[test]
fn set_with_attribute_name_in_any_case_is_reserved_name_and_delete_is_sent() {
    let attributes =
        "expires path comment domain max-age secure httponly version samesite partitioned";
    for attribute in attributes.split(' ') {
        for reserved in [attribute.to_owned(), attribute.to_uppercase()] {
            for result in [
                jar().set((reserved.clone(), "1")),
                CookieLayer::new().declare(reserved.clone()).map(drop),
            ] {
                assert_matches!(
                    result,
                    Err(CookieError::ReservedName { name, .. }) if *name == reserved
                );
            }
            let sent = response_cookies(&CookieLayer::new(), |jar| {
                assert_eq!(jar.delete(reserved.clone()), Ok(()));
            });
            assert_eq!(sent, [deletion(&reserved, "/")]);
        }
    }
}

/// `http.cookies` does the same since the security releases of `CPython` in 2026; older versions
/// escape control characters.
#[test]
fn set_with_control_character_in_value_is_control_character() {
    for control in (0..0x20).chain([0x7f]).map(char::from) {
        let error = set_and_delete_error(&CookieLayer::new(), ("a", format!("1{control}2")));
        assert_matches!(error, CookieError::ControlCharacter { name, .. } if name == "a");
    }
}

#[test]
fn path_and_domain_with_control_character_are_invalid() {
    for control in (0..0x20).chain([0x7f]).map(char::from) {
        assert_eq!(
            invalid_path_reason(&format!("/a{control}b")),
            AttributeReason::ControlCharacter
        );
        assert_eq!(
            invalid_domain_reason(&format!("a{control}b")),
            AttributeReason::ControlCharacter
        );
    }
}

#[test]
fn path_and_domain_with_semicolon_are_invalid() {
    for path in [";", "/a; Domain=evil.example"] {
        assert_eq!(invalid_path_reason(path), AttributeReason::Semicolon);
    }
    for domain in [";", "example.com; Path=/x"] {
        assert_eq!(invalid_domain_reason(domain), AttributeReason::Semicolon);
    }
}

#[test]
fn path_and_domain_with_non_ascii_character_are_invalid() {
    assert_eq!(invalid_path_reason("/é"), AttributeReason::NonAscii);
    assert_eq!(
        invalid_domain_reason("é.example"),
        AttributeReason::NonAscii
    );
}

#[test]
fn path_and_domain_with_outer_white_space_are_invalid() {
    for path in ["/a ", " /a"] {
        assert_eq!(invalid_path_reason(path), AttributeReason::OuterWhiteSpace);
    }
    for domain in [" example.com", "example.com "] {
        assert_eq!(
            invalid_domain_reason(domain),
            AttributeReason::OuterWhiteSpace
        );
    }
    // Within a Path, a space is never sent, but only `set` refuses it.
    assert_eq!(jar().delete(a().path("/a b")), Ok(()));
}

/// The URL standard percent-encodes or resolves these, so a browser never sends a path that starts so.
/// Browsers store such cookies, so `delete` and `retire` accept them.
#[test]
fn set_and_declare_with_path_that_is_never_sent_are_invalid_path_with_path_as_sent() {
    for (path, expected_reason, as_sent) in [
        ("/my files", AttributeReason::NeverSent, "/my%20files"),
        ("/a?b", AttributeReason::NeverSent, "/a%3Fb"),
        ("/..", AttributeReason::DotSegment, "/"),
        ("/app/%2E/x", AttributeReason::DotSegment, "/app/x"),
    ] {
        let mut set = Ok(());
        let sent = response_cookies(&CookieLayer::new(), |jar| {
            jar.set(("before", "1")).expect("a valid cookie");
            set = jar.set(a().path(path));
        });
        assert_eq!(sent, ["before=1; Path=/"]);
        let declare = CookieLayer::new().declare(a().path(path)).map(drop);
        for error in [set.unwrap_err(), declare.unwrap_err()] {
            let hint = format!("; use {as_sent:?}");
            assert!(error.to_string().ends_with(&hint), "{error}");
            assert_matches!(
                error,
                CookieError::InvalidPath { name, path: found, reason, .. }
                    if name == "a" && found == path && *reason == expected_reason
            );
        }
        assert_eq!(jar().set(a().path(as_sent)), Ok(()));

        assert_eq!(jar().delete(a().path(path)), Ok(()));
        let layer = CookieLayer::new().declare("a").expect("a declaration");
        let sent = response_cookies(
            &layer.retire(a().path(path)).expect("a previous scope"),
            |jar| jar.set(("a", "1")).expect("a declared cookie"),
        );
        assert_eq!(sent, [deletion("a", path), "a=1; Path=/".into()]);
    }
}

/// By its default rule `*`, the public suffix list makes every single label a public suffix.
#[test]
fn domain_of_one_label_that_is_not_the_host_is_single_label() {
    let at = |host: &str| {
        let request = Request::builder().header("host", host).body(());
        CookieLayer::new().jar(&request.expect("a request"))
    };
    for (host, domain) in [
        ("example.com", "com"),
        ("www.example.test", "TEST"),
        ("a.localhost", "localhost"),
        ("example.com.", "com."),
    ] {
        let jar = at(host);
        for result in [jar.set(a().domain(domain)), jar.delete(a().domain(domain))] {
            assert_matches!(
                result,
                Err(CookieError::InvalidDomain {
                    name, domain: found, reason: AttributeReason::SingleLabel, ..
                }) if name == "a" && found == domain
            );
            // The client chose the host.
            assert_eq!(result.unwrap_err().status(), StatusCode::BAD_REQUEST);
        }
        assert!(jar.queued().is_empty());
    }
    assert_eq!(at("localhost").set(a().domain("LOCALHOST")), Ok(()));
    assert_eq!(jar().set(a().domain("localhost")), Ok(()));
}

#[test]
fn domain_on_list_of_layer_that_is_not_the_host_is_public_suffix() {
    let layer = CookieLayer::new().public_suffixes(|domain| domain == "co.test");
    let at = |host: &str| {
        let request = Request::builder().header("host", host).body(());
        layer.jar(&request.expect("a request"))
    };
    let jar = at("www.example.co.test");
    for result in [
        jar.set(a().domain("CO.Test")),
        jar.delete(a().domain("CO.Test")),
    ] {
        assert_matches!(
            result,
            Err(CookieError::InvalidDomain {
                name, domain, reason: AttributeReason::PublicSuffix, ..
            }) if name == "a" && domain == "CO.Test"
        );
        assert_eq!(result.unwrap_err().status(), StatusCode::BAD_REQUEST);
    }
    assert!(jar.queued().is_empty());
    assert_eq!(jar.set(a().domain("example.co.test")), Ok(()));
    assert_eq!(at("co.test").set(a().domain("co.test")), Ok(()));
}

#[test]
fn path_without_leading_slash_is_not_absolute() {
    assert_eq!(invalid_path_reason("app"), AttributeReason::NotAbsolute);
    assert_eq!(invalid_path_reason("./app"), AttributeReason::NotAbsolute);
}

#[test]
fn domain_with_two_leading_dots_is_dot() {
    for (given, without_dot) in [
        ("..example.com", ".example.com"),
        ("..", "."),
        ("...", ".."),
    ] {
        assert_matches!(
            set_and_delete_error(&CookieLayer::new(), a().domain(given)),
            CookieError::InvalidDomain { name, domain, reason: AttributeReason::Dot, .. }
                if name == "a" && domain == without_dot
        );
    }
    let parsed = Cookie::parse("a=1; Domain=..").expect("a set-cookie-string");
    let owned = Cookie::parse("a=1; Domain=..".to_owned()).expect("a set-cookie-string");
    for cookie in [parsed.clone(), parsed.into_owned(), owned] {
        assert_matches!(
            jar().set(cookie),
            Err(CookieError::InvalidDomain {
                reason: AttributeReason::Dot,
                ..
            })
        );
    }
}

#[test]
fn domain_with_port_is_invalid() {
    for domain in [
        "example.com:8080",
        "example.com:",
        "127.0.0.1:80",
        "[::1]:80",
    ] {
        assert_eq!(invalid_domain_reason(domain), AttributeReason::Port);
    }
    assert_eq!(jar().set(a().domain("[::1]")), Ok(()));
}

#[test]
fn domain_with_character_that_no_host_has_is_invalid() {
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
            invalid_domain_reason(domain),
            AttributeReason::InvalidCharacter,
            "{domain}"
        );
    }
    assert_eq!(jar().set(a().domain("a_b-1.example.com")), Ok(()));
}

/// RFC 6265bis §5.6.
#[test]
fn path_and_domain_over_1024_bytes_are_invalid() {
    let path = format!("/{}", "p".repeat(1024));
    let domain = "d".repeat(1025);
    assert_eq!(invalid_path_reason(&path), AttributeReason::TooLong);
    assert_eq!(invalid_domain_reason(&domain), AttributeReason::TooLong);
    assert_eq!(jar().set(a().path(path[..1024].to_owned())), Ok(()));
    assert_eq!(jar().set(a().domain(domain[..1024].to_owned())), Ok(()));
}

/// RFC 6265bis §5.6: at most 4096 bytes of name and value, counted after escaping.
#[test]
fn set_with_name_and_value_over_4096_bytes_as_sent_is_too_long() {
    for (value, expected_len) in [
        ("v".repeat(4096), 4097),
        (";".repeat(1024), 1 + 2 + 4 * 1024),
    ] {
        let error = set_and_delete_error(&CookieLayer::new(), ("a", value));
        assert_matches!(
            error,
            CookieError::TooLong { name, len, .. } if name == "a" && *len == expected_len
        );
    }
    assert_eq!(jar().set(("a", "v".repeat(4095))), Ok(()));
}

#[test]
fn host_prefix_with_domain_is_host_prefix_domain() {
    for prefixed in ["__Host-a", "__host-A", "__Host-Http-a"] {
        let error = set_and_delete_error(
            &CookieLayer::new(),
            Cookie::build((prefixed, "1")).domain("example.com"),
        );
        assert_matches!(
            error,
            CookieError::HostPrefixDomain { name, domain, .. }
                if name == prefixed && domain == "example.com"
        );
    }
}

#[test]
fn host_prefix_with_path_other_than_slash_is_host_prefix_path() {
    for (prefixed, other_path) in [
        ("__Host-a", "/app"),
        ("__HOST-a", ""),
        ("__Host-Http-a", "//"),
    ] {
        let error = set_and_delete_error(
            &CookieLayer::new(),
            Cookie::build((prefixed, "1")).path(other_path),
        );
        assert_matches!(
            error,
            CookieError::HostPrefixPath { name, path, .. }
                if name == prefixed && path == other_path
        );
    }
}

#[test]
fn secure_false_with_prefix_same_site_none_or_partitioned_is_secure_required() {
    for (name, prefix) in [
        ("__Secure-a", "__Secure-"),
        ("__secure-a", "__Secure-"),
        ("__Host-a", "__Host-"),
        ("__Http-a", "__Http-"),
        ("__hOST-hTTP-a", "__Host-Http-"),
    ] {
        assert_eq!(
            secure_required_reason(Cookie::build((name, "1"))),
            SecureReason::Prefix(prefix)
        );
    }
    assert_eq!(
        secure_required_reason(a().same_site(SameSite::None)),
        SecureReason::SameSiteNone
    );
    assert_eq!(
        secure_required_reason(a().partitioned(true)),
        SecureReason::Partitioned
    );
}

#[test]
fn http_only_false_with_http_prefix_is_http_only_required() {
    for (prefixed, expected_prefix) in [("__Http-a", "__Http-"), ("__host-http-a", "__Host-Http-")]
    {
        let error = set_and_delete_error(
            &CookieLayer::new(),
            Cookie::build((prefixed, "1")).http_only(false),
        );
        assert_matches!(
            error,
            CookieError::HttpOnlyRequired { name, prefix, .. }
                if name == prefixed && *prefix == expected_prefix
        );
    }
    let host_prefixed = Cookie::build(("__Host-a", "1")).http_only(false);
    assert_eq!(jar().set(host_prefixed), Ok(()));
}

#[test]
fn domain_that_host_does_not_domain_match_is_domain_mismatch() {
    let request = Request::get("https://www.example.com/")
        .body(())
        .expect("a request");
    let jar = CookieLayer::new().jar(&request);
    let cookie = || a().domain("example.org");
    for result in [jar.set(cookie()), jar.delete(cookie())] {
        let error = result.expect_err("the host does not domain-match");
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        assert_matches!(
            error,
            CookieError::DomainMismatch { name, domain, host, .. }
                if name == "a" && domain == "example.org" && host == "www.example.com"
        );
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
        .expect("a valid declaration")
}

#[test]
fn set_and_delete_with_other_scope_than_declared_are_scope_mismatch_that_shows_both() {
    for (cookie, given_scope) in [
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
        let error = set_and_delete_error(&declared(), cookie);
        let message = error.to_string();
        assert!(
            message.contains("declared with Domain=example.com; Path=/app,"),
            "{message}"
        );
        assert!(
            message.contains(&format!("but given {given_scope};")),
            "{message}"
        );
        let CookieError::ScopeMismatch {
            name,
            declared,
            given,
            ..
        } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(
            (&*name, declared.path(), declared.domain()),
            ("a", Some("/app"), Some("example.com"))
        );
        assert!(!declared.partitioned());
        assert_eq!(given.partitioned(), given_scope.ends_with("Partitioned"));
        assert_eq!(given.to_string(), given_scope);
    }
}

#[test]
fn secure_or_http_only_false_of_declared_cookie_is_downgrade() {
    for (cookie, expected_attribute) in [
        (a().secure(false), "Secure"),
        (a().http_only(false), "HttpOnly"),
    ] {
        let error = set_and_delete_error(&declared(), cookie);
        assert_matches!(
            error,
            CookieError::Downgrade { name, attribute, .. }
                if name == "a" && *attribute == expected_attribute
        );
    }
}

#[test]
fn undeclared_cookie_under_deny_undeclared_is_undeclared() {
    let layer = CookieLayer::new()
        .declare("before")
        .expect("a valid declaration")
        .deny_undeclared();
    assert_matches!(
        set_and_delete_error(&layer, a()),
        CookieError::Undeclared { name, .. } if name == "a"
    );
}

#[test]
fn delete_that_matches_several_queued_sets_is_ambiguous_scope_that_shows_all() {
    let jar = jar();
    jar.set(a().path("/x")).expect("a valid cookie");
    jar.set(a().path("/y")).expect("a valid cookie");
    let error = jar.delete("a").expect_err("two scopes match");
    assert!(
        error
            .to_string()
            .contains("(host-only; Path=/x) and (host-only; Path=/y)"),
        "{error}"
    );
    let CookieError::AmbiguousScope { name, scopes, .. } = error else {
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
fn messages_of_reasons_name_a_remedy() {
    let long = format!("/{}", "x".repeat(1024));
    let messages = [
        (
            a().path("/\n"),
            r#"Path "/\n" contains a control character; remove it"#.into(),
        ),
        (
            a().path("/a;b"),
            "Path \"/a;b\" contains a `;`, which ends an attribute; percent-encode it in a Path, remove \
             it from a Domain"
                .into(),
        ),
        (
            a().path("/é"),
            "Path \"/é\" contains non-ASCII characters; percent-encode a Path, write a Domain in its \
             `xn--` form"
                .into(),
        ),
        (
            a().path("/ "),
            r#"Path "/ " starts or ends with white space; trim it"#.into(),
        ),
        (
            a().path(&*long),
            format!(
                "Path {:?} is longer than 1024 bytes, so browsers ignore it; shorten it",
                shown(&long)
            ),
        ),
        (
            a().path("app"),
            r#"Path "app" does not start with `/`; write it from the root"#.into(),
        ),
        (
            a().path("/a b"),
            "Path \"/a b\" contains a character that browsers never send in a URL path, so the cookie \
             would never be sent; use \"/a%20b\""
                .into(),
        ),
        (
            a().path("/a/../b"),
            "Path \"/a/../b\" contains a dot segment, which browsers resolve, so the cookie would \
             never be sent; use \"/b\""
                .into(),
        ),
        (
            a().domain("a/b"),
            r#"Domain "a/b" contains a character that hosts cannot contain; remove it"#.into(),
        ),
        (
            a().domain("..a"),
            r#"Domain ".a" starts with two dots; remove them"#.into(),
        ),
        (
            a().domain("a:80"),
            r#"Domain "a:80" has a port, but cookies are not bound to ports; remove it"#.into(),
        ),
        (
            a().same_site(SameSite::None).secure(false),
            "SameSite=None requires Secure; omit `secure(false)`, here or in the declaration"
                .into(),
        ),
        (
            a().partitioned(true).secure(false),
            "Partitioned requires Secure; omit `secure(false)`, here or in the declaration"
                .into(),
        ),
    ];
    for (cookie, message) in messages {
        let error = jar().set(cookie).expect_err("the cookie is invalid");
        assert_eq!(error.to_string(), format!("cookie \"a\": {message}"));
    }
    let prefixed = Cookie::build("__Secure-a").secure(false);
    assert_eq!(
        jar()
            .set(prefixed)
            .expect_err("the prefix requires Secure")
            .to_string(),
        "cookie \"__Secure-a\": the prefix `__Secure-` requires Secure; omit `secure(false)`, here or \
         in the declaration"
    );
    let error = CookieLayer::new()
        .declare(a().path(""))
        .expect_err("the Path is empty");
    assert_eq!(
        error.to_string(),
        "cookie \"a\": Path \"\" is empty, so the cookie's scope would depend on the request; give a Path"
    );
}

#[test]
fn messages_of_domains_that_browsers_drop_name_a_remedy() {
    let layer = CookieLayer::new().public_suffixes(|domain| domain == "co.test");
    let request = Request::builder()
        .header("host", "example.co.test")
        .body(());
    let jar = layer.jar(&request.expect("a request"));
    for (domain, message) in [
        (
            "test",
            r#"Domain "test" is a single label and not the request's host, so browsers drop the cookie; use the host or a parent of it"#,
        ),
        (
            "co.test",
            r#"Domain "co.test" is a public suffix, so browsers drop the cookie; use the host or a parent of it"#,
        ),
    ] {
        let error = jar.set(a().domain(domain)).expect_err("browsers drop it");
        assert_eq!(error.to_string(), format!("cookie \"a\": {message}"));
    }
}

#[test]
fn messages_of_renamed_cookies_name_a_remedy() {
    let layer = CookieLayer::new()
        .declare("new")
        .and_then(|layer| layer.renamed("a", "new"))
        .expect("a valid configuration");
    let set = layer.jar(&Request::new(())).set(a());
    for result in [set, layer.clone().declare(a()).map(drop)] {
        let error = result.expect_err("a previous name");
        assert_eq!(
            error.to_string(),
            r#"cookie "a" was renamed to "new"; use the new name"#
        );
        assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(error.name(), Some("a"));
    }
    let mut nested = Request::new(());
    let jar = layer.jar(&nested);
    nested.extensions_mut().insert(jar);
    let inner = CookieLayer::new().declare("a").expect("a declaration");
    let error = inner.jar(&nested).delete("a").expect_err("a conflict");
    assert_eq!(
        error.to_string(),
        r#"cookie "a": a CookieLayer renames it to "new", but a nested one declares or renames it too; declare and rename it in one layer"#
    );
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(error.name(), Some("a"));
    let error = layer.renamed("b", "newer").expect_err("not declared");
    assert_eq!(
        error.to_string(),
        r#"cookie "newer" is not declared; call `declare` before `renamed`"#
    );
    assert_eq!(error.name(), Some("newer"));
}

#[test]
fn ambiguous_scope_message_shows_at_most_eight_scopes() {
    let message = |sets: usize| {
        let jar = jar();
        for i in 0..sets {
            jar.set(a().path(format!("/{i}"))).expect("a valid cookie");
        }
        let error = jar.delete("a").expect_err("several scopes match");
        error.to_string()
    };
    assert!(message(8).contains("scopes: (host-only; Path=/0) and (host-only; Path=/1) and "));
    assert!(message(8).contains("(host-only; Path=/7); give"));
    assert!(message(9).contains("(host-only; Path=/7) and 1 more; give"));
    assert!(message(40).contains("(host-only; Path=/7) and 32 more; give"));
}

#[test]
fn set_and_delete_after_response_are_response_started() {
    let mut kept = None;
    let headers = response_cookies(&CookieLayer::new(), |jar| kept = Some(jar.clone()));
    assert!(headers.is_empty());
    for jar in [kept.expect("the handler was called"), ended_jar()] {
        assert_response_started(jar.set(a()), "a");
        assert_response_started(jar.delete("a"), "a");
    }
}

#[test]
fn set_and_delete_on_jar_from_headers_are_no_response() {
    let jar = CookieJar::from_headers(Request::new(()).headers());
    for result in [jar.set(a()), jar.delete("a")] {
        assert_matches!(
            result,
            Err(CookieError::NoResponse { name, .. }) if name == "a"
        );
    }
}

#[test]
fn from_extensions_without_layer_is_missing_layer() {
    let request = Request::new(());
    let error = CookieJar::from_extensions(request.extensions()).expect_err("there is no layer");
    assert_eq!(error, CookieError::MissingLayer);
    let message = error.to_string();
    assert!(
        message.starts_with("CookieLayer is not installed"),
        "{message}"
    );
}

#[test]
fn require_of_absent_cookie_is_missing_cookie_with_status_400() {
    let jar = jar();
    let error = jar.require("a").expect_err("the cookie is absent");
    assert_eq!(error.status(), StatusCode::BAD_REQUEST);
    assert_matches!(error, CookieError::MissingCookie { name, .. } if name == "a");
}

#[test]
fn parse_error_has_its_cause_as_source_and_not_in_its_message() {
    let error = CookieError::from(Cookie::parse("a").expect_err("there is no `=`"));
    assert_matches!(error, CookieError::Parse(_));
    let source = error.source().expect("a source").to_string();
    assert!(!error.to_string().contains(&source), "{error}");
}

#[test]
fn declare_of_declared_name_is_already_declared() {
    let result = declared().declare(a().path("/other"));
    assert_matches!(
        result,
        Err(CookieError::AlreadyDeclared { name, .. }) if name == "a"
    );
}

#[test]
fn declare_and_retire_with_empty_path_are_invalid_path() {
    for result in [
        CookieLayer::new().declare(a().path("")),
        declared().retire(a().path("")),
    ] {
        assert_matches!(
            result,
            Err(CookieError::InvalidPath {
                reason: AttributeReason::Empty,
                ..
            })
        );
    }
}

#[test]
fn declare_and_retire_return_the_same_error_as_set() {
    let cases: [(Cookie<'static>, IsExpected); 9] = [
        (Cookie::new("a b", ""), |error| {
            matches!(error, CookieError::InvalidName { .. })
        }),
        (Cookie::new("version", ""), |error| {
            matches!(error, CookieError::ReservedName { .. })
        }),
        (a().path("app").into(), |error| {
            matches!(error, CookieError::InvalidPath { .. })
        }),
        (a().domain("example.com:80").into(), |error| {
            matches!(error, CookieError::InvalidDomain { .. })
        }),
        (Cookie::build("__Host-a").path("/app").into(), |error| {
            matches!(error, CookieError::HostPrefixPath { .. })
        }),
        (
            Cookie::build("__Host-a").domain("example.com").into(),
            |error| matches!(error, CookieError::HostPrefixDomain { .. }),
        ),
        (Cookie::build("__Secure-a").secure(false).into(), |error| {
            matches!(error, CookieError::SecureRequired { .. })
        }),
        (Cookie::build("__Http-a").http_only(false).into(), |error| {
            matches!(error, CookieError::HttpOnlyRequired { .. })
        }),
        (
            a().same_site(SameSite::None).secure(false).into(),
            |error| matches!(error, CookieError::SecureRequired { .. }),
        ),
    ];
    for (cookie, is_expected) in cases {
        let expected = jar()
            .set(cookie.clone())
            .expect_err("the cookie is invalid");
        assert!(is_expected(&expected), "{cookie}: {expected:?}");
        let declared = CookieLayer::new().declare(cookie.clone()).map(drop);
        assert_eq!(declared, Err(expected.clone()));
        // The layer on which `retire` is called: the name is declared if it can be.
        let layer = CookieLayer::new().declare(cookie.name().to_owned());
        let retired = layer.and_then(|layer| layer.retire(cookie));
        assert_eq!(retired.map(drop), Err(expected));
    }
}

#[test]
fn retire_of_undeclared_name_is_retire_undeclared() {
    assert_matches!(
        CookieLayer::new().retire(a()),
        Err(CookieError::RetireUndeclared { name, .. }) if name == "a"
    );
}

#[test]
fn retire_of_declared_scope_is_retire_declared() {
    let result = declared().retire(a().path("/app").domain(".EXAMPLE.com"));
    let error = result.expect_err("the scope is the declared one");
    assert_matches!(error, CookieError::RetireDeclared { .. });
    let message = error.to_string();
    assert!(
        message.contains("Domain=EXAMPLE.com; Path=/app"),
        "{message}"
    );
}

#[test]
fn retire_of_retired_scope_is_already_retired() {
    let layer = declared().retire(a()).expect("a previous scope");
    let error = layer
        .retire(a().path("/"))
        .expect_err("the scope is already retired");
    assert_matches!(error, CookieError::AlreadyRetired { .. });
    let message = error.to_string();
    assert!(message.contains("host-only; Path=/ is"), "{message}");
}

#[test]
fn messages_show_no_value_and_escape_control_characters() {
    let declared_jar = declared().jar(&Request::new(()));
    let named = |name: &'static str| Cookie::build((name, "s3cret"));
    let cases: [(&CookieJar, CookieBuilder<'_>, IsExpected); 6] = [
        (&jar(), named("a\r\nb"), |error| {
            matches!(error, CookieError::InvalidName { .. })
        }),
        (&jar(), Cookie::build(("a", "s3cret\0")), |error| {
            matches!(error, CookieError::ControlCharacter { .. })
        }),
        (&jar(), named("a").path("/\r\nx"), |error| {
            matches!(error, CookieError::InvalidPath { .. })
        }),
        (&jar(), named("a").domain("\u{7f}"), |error| {
            matches!(error, CookieError::InvalidDomain { .. })
        }),
        (&jar(), named("__Host-a").domain("example.com"), |error| {
            matches!(error, CookieError::HostPrefixDomain { .. })
        }),
        // The scope is compared with the declared one before the Path is validated.
        (&declared_jar, named("a").path("/\r\n"), |error| {
            matches!(error, CookieError::ScopeMismatch { .. })
        }),
    ];
    for (jar, cookie, is_expected) in cases {
        let error = jar.set(cookie).expect_err("the cookie is invalid");
        assert!(is_expected(&error), "{error:?}");
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("s3cret"), "{text}");
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }
}
