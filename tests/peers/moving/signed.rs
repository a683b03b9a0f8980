//! Signed cookies of peers, which have another format than Django's.

use http::header::SET_COOKIE;
use tower_django_cookies::cookie::Key;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

use crate::harness::{Browser, PEERS, Peer, SIGNING_PEERS, body_of, here};
use crate::page::assert_block;
use crate::recipe;
use crate::values::VALUES;

fn old_key() -> Key {
    Key::from(&[1; 64])
}

fn layer() -> CookieLayer {
    CookieLayer::new()
        .secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")
        .expect("a key")
}

/// The body for a signed cookie.
fn body(user: Result<String, CookieError>) -> Result<String, CookieError> {
    match user {
        Ok(user) => Ok(body_of(Some(&user))),
        Err(CookieError::MissingCookie { .. }) => Ok(body_of(None)),
        Err(CookieError::BadSignature { .. }) => Ok("bad signature".into()),
        Err(error) => Err(error),
    }
}

/// The handler of the new server as long as a rollback is possible.
fn read_both(jar: &CookieJar) -> Result<String, CookieError> {
    body(recipe::user(jar, &old_key()))
}

/// The handler of the new server after that, while old cookies last.
fn read_and_sign_anew(jar: &CookieJar) -> Result<String, CookieError> {
    body(recipe::user_signed_anew(jar, &old_key()))
}

/// The handler of the new server in the end.
fn read_new(jar: &CookieJar) -> Result<String, CookieError> {
    body(jar.signed().get("user"))
}

/// The login of the new server as long as a rollback is possible.
fn log_in(user: &'static str) -> impl Fn(&CookieJar) -> Result<String, CookieError> + Clone {
    move |jar| recipe::log_in(jar, &old_key(), user).map(|()| String::new())
}

fn log_out(jar: &CookieJar) -> Result<String, CookieError> {
    jar.delete("user").map(|()| String::new())
}

#[test]
fn guide_has_the_recipe_as_it_is_tested() {
    let source = include_str!("recipe.rs");
    let (imports, function) = source
        .split_once("// The guide shows the rest of this file.\n")
        .expect("the comment");
    let imports = imports.split_once("\n\n").expect("imports").1.trim_end();
    assert_block(
        "signed_cookies",
        &format!("\n```rust,ignore\n{imports}\n\n{function}```\n\n"),
    );
}

#[tokio::test]
async fn recipe_reads_each_signed_cookie_that_the_peer_reads_and_signs_it_anew() {
    for peer in SIGNING_PEERS {
        let mut read = 0;
        for value in VALUES {
            let mut browser = Browser::new();
            let cookie = Cookie::new("user", value);
            browser.visit("/", peer.signing(old_key(), cookie)).await;
            let expected = browser.body("/", peer.verifying(old_key(), "user")).await;

            let is_read = expected == format!("value: {value}");
            // If tower-cookies cannot read its own cookie, it returns `None`, and this crate an error.
            let expected = if is_read { &expected } else { "bad signature" };
            for reading in [read_both, read_and_sign_anew, read_new] {
                let body = browser.body("/", here(layer(), reading)).await;
                assert_eq!(body, expected, "{peer:?}: {value}");
            }
            read += usize::from(is_read);
        }
        // tower-cookies does not read its own signed values with `%20`, outer spaces or `;`.
        let unreadable = if peer == Peer::TowerCookies { 3 } else { 0 };
        assert_eq!(read, VALUES.len() - unreadable, "{peer:?}");
    }
}

#[tokio::test]
async fn recipe_signs_a_cookie_once() {
    let mut browser = Browser::new();
    let cookie = Cookie::new("user", "42");
    let old = Peer::AxumExtra.signing(old_key(), cookie);
    browser.visit("/", old).await;
    let response = browser.visit("/", here(layer(), read_and_sign_anew)).await;
    assert!(response.headers().contains_key(SET_COOKIE));
    let response = browser.visit("/", here(layer(), read_and_sign_anew)).await;
    assert!(!response.headers().contains_key(SET_COOKIE));
    assert_eq!(response.body().text().expect("UTF-8"), "value: 42");
}

#[tokio::test]
async fn recipe_rejects_cookies_of_another_key_and_sets_none() {
    for peer in SIGNING_PEERS {
        let mut browser = Browser::new();
        let other = peer.signing(Key::from(&[2; 64]), Cookie::new("user", "42"));
        browser.visit("/", other).await;
        let response = browser.visit("/", here(layer(), read_and_sign_anew)).await;
        assert!(!response.headers().contains_key(SET_COOKIE));
        let body = response.body().text().expect("UTF-8");
        assert_eq!(body, "bad signature", "{peer:?}");
    }
    // Neither plain values nor a request without cookies are accepted.
    for value in ["", "42", &"A".repeat(44), &"é".repeat(44)] {
        let mut browser = Browser::new();
        let plain = Peer::AxumExtra.setting(Cookie::new("user", value.to_owned()));
        browser.visit("/", plain).await;
        let body = browser.body("/", here(layer(), read_and_sign_anew)).await;
        assert_eq!(body, "bad signature", "{value}");
    }
    let body = Browser::new()
        .body("/", here(layer(), read_and_sign_anew))
        .await;
    assert_eq!(body, "none");
}

/// The peer sends no Path, so the old cookie is stored for the directory of the page.
#[tokio::test]
async fn old_signed_cookie_survives_a_logout_unless_its_scope_is_retired() {
    let retiring = || {
        let old = Cookie::build("user").path("/account");
        let declared = layer().declare("user").expect("a declaration");
        declared.retire(old).expect("a scope to retire")
    };
    for peer in SIGNING_PEERS {
        for (layer, after_logout) in [(layer(), "value: 42"), (retiring(), "none")] {
            let mut browser = Browser::new();
            let login = peer.signing(old_key(), Cookie::new("user", "42"));
            browser.visit("/account/login", login).await;
            for _ in 0..2 {
                let reading = here(layer.clone(), read_and_sign_anew);
                let body = browser.body("/account/", reading).await;
                assert_eq!(body, "value: 42", "{peer:?}");
            }
            browser
                .body("/account/logout", here(layer.clone(), log_out))
                .await;
            let body = browser
                .body("/account/", here(layer, read_and_sign_anew))
                .await;
            assert_eq!(body, after_logout, "{peer:?}");
        }
    }
}

/// The user logs in as 42 here, and logs in as 43 after a rollback. The cookie of 42 is read unless both have the same
/// scope.
#[tokio::test]
async fn login_after_a_rollback_is_read_only_at_the_same_path() {
    for peer in SIGNING_PEERS {
        for (path, expected) in [("", "value: 42"), ("/", "value: 43")] {
            let mut browser = Browser::new();
            browser
                .body("/account/login", here(layer(), log_in("42")))
                .await;
            let mut cookie = Cookie::new("user", "43");
            if !path.is_empty() {
                cookie.set_path(path);
            }
            browser
                .body("/account/login", peer.signing(old_key(), cookie))
                .await;
            let body = browser
                .body("/account/", peer.verifying(old_key(), "user"))
                .await;
            assert_eq!(body, expected, "{peer:?}");
            let body = browser.body("/account/", here(layer(), read_both)).await;
            assert_eq!(body, expected, "{peer:?}");
        }
    }
}

/// axum-extra reads the last cookie that has a valid signature.
#[tokio::test]
async fn recipe_and_tower_cookies_read_the_last_old_cookie_only() {
    for (peer, expected) in [(Peer::AxumExtra, "value: 42"), (Peer::TowerCookies, "none")] {
        let mut browser = Browser::new();
        let login = peer.signing(old_key(), Cookie::new("user", "42"));
        browser.body("/account/login", login).await;
        let other = Cookie::build(("user", "forged")).path("/").build();
        browser.body("/account/", peer.setting(other)).await;
        let body = browser
            .body("/account/", peer.verifying(old_key(), "user"))
            .await;
        assert_eq!(body, expected, "{peer:?}");
        let body = browser.body("/account/", here(layer(), read_both)).await;
        assert_eq!(body, "bad signature", "{peer:?}");
    }
}

#[tokio::test]
async fn rollback_loses_a_cookie_that_the_recipe_signed_anew() {
    for peer in SIGNING_PEERS {
        let mut browser = Browser::new();
        let login = peer.signing(old_key(), Cookie::new("user", "42"));
        browser.visit("/", login).await;
        browser.body("/", here(layer(), read_and_sign_anew)).await;
        let body = browser.body("/", peer.verifying(old_key(), "user")).await;
        assert_eq!(body, "none", "{peer:?}");
    }
}

/// A request that reads the cookie must not change it, or the peer does not read it after a rollback.
#[tokio::test]
async fn peers_read_the_login_of_the_recipe_before_and_after_it_is_read_here() {
    for peer in SIGNING_PEERS {
        for value in VALUES {
            let mut browser = Browser::new();
            browser.body("/", here(layer(), log_in(value))).await;
            for _ in 0..2 {
                let body = browser.body("/", peer.verifying(old_key(), "user")).await;
                assert_eq!(body, format!("value: {value}"), "{peer:?}");
                let body = browser.body("/", here(layer(), read_both)).await;
                assert_eq!(body, format!("value: {value}"), "{peer:?}");
            }
        }
    }
    // axum-cookie signs nothing.
    assert_eq!(PEERS.len(), SIGNING_PEERS.len() + 1);
}

/// Old cookies, too, are left as they are until no rollback is needed.
#[tokio::test]
async fn rollback_keeps_an_old_login_that_is_read_here() {
    for peer in SIGNING_PEERS {
        let mut browser = Browser::new();
        let login = Cookie::build(("user", "42")).path("/").build();
        browser.visit("/", peer.signing(old_key(), login)).await;
        browser.body("/", here(layer(), read_both)).await;
        let body = browser.body("/", peer.verifying(old_key(), "user")).await;
        assert_eq!(body, "value: 42", "{peer:?}");
    }
}
