//! The steps of the guide: releases of both servers, with logins, logouts and rollbacks between them.
//!
//! The old server set its cookie at `/account/login` without a Path, so browsers store it for `/account`.

use std::borrow::Cow;

use axum::Router;
use axum::response::AppendHeaders;
use http::header::SET_COOKIE;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tower_django_cookies::{Cookie, CookieJar, CookieLayer};

use crate::harness::{Browser, PEERS, Peer, body_of, here};

/// The header that the guide tells the old server to append in its last release.
const DELETE_IN_DIRECTORY: &str = "user=; Path=/account; Max-Age=0";

fn at_root(user: &'static str) -> Cookie<'static> {
    Cookie::build(("user", user)).path("/").build()
}

/// The old server's last release: it gives the Path, and deletes the cookie in the directory.
fn with_delete(server: Router) -> Router {
    server.layer(axum::middleware::map_response(
        async |response: axum::response::Response| {
            (AppendHeaders([(SET_COOKIE, DELETE_IN_DIRECTORY)]), response)
        },
    ))
}

#[test]
fn guide_has_the_header_that_is_tested() {
    for page in [
        include_str!("../../../src/docs/coming_from_axum_extra.md"),
        include_str!("../../../src/docs/coming_from_tower_cookies.md"),
    ] {
        assert!(page.contains(DELETE_IN_DIRECTORY));
    }
}

fn new_layer() -> CookieLayer {
    let old = Cookie::build("user").path("/account");
    let layer = CookieLayer::new().declare("user").expect("a declaration");
    layer.retire(old).expect("a scope")
}

fn new_login(user: &'static str) -> Router {
    here(new_layer(), move |jar| {
        let encoded = utf8_percent_encode(user, NON_ALPHANUMERIC).to_string();
        jar.set_verbatim(("user", encoded)).map(|()| String::new())
    })
}

fn new_logout() -> Router {
    here(new_layer(), |jar| {
        jar.delete("user").map(|()| String::new())
    })
}

fn new_reading() -> Router {
    here(new_layer(), |jar| {
        Ok(body_of(jar.get_percent_decoded("user").as_deref()))
    })
}

async fn assert_user(browser: &mut Browser, peer: Peer, expected: Option<&str>) {
    let old = browser.body("/account/", peer.reading("user")).await;
    assert_eq!(old, body_of(expected), "{peer:?}");
    let new = browser.body("/account/", new_reading()).await;
    assert_eq!(new, body_of(expected), "{peer:?}");
}

/// Without the header, the logout of Bob would log Ann in, who has logged in before the Path was given.
#[tokio::test]
async fn logout_with_path_logs_the_previous_user_in_unless_the_directory_is_cleared() {
    let unchanged: fn(Router) -> Router = |server| server;
    for (release, after_logout) in [(unchanged, Some("ann")), (with_delete, None)] {
        for peer in PEERS {
            let mut browser = Browser::new();
            let ann = peer.setting(Cookie::new("user", "ann"));
            browser.visit("/account/login", ann).await;
            let bob = release(peer.setting(at_root("bob")));
            browser.visit("/account/login", bob).await;
            let logout = release(peer.deleting(at_root("")));
            browser.visit("/account/logout", logout).await;
            assert_user(&mut browser, peer, after_logout).await;
        }
    }
}

/// Each user in turn is the one whom both servers read, through all orders of three steps after the first login.
#[tokio::test]
async fn each_order_of_logins_logouts_and_rollbacks_is_read_by_both_servers() {
    #[derive(Clone, Copy, Debug)]
    enum Step {
        OldLogin,
        OldLogout,
        NewLogin,
        NewLogout,
    }
    use Step::{NewLogin, NewLogout, OldLogin, OldLogout};
    let steps = [OldLogin, OldLogout, NewLogin, NewLogout];
    for peer in PEERS {
        for first in steps {
            for second in steps {
                for third in steps {
                    let mut browser = Browser::new();
                    let ann = peer.setting(Cookie::new("user", "ann"));
                    browser.visit("/account/login", ann).await;
                    assert_user(&mut browser, peer, Some("ann")).await;
                    for step in [first, second, third] {
                        let (page, server, user) = match step {
                            OldLogin => (
                                "login",
                                with_delete(peer.setting(at_root("bob"))),
                                Some("bob"),
                            ),
                            OldLogout => ("logout", with_delete(peer.deleting(at_root(""))), None),
                            NewLogin => ("login", new_login("eve"), Some("eve")),
                            NewLogout => ("logout", new_logout(), None),
                        };
                        browser.visit(&format!("/account/{page}"), server).await;
                        assert_user(&mut browser, peer, user).await;
                    }
                }
            }
        }
    }
}

/// The new name ends percent-encoding. Its fallback reads the old cookie, so a logout must delete that at each scope.
#[tokio::test]
async fn logout_under_the_new_name_deletes_the_old_cookie_only_at_the_scopes_given() {
    fn user(jar: &CookieJar) -> String {
        let user = jar.get("user-2").map(Cow::from);
        let user = user.or_else(|| jar.get_percent_decoded("user"));
        body_of(user.as_deref())
    }
    let layer = || {
        let layer = CookieLayer::new().declare("user-2").expect("a declaration");
        layer.renamed("user", "user-2").expect("a previous name")
    };
    let in_directory = Cookie::build("user").path("/account");
    let both = layer().renamed(in_directory, "user-2").expect("a scope");
    for (layer, after_logout) in [(layer(), Some("ann")), (both, None)] {
        for peer in PEERS {
            let mut browser = Browser::new();
            let ann = peer.setting(Cookie::new("user", "ann"));
            browser.visit("/account/login", ann).await;
            let body = browser
                .body("/account/", here(layer.clone(), |jar| Ok(user(jar))))
                .await;
            assert_eq!(body, body_of(Some("ann")), "{peer:?}");
            let logout = here(layer.clone(), |jar| {
                jar.delete("user-2").map(|()| String::new())
            });
            browser.body("/account/logout", logout).await;
            let body = browser
                .body("/account/", here(layer.clone(), |jar| Ok(user(jar))))
                .await;
            assert_eq!(body, body_of(after_logout), "{peer:?}");
        }
    }
}
