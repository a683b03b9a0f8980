//! The tables of the guide that list what differs, row by row.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::header::SET_COOKIE;
use axum_extra::extract::CookieJar as AxumJar;
use http::{HeaderValue, Request};
use tower::ServiceExt;
use tower_cookies::{CookieManagerLayer, Cookies};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

use crate::harness::{Browser, Peer, body_of, here};

/// Servers of axum-extra and tower-cookies that run the operations in the same way.
fn peers(operations: &'static (impl Fn(&mut dyn Operations) + Send + Sync)) -> [(Peer, Router); 2] {
    let axum = Router::new().fallback(async move |mut jar: AxumJar| {
        operations(&mut jar);
        jar
    });
    let tower = Router::new()
        .fallback(async move |mut jar: Cookies| operations(&mut jar))
        .layer(CookieManagerLayer::new());
    [(Peer::AxumExtra, axum), (Peer::TowerCookies, tower)]
}

/// The methods that both have.
trait Operations {
    fn get(&self, name: &str) -> Option<String>;
    fn add(&mut self, cookie: Cookie<'static>);
    fn remove(&mut self, cookie: Cookie<'static>);
}

impl Operations for AxumJar {
    fn get(&self, name: &str) -> Option<String> {
        AxumJar::get(self, name).map(|cookie| cookie.value().to_owned())
    }

    fn add(&mut self, cookie: Cookie<'static>) {
        *self = self.clone().add(cookie);
    }

    fn remove(&mut self, cookie: Cookie<'static>) {
        *self = self.clone().remove(cookie);
    }
}

impl Operations for Cookies {
    fn get(&self, name: &str) -> Option<String> {
        Cookies::get(self, name).map(|cookie| cookie.value().to_owned())
    }

    fn add(&mut self, cookie: Cookie<'static>) {
        Cookies::add(self, cookie);
    }

    fn remove(&mut self, cookie: Cookie<'static>) {
        Cookies::remove(self, cookie);
    }
}

/// The `Set-Cookie` headers of a request without cookies.
async fn set_cookies(server: Router) -> Vec<HeaderValue> {
    let request = Request::new(axum::body::Body::empty());
    let Ok(response) = server.oneshot(request).await;
    let headers = response.headers().get_all(SET_COOKIE);
    headers.iter().cloned().collect()
}

fn ours(
    operations: impl Fn(&CookieJar) -> Result<(), CookieError> + Clone + Send + Sync + 'static,
) -> Router {
    here(CookieLayer::new(), move |jar| {
        operations(jar).map(|()| String::new())
    })
}

#[tokio::test]
async fn get_after_add_is_the_new_value_and_after_set_that_of_the_request() {
    for (peer, server) in peers(&|jar| {
        jar.add(Cookie::new("a", "2"));
        assert_eq!(jar.get("a").as_deref(), Some("2"));
    }) {
        assert_eq!(set_cookies(server).await, ["a=2"], "{peer:?}");
    }
    let server = ours(|jar| {
        jar.set(("a", "2"))?;
        assert_eq!(jar.get("a"), None);
        Ok(())
    });
    assert_eq!(set_cookies(server).await, ["a=2; Path=/"]);
}

#[tokio::test]
async fn remove_of_a_cookie_that_the_request_does_not_have_sends_nothing_and_delete_is_sent() {
    for (peer, server) in peers(&|jar| jar.remove(Cookie::build("a").path("/").build())) {
        assert!(set_cookies(server).await.is_empty(), "{peer:?}");
    }
    assert_eq!(set_cookies(ours(|jar| jar.delete("a"))).await.len(), 1);
}

#[tokio::test]
async fn several_changes_of_one_name_send_the_last_one_and_here_the_last_one_of_each_scope() {
    for (peer, server) in peers(&|jar| {
        jar.add(Cookie::build(("a", "1")).path("/app").build());
        jar.add(Cookie::build(("a", "2")).path("/").build());
        jar.add(Cookie::build(("a", "3")).path("/").build());
    }) {
        assert_eq!(set_cookies(server).await, ["a=3; Path=/"], "{peer:?}");
    }
    let server = ours(|jar| {
        jar.set(Cookie::build(("a", "1")).path("/app"))?;
        jar.set(("a", "2"))?;
        jar.set(("a", "3"))
    });
    let expected = ["a=1; Path=/app", "a=3; Path=/"];
    assert_eq!(set_cookies(server).await, expected);
}

#[tokio::test]
async fn empty_value_is_quoted_only_here() {
    for (peer, server) in peers(&|jar| jar.add(Cookie::new("user", ""))) {
        assert_eq!(set_cookies(server).await, ["user="], "{peer:?}");
    }
    let server = ours(|jar| jar.set(("user", "")));
    assert_eq!(set_cookies(server).await, ["user=\"\"; Path=/"]);
}

/// A `__Host-` cookie with a Path is sent, and a Path with a newline is left out with its cookie.
#[tokio::test]
async fn cookie_that_browsers_would_drop_is_an_error_only_here() {
    for (peer, server) in peers(&|jar| {
        jar.add(Cookie::build(("__Host-a", "1")).path("/app").build());
        jar.add(Cookie::build(("b", "1")).path("/\n").build());
    }) {
        let sent = set_cookies(server).await;
        assert_eq!(sent, ["__Host-a=1; Path=/app"], "{peer:?}");
    }
    let server = ours(|jar| {
        let result = jar.set(Cookie::build(("__Host-a", "1")).path("/app"));
        assert!(matches!(result, Err(CookieError::HostPrefixPath { .. })));
        let result = jar.set(Cookie::build(("b", "1")).path("/\n"));
        assert!(matches!(result, Err(CookieError::InvalidPath { .. })));
        Ok(())
    });
    assert!(set_cookies(server).await.is_empty());
}

#[tokio::test]
async fn debug_of_the_header_shows_the_value_except_here() {
    for (peer, server) in peers(&|jar| jar.add(Cookie::new("a", "secret"))) {
        let headers = format!("{:?}", set_cookies(server).await);
        assert!(headers.contains("secret"), "{peer:?}");
    }
    let headers = set_cookies(ours(|jar| jar.set(("a", "secret")))).await;
    assert_eq!(format!("{headers:?}"), "[Sensitive]");
}

#[tokio::test]
async fn jar_that_the_handler_does_not_return_loses_its_changes_in_axum_extra_only() {
    let server = Router::new().fallback(async |jar: AxumJar| drop(jar.add(Cookie::new("a", "1"))));
    assert!(set_cookies(server).await.is_empty());
    let server = ours(|jar| jar.set(("a", "1")));
    assert_eq!(set_cookies(server).await.len(), 1);
}

/// Reads the cookie `a` of a request with this header.
async fn read(server: Router, header: &[u8]) -> String {
    let header = HeaderValue::from_bytes(header).expect("a header value");
    let request = Request::builder().header("cookie", header);
    let request = request.body(axum::body::Body::empty()).expect("a request");
    let Ok(response) = server.oneshot(request).await;
    let body = axum::body::to_bytes(response.into_body(), 1000).await;
    String::from_utf8(body.expect("a body").to_vec()).expect("UTF-8")
}

fn reading(name: &'static str) -> Router {
    here(CookieLayer::new(), move |jar| Ok(body_of(jar.get(name))))
}

#[tokio::test]
async fn header_with_non_ascii_bytes_is_ignored_by_axum_extra_and_read_here() {
    let header = "a=1; b=\u{e9}".as_bytes();
    let body = read(Peer::AxumExtra.reading("a"), header).await;
    assert_eq!(body, "none");
    assert_eq!(read(reading("a"), header).await, "value: 1");
}

#[tokio::test]
async fn percent_encoded_name_is_decoded_by_both_and_another_name_here() {
    let header = b"__%48ost-id=1";
    for peer in [Peer::AxumExtra, Peer::TowerCookies] {
        let body = read(peer.reading("__Host-id"), header).await;
        assert_eq!(body, "value: 1", "{peer:?}");
    }
    assert_eq!(read(reading("__Host-id"), header).await, "none");
}

/// tower-cookies sends values as they are. Browsers keep inner spaces.
#[tokio::test]
async fn value_of_tower_cookies_is_cut_off_at_a_semicolon_and_at_outer_spaces() {
    for (value, expected) in [
        ("dark blue", "dark blue"),
        (" dark blue ", "dark blue"),
        ("dark; blue", "dark"),
    ] {
        let mut browser = Browser::new();
        let setting = Peer::TowerCookies.setting(Cookie::new("a", value));
        browser.visit("/", setting).await;
        let body = browser.body("/", Peer::TowerCookies.reading("a")).await;
        assert_eq!(body, body_of(Some(expected)));
        let setting = ours(move |jar| jar.set(("a", value)));
        browser.visit("/", setting).await;
        assert_eq!(browser.body("/", reading("a")).await, body_of(Some(value)));
    }
}

/// A task that still has the jar after the response.
#[tokio::test]
async fn add_after_the_response_does_nothing_and_set_is_response_started() {
    let kept: Arc<Mutex<Option<Cookies>>> = Arc::default();
    let store = Arc::clone(&kept);
    let server = Router::new()
        .fallback(async move |jar: Cookies| *store.lock().expect("a lock") = Some(jar))
        .layer(CookieManagerLayer::new());
    assert!(set_cookies(server).await.is_empty());
    let jar = kept.lock().expect("a lock").take().expect("a jar");
    jar.add(Cookie::new("a", "1"));

    let kept: Arc<Mutex<Option<CookieJar>>> = Arc::default();
    let store = Arc::clone(&kept);
    let server = ours(move |jar| {
        *store.lock().expect("a lock") = Some(jar.clone());
        Ok(())
    });
    assert!(set_cookies(server).await.is_empty());
    let jar = kept.lock().expect("a lock").take().expect("a jar");
    let result = jar.set(("a", "1"));
    assert!(matches!(result, Err(CookieError::ResponseStarted { .. })));
}
