//! Reads of a renamed cookie never fall back to its previous name.

use tower_django_cookies::CookieError;
#[cfg(any(feature = "signed", feature = "private"))]
use tower_django_cookies::CookieLayer;

use super::layer;
use super::support::{assert_matches, deletion, request, response_headers, set_cookies};
#[cfg(any(feature = "signed", feature = "private"))]
use super::{assert_renamed, cookies, jar};

/// Falling back would give up the protection of a prefix such as `__Host-`.
#[test]
fn reads_of_new_name_never_fall_back_to_old_name() {
    let headers = response_headers(&layer(), request("old=1; other=2"), |jar| {
        assert_eq!(jar.get("new"), None);
        assert_eq!(jar.get_all("new").count(), 0);
        assert!(!jar.contains("new"));
        assert_matches!(
            jar.require("new"),
            Err(CookieError::MissingCookie { name, .. }) if name == "new"
        );
        assert!(jar.iter().eq([("old", "1"), ("other", "2")]));
        assert_eq!(jar.len(), 2);
        // The previous name can be read as any other, such as for a move of its value.
        assert_eq!(jar.get("old"), Some("1"));
        assert_eq!(jar.require("old"), Ok("1"));
        let value = jar.get("old").expect("the cookie").to_owned();
        jar.set(("new", value)).expect("the new name");
    });
    assert_eq!(
        set_cookies(&headers),
        [deletion("old", "/"), "new=1; Path=/app".into()]
    );
    response_headers(&layer(), request("new=2; old=1"), |jar| {
        assert_eq!((jar.get("new"), jar.get("old")), (Some("2"), Some("1")));
    });
}

#[cfg(feature = "signed")]
#[test]
fn signed_set_deletes_old_name_and_signed_get_does_not_fall_back() {
    let with_key = |layer: CookieLayer| layer.secret_key("k".repeat(32)).expect("a key");
    let layer = with_key(layer());

    let sent = cookies(&layer, |jar| jar.signed().set(("new", "42")));
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], deletion("old", "/"));
    assert!(sent[1].starts_with("new=42:"), "{sent:?}");
    let jar_without_cookies = jar(&layer);
    assert_renamed(
        jar_without_cookies.signed().set(("old", "42")),
        "old",
        "new",
    );
    assert!(jar_without_cookies.queued().is_empty());

    // Signed before the rename.
    let before = jar(&with_key(CookieLayer::new()));
    before.signed().set(("old", "42")).expect("a valid cookie");
    let value = before.queued()[0].value().to_owned();
    let jar = layer.jar(&request(format!("old={value}")));
    assert_matches!(
        jar.signed().get("new"),
        Err(CookieError::MissingCookie { name, .. }) if name == "new"
    );
    assert_eq!(jar.signed().get("old").as_deref(), Ok("42"));
    // A signature is valid for one name.
    let jar = layer.jar(&request(format!("new={value}")));
    assert_matches!(
        jar.signed().get("new"),
        Err(CookieError::BadSignature { name, .. }) if name == "new"
    );
}

#[cfg(feature = "private")]
#[test]
fn private_set_deletes_old_name_and_private_get_does_not_fall_back() {
    use tower_django_cookies::cookie::Key;

    let key = Key::from(&[7; 64]);
    let layer = layer().private_key(key.clone());
    let sent = cookies(&layer, |jar| jar.private().set(("new", "42")));
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], deletion("old", "/"));
    assert!(sent[1].starts_with("new="), "{sent:?}");
    let jar_without_cookies = jar(&layer);
    assert_renamed(
        jar_without_cookies.private().set(("old", "42")),
        "old",
        "new",
    );
    assert!(jar_without_cookies.queued().is_empty());

    let before = jar(&CookieLayer::new().private_key(key));
    before.private().set(("old", "42")).expect("a valid cookie");
    let value = before.queued()[0].value().to_owned();
    let jar = layer.jar(&request(format!("old={value}")));
    assert_matches!(
        jar.private().get("new"),
        Err(CookieError::MissingCookie { name, .. }) if name == "new"
    );
    assert_eq!(jar.private().get("old").as_deref(), Ok("42"));
    // A value is encrypted for one name.
    let jar = layer.jar(&request(format!("new={value}")));
    assert_matches!(
        jar.private().get("new"),
        Err(CookieError::BadSignature { name, .. }) if name == "new"
    );
}
