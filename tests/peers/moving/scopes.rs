//! The old and the new server run in turn on one host. Each sets and deletes the cookie of the other.
//!
//! Peers send no `Path` by default, so a browser stores their cookies for the directory of the page (RFC
//! 6265 §5.1.4).

use std::fmt::Write;

use axum::Router;
use tower_django_cookies::{Cookie, CookieLayer};

use crate::harness::{Browser, PEERS, Peer, body_of, here};
use crate::page::assert_block;

fn retiring() -> CookieLayer {
    let old = Cookie::build("a").path("/account");
    let declared = CookieLayer::new().declare("a").expect("a declaration");
    declared.retire(old).expect("a scope to retire")
}

/// An operation of a server on the cookie `a`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    TheySet,
    TheySetAtRoot,
    TheyRemove,
    TheyRemoveAtRoot,
    Set,
    Delete,
    SetAndRetire,
    DeleteAndRetire,
}

use Step::{
    Delete, DeleteAndRetire, Set, SetAndRetire, TheyRemove, TheyRemoveAtRoot, TheySet,
    TheySetAtRoot,
};

impl Step {
    fn server(self, peer: Peer) -> Router {
        let theirs = Cookie::new("a", "theirs");
        let theirs_at_root = Cookie::build(("a", "theirs")).path("/").build();
        let set = |layer| here(layer, |jar| jar.set(("a", "ours")).map(|()| String::new()));
        let delete = |layer| here(layer, |jar| jar.delete("a").map(|()| String::new()));
        match self {
            TheySet => peer.setting(theirs),
            TheySetAtRoot => peer.setting(theirs_at_root),
            TheyRemove => peer.deleting(theirs),
            TheyRemoveAtRoot => peer.deleting(theirs_at_root),
            Set => set(CookieLayer::new()),
            Delete => delete(CookieLayer::new()),
            SetAndRetire => set(retiring()),
            DeleteAndRetire => delete(retiring()),
        }
    }

    fn text(self) -> &'static str {
        match self {
            TheySet => "they set",
            TheySetAtRoot => "they set with `.path(\"/\")`",
            TheyRemove => "they remove",
            TheyRemoveAtRoot => "they remove with `.path(\"/\")`",
            Set => "`set` here",
            Delete => "`delete` here",
            SetAndRetire => "`set` here, with `retire`",
            DeleteAndRetire => "`delete` here, with `retire`",
        }
    }
}

/// Two steps, and the cookies that a browser has after them if the page is `/login` and `/account/login`:
/// their Path, name and value.
type Case = ([Step; 2], &'static [&'static str], &'static [&'static str]);

const CASES: [Case; 8] = [
    ([TheySet, Delete], &[], &["/account a=theirs"]),
    ([TheySet, DeleteAndRetire], &[], &[]),
    (
        [TheySet, Set],
        &["/ a=ours"],
        &["/account a=theirs", "/ a=ours"],
    ),
    ([TheySet, SetAndRetire], &["/ a=ours"], &["/ a=ours"]),
    ([Set, TheyRemove], &[], &["/ a=ours"]),
    ([Set, TheyRemoveAtRoot], &[], &[]),
    (
        [Set, TheySet],
        &["/ a=theirs"],
        &["/ a=ours", "/account a=theirs"],
    ),
    ([Set, TheySetAtRoot], &["/ a=theirs"], &["/ a=theirs"]),
];

fn cell(cookies: &[&str]) -> String {
    if cookies.is_empty() {
        return "–".into();
    }
    let cookies: Vec<_> = cookies.iter().map(|cookie| format!("`{cookie}`")).collect();
    cookies.join(", ")
}

#[tokio::test]
async fn alternating_servers_leave_the_cookies_in_the_guide() {
    let mut table = String::from(
        "\n| | stored cookies after requests to `/login` | after requests to `/account/login` |\n|---|---|---|\n",
    );
    for (steps, at_root, in_account) in CASES {
        let text = steps.map(Step::text).join(", then ");
        let _ = writeln!(
            table,
            "| {text} | {} | {} |",
            cell(at_root),
            cell(in_account)
        );
        for peer in PEERS {
            for (page, expected) in [("/login", at_root), ("/account/login", in_account)] {
                let mut browser = Browser::new();
                for step in steps {
                    browser.body(page, step.server(peer)).await;
                }
                assert_eq!(browser.cookies(), expected, "{peer:?}: {steps:?} at {page}");
            }
        }
    }
    table.push('\n');
    assert_block("scopes", &table);
}

/// The browser sends the cookie with the longest Path first. This crate, axum-extra and tower-cookies read
/// the last one, and axum-cookie the first.
#[tokio::test]
async fn value_that_a_peer_sets_beside_ours_is_read_by_axum_cookie_only() {
    for peer in PEERS {
        let mut browser = Browser::new();
        for step in [Set, TheySet] {
            browser.body("/account/login", step.server(peer)).await;
        }
        let expected = match peer {
            Peer::AxumExtra | Peer::TowerCookies => "value: ours",
            Peer::AxumCookie => "value: theirs",
        };
        let body = browser.body("/account/", peer.reading("a")).await;
        assert_eq!(body, expected, "{peer:?}");
        let reading = here(CookieLayer::new(), |jar| Ok(body_of(jar.get("a"))));
        assert_eq!(browser.body("/account/", reading).await, "value: ours");
    }
}

/// Each server reads the value that the other has set, and the browser stores no second cookie.
#[tokio::test]
async fn alternating_servers_share_one_cookie_with_path_and_retire() {
    for peer in PEERS {
        let mut browser = Browser::new();
        // A cookie without a Path, from before the move.
        browser.body("/account/login", TheySet.server(peer)).await;
        for (step, value) in [
            (SetAndRetire, Some("ours")),
            (TheySetAtRoot, Some("theirs")),
            (DeleteAndRetire, None),
            (SetAndRetire, Some("ours")),
            (TheyRemoveAtRoot, None),
            (TheySetAtRoot, Some("theirs")),
            (SetAndRetire, Some("ours")),
        ] {
            browser.body("/account/page", step.server(peer)).await;
            assert!(browser.cookies().len() <= 1, "{peer:?}: {step:?}");
            let body = browser.body("/account/", peer.reading("a")).await;
            assert_eq!(body, body_of(value), "{peer:?}: {step:?}");
            let reading = here(retiring(), |jar| Ok(body_of(jar.get("a"))));
            let body = browser.body("/account/", reading).await;
            assert_eq!(body, body_of(value), "{peer:?}: {step:?}");
        }
    }
}
