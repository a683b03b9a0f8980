//! Invalid calls of `renamed` are errors when the layer is built.

use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieLayer, SameSite};

use super::support::{assert_matches, deletion};
use super::{assert_renamed, deleted, layer, old};

#[test]
fn renamed_to_undeclared_name_is_rename_undeclared() {
    for layer in [CookieLayer::new(), layer(), layer().deny_undeclared()] {
        assert_matches!(
            layer.renamed("older", "newer"),
            Err(CookieError::RenameUndeclared { name, .. }) if name == "newer"
        );
    }
}

#[test]
fn renamed_from_declared_name_is_already_declared() {
    let layer = layer().declare("other").expect("a declaration");
    for (old, new) in [("other", "new"), ("new", "other"), ("new", "new")] {
        assert_matches!(
            layer.clone().renamed(old, new),
            Err(CookieError::AlreadyDeclared { name, .. }) if name == old
        );
    }
}

#[test]
fn declare_of_old_name_is_renamed() {
    for path in ["/", "/app"] {
        assert_renamed(layer().declare(old().path(path)), "old", "new");
    }
    // Names are case-sensitive.
    assert!(layer().declare("Old").is_ok());
}

#[test]
fn renamed_from_old_name_of_other_cookie_is_renamed() {
    let layer = layer().declare("other").expect("a declaration");
    assert_renamed(layer.renamed(old().path("/other"), "other"), "old", "new");
}

#[test]
fn renamed_from_same_scope_twice_is_already_retired() {
    for again in [old(), old().path("/"), old().domain("").partitioned(false)] {
        assert_matches!(
            layer().renamed(again, "new"),
            Err(CookieError::AlreadyRetired { name, scope, .. })
                if name == "old" && scope.to_string() == "host-only; Path=/"
        );
    }
}

/// The scopes of a previous name are not compared with those of the declared name.
#[test]
fn renamed_at_declared_scope_is_accepted() {
    let layer = layer()
        .renamed(old().path("/app"), "new")
        .expect("a previous scope");
    assert_eq!(
        deleted(&layer, "old"),
        [
            deletion("old", "/"),
            deletion("old", "/app"),
            deletion("new", "/app")
        ]
    );
}

#[test]
fn renamed_with_invalid_name_or_attribute_returns_its_error() {
    type IsExpected = fn(&CookieError) -> bool;
    let cases: [(Cookie<'static>, IsExpected); 15] = [
        (
            Cookie::from(""),
            |error| matches!(error, CookieError::InvalidName { name, .. } if name.is_empty()),
        ),
        (Cookie::from("a;b"), |error| {
            matches!(error, CookieError::InvalidName { .. })
        }),
        (
            Cookie::from("a=b"),
            |error| matches!(error, CookieError::InvalidName { name, .. } if name == "a=…"),
        ),
        (Cookie::from(" a"), |error| {
            matches!(error, CookieError::InvalidName { .. })
        }),
        (Cookie::from("a\u{fffd}"), |error| {
            matches!(error, CookieError::InvalidName { .. })
        }),
        (Cookie::from("a\n"), |error| {
            matches!(error, CookieError::InvalidName { .. })
        }),
        (old().path("").into(), |error| {
            let expected = AttributeReason::Empty;
            matches!(error, CookieError::InvalidPath { reason, .. } if *reason == expected)
        }),
        (old().path("app").into(), |error| {
            let expected = AttributeReason::NotAbsolute;
            matches!(error, CookieError::InvalidPath { reason, .. } if *reason == expected)
        }),
        (old().path("/;").into(), |error| {
            let expected = AttributeReason::Semicolon;
            matches!(error, CookieError::InvalidPath { reason, .. } if *reason == expected)
        }),
        (old().domain("example.com:80").into(), |error| {
            let expected = AttributeReason::Port;
            matches!(error, CookieError::InvalidDomain { reason, .. } if *reason == expected)
        }),
        (Cookie::build("__Host-old").path("/app").into(), |error| {
            matches!(error, CookieError::HostPrefixPath { .. })
        }),
        (
            Cookie::build("__Host-old").domain("example.com").into(),
            |error| matches!(error, CookieError::HostPrefixDomain { .. }),
        ),
        (
            Cookie::build("__Secure-old").secure(false).into(),
            |error| matches!(error, CookieError::SecureRequired { .. }),
        ),
        (
            Cookie::build("__Http-old").http_only(false).into(),
            |error| matches!(error, CookieError::HttpOnlyRequired { .. }),
        ),
        (
            old()
                .path("/x")
                .same_site(SameSite::None)
                .secure(false)
                .into(),
            |error| matches!(error, CookieError::SecureRequired { .. }),
        ),
    ];
    let layer = layer();
    for (cookie, is_expected) in cases {
        let error = layer
            .clone()
            .renamed(cookie.clone(), "new")
            .expect_err("an error");
        assert!(is_expected(&error), "{cookie:?}: {error:?}");
        assert!(cookie.name().contains('=') || error.name() == Some(cookie.name()));
    }
}

#[test]
fn failed_rename_leaves_layer_unchanged() {
    let layer = layer();
    for result in [
        layer.clone().renamed(old().path(""), "new"),
        layer.clone().renamed(Cookie::build("a;b"), "new"),
        layer.clone().renamed("older", "newer"),
        layer.clone().renamed("new", "new"),
    ] {
        result.expect_err("an invalid rename");
    }
    assert_eq!(
        deleted(&layer, "new"),
        [deletion("old", "/"), deletion("new", "/app")]
    );
    assert_eq!(deleted(&layer, "older"), [deletion("older", "/")]);
}
