//! `get_percent_decoded` decodes values that scripts and other libraries encode. Names are never
//! decoded.

mod support;

use support::request;
use tower_django_cookies::CookieLayer;

fn decoded(header: &str) -> Option<String> {
    let jar = CookieLayer::new().jar(&request(header));
    jar.get_percent_decoded("a")
        .map(std::borrow::Cow::into_owned)
}

/// The first column is what `encodeURIComponent` of Node.js 20 returns for the second.
#[test]
fn value_of_encode_uri_component_is_decoded() {
    for (encoded, value) in [
        ("2%3B%203", "2; 3"),
        ("Bj%C3%B6rk", "Björk"),
        ("%F0%9F%8D%AA", "🍪"),
        ("ann%40example.com", "ann@example.com"),
        ("%7B%22a%22%3A%5B1%2C2.5%5D%7D", "{\"a\":[1,2.5]}"),
        ("100%25", "100%"),
        ("%22quoted%22", "\"quoted\""),
        ("a%2Bb%2Fc%3D%3D", "a+b/c=="),
        ("!'()*-._~", "!'()*-._~"),
        ("", ""),
    ] {
        assert_eq!(decoded(&format!("a={encoded}")).as_deref(), Some(value));
    }
}

#[test]
fn value_that_is_not_percent_encoded_is_returned_unchanged() {
    for value in ["a+b", "%", "%4", "%zz", "a%", "é"] {
        assert_eq!(decoded(&format!("a={value}")).as_deref(), Some(value));
    }
}

#[test]
fn bytes_that_are_not_utf_8_become_u_fffd() {
    assert_eq!(decoded("a=x%FFy").as_deref(), Some("x\u{fffd}y"));
}

/// The quotes are removed first, as in `get`.
#[test]
fn quoted_value_is_unquoted_and_then_decoded() {
    assert_eq!(decoded("a=\"2%3B 3\"").as_deref(), Some("2; 3"));
    assert_eq!(decoded("a=%222%22").as_deref(), Some("\"2\""));
}

#[test]
fn last_value_of_duplicates_is_decoded() {
    assert_eq!(decoded("a=%31; a=%32").as_deref(), Some("2"));
}

#[test]
fn absent_cookie_is_none() {
    assert_eq!(decoded("b=1"), None);
}

#[test]
fn percent_encoded_name_is_not_found() {
    let jar = CookieLayer::new().jar(&request("__%48ost-id=1; %61=2"));
    assert_eq!(jar.get_percent_decoded("__Host-id"), None);
    assert_eq!(jar.get_percent_decoded("a"), None);
    assert_eq!(jar.get_percent_decoded("%61").as_deref(), Some("2"));
}

/// A value without escapes is not copied.
#[test]
fn value_without_percent_sign_borrows() {
    let jar = CookieLayer::new().jar(&request("a=plain"));
    let value = jar.get_percent_decoded("a");
    assert!(matches!(value, Some(std::borrow::Cow::Borrowed("plain"))));
}
