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
    let page = include_str!("../../../src/docs/moving_scopes.md");
    assert!(page.contains(DELETE_IN_DIRECTORY));
}

/// The two ways in which the guide lets both servers use the same Path.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The new server declares the directory, and the old one stays as it is.
    DeclareDirectory,
    /// Both use `Path=/`, and delete the cookie of the directory.
    Root,
}

impl Way {
    fn new_layer(self) -> CookieLayer {
        let in_directory = Cookie::build("user").path("/account");
        let layer = CookieLayer::new();
        match self {
            Self::DeclareDirectory => layer.declare(in_directory),
            Self::Root => layer
                .declare("user")
                .and_then(|layer| layer.retire(in_directory)),
        }
        .expect("a declaration")
    }

    fn old_login(self, peer: Peer, user: &'static str) -> Router {
        match self {
            Self::DeclareDirectory => peer.setting(Cookie::new("user", user)),
            Self::Root => with_delete(peer.setting(at_root(user))),
        }
    }

    fn old_logout(self, peer: Peer) -> Router {
        match self {
            Self::DeclareDirectory => peer.deleting(Cookie::new("user", "")),
            Self::Root => with_delete(peer.deleting(at_root(""))),
        }
    }
}

fn new_login(layer: CookieLayer, user: &'static str) -> Router {
    here(layer, move |jar| {
        let encoded = utf8_percent_encode(user, NON_ALPHANUMERIC).to_string();
        jar.set_verbatim(("user", encoded)).map(|()| String::new())
    })
}

fn new_logout(layer: CookieLayer) -> Router {
    here(layer, |jar| jar.delete("user").map(|()| String::new()))
}

fn new_reading() -> Router {
    here(CookieLayer::new(), |jar| {
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
    let orders = steps.into_iter().flat_map(|first| {
        steps.into_iter().flat_map(move |second| {
            let with_third = move |third| [first, second, third];
            steps.into_iter().map(with_third)
        })
    });
    for order in orders {
        for peer in PEERS {
            for way in [Way::DeclareDirectory, Way::Root] {
                let mut browser = Browser::new();
                let ann = peer.setting(Cookie::new("user", "ann"));
                browser.visit("/account/login", ann).await;
                assert_user(&mut browser, peer, Some("ann")).await;
                for step in order {
                    let (page, server, user) = match step {
                        OldLogin => ("login", way.old_login(peer, "bob"), Some("bob")),
                        OldLogout => ("logout", way.old_logout(peer), None),
                        NewLogin => ("login", new_login(way.new_layer(), "eve"), Some("eve")),
                        NewLogout => ("logout", new_logout(way.new_layer()), None),
                    };
                    browser.visit(&format!("/account/{page}"), server).await;
                    assert_user(&mut browser, peer, user).await;
                    let stored = browser.cookies().len();
                    assert_eq!(stored, usize::from(user.is_some()), "{way:?}: {order:?}");
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
