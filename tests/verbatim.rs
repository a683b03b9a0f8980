//! `set_verbatim` sends a value as it is, with the scope and the checks of `set`.

mod support;

use support::{assert_matches, response_cookies};
use tower_django_cookies::{Cookie, CookieError, CookieLayer};

/// The `Set-Cookie` header of `set_verbatim`.
fn header(cookie: &Cookie<'static>) -> String {
    let mut headers = response_cookies(&CookieLayer::new(), |jar| {
        jar.set_verbatim(cookie.clone()).expect("a valid cookie");
    });
    assert_eq!(headers.len(), 1);
    headers.remove(0)
}

/// RFC 6265 §4.1.1: cookie-octet.
const OCTETS: &str =
    "!#$%&'()*+-./0123456789:<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~";

#[test]
fn set_verbatim_sends_cookie_value_unchanged() {
    for value in [
        OCTETS, "", "\"\"", "\"a==\"", "a==", "2%3B%203", "{}", "[1]",
    ] {
        assert_eq!(
            header(&Cookie::new("a", value)),
            format!("a={value}; Path=/"),
            "{value}"
        );
    }
}

#[test]
fn set_verbatim_of_parsed_header_sends_the_same_pair() {
    for text in [
        "a=\"a==\"; Path=/",
        "a=a==; Path=/app",
        "a=; HttpOnly; Path=/; SameSite=Lax; Secure",
    ] {
        let cookie = Cookie::parse(text).expect("a cookie");
        assert_eq!(header(&cookie), text);
    }
}

#[test]
fn set_verbatim_of_any_other_character_is_invalid_value() {
    let jar = CookieLayer::new().jar(&http::Request::new(()));
    let refused = (0..=0x17F)
        .filter_map(char::from_u32)
        .filter(|&c| !OCTETS.contains(c));
    let mut count = 0;
    for c in refused {
        for value in [c.to_string(), format!("a{c}b"), format!("\"{c}\"")] {
            let result = jar.set_verbatim(("a", &*value));
            if c.is_ascii_control() {
                assert_matches!(result, Err(CookieError::ControlCharacter { name, .. }) if name == "a");
            } else {
                assert_matches!(result, Err(CookieError::InvalidValue { name, .. }) if name == "a");
            }
            count += 1;
        }
    }
    for value in ["\"", "\"a", "a\"", "\"\"\"", "\"\"a\"\"", "\"a\" "] {
        let result = jar.set_verbatim(("a", value));
        assert_matches!(result, Err(CookieError::InvalidValue { name, .. }) if name == "a");
    }
    assert!(count > 800, "{count}");
    assert!(jar.queued().is_empty());
}

#[test]
fn set_verbatim_checks_value_for_any_name_before_its_length() {
    let jar = CookieLayer::new().jar(&http::Request::new(()));
    for name in ["a", "__Host-a", "__Secure-a", "__Http-a", "__a"] {
        for value in ["1; Domain=example.com".to_owned(), "a,".repeat(4096)] {
            let result = jar.set_verbatim((name, &*value));
            assert_matches!(result, Err(CookieError::InvalidValue { name: found, .. }) if found == name);
        }
    }
    assert!(jar.queued().is_empty());
}

#[test]
fn invalid_value_names_the_remedy_and_hides_the_value() {
    let jar = CookieLayer::new().jar(&http::Request::new(()));
    let error = jar
        .set_verbatim(("a", "SECRET VALUE"))
        .expect_err("a space");
    assert_eq!(
        error.to_string(),
        "cookie \"a\": the value cannot be sent as it is; use `set`, which quotes it, or encode the \
         value, for example with base64 or percent-encoding"
    );
    assert_eq!(error.name(), Some("a"));
    assert_eq!(error.status(), http::StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!format!("{error:?}").contains("SECRET"));
}

#[test]
fn set_verbatim_uses_declaration_and_returns_the_errors_of_set() {
    let layer = CookieLayer::new()
        .declare(Cookie::build("session").path("/app").http_only(true))
        .and_then(|layer| layer.retire(Cookie::build("session").path("/")))
        .expect("a declaration")
        .deny_undeclared();
    let headers = response_cookies(&layer, |jar| {
        jar.set_verbatim(("session", "\"f8==\""))
            .expect("a valid cookie");
        let result = jar.set_verbatim(("other", "1"));
        assert_matches!(result, Err(CookieError::Undeclared { name, .. }) if name == "other");
        let result = jar.set_verbatim(Cookie::build(("session", "1")).path("/"));
        assert_matches!(result, Err(CookieError::ScopeMismatch { .. }));
        let result = jar.set_verbatim(("session", "a".repeat(4090)));
        assert_matches!(result, Err(CookieError::TooLong { len: 4097, .. }));
    });
    assert_eq!(
        headers,
        [
            support::deletion("session", "/"),
            "session=\"f8==\"; HttpOnly; Path=/app".to_owned()
        ]
    );
}

#[test]
fn queued_shows_value_without_quotes_as_a_handler_reads_it() {
    let jar = CookieLayer::new().jar(&http::Request::new(()));
    for (value, read) in [("\"a==\"", "a=="), ("a==", "a=="), ("\"\"", ""), ("", "")] {
        jar.set_verbatim(("a", value)).expect("a valid cookie");
        assert_eq!(jar.queued()[0].value(), read);
        let request = support::request(format!("a={value}"));
        assert_eq!(CookieLayer::new().jar(&request).get("a"), Some(read));
    }
}
