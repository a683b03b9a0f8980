//! Helpers for the tests with tower-http: its layers outside and inside of `CookieLayer`, a handler that sets cookies, and
//! a middleware that sets one before.

#![allow(dead_code, reason = "not every test file needs every helper")]

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::{Extension, Router};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderName, HeaderValue};
use tower::ServiceExt;
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

use crate::support::deletion;

pub(crate) const TENANT: HeaderName = HeaderName::from_static("x-tenant");
/// The response header that lists the request headers and the extension that the handler received.
pub(crate) const SEEN: &str = "x-seen";

/// Adds a layer of tower-http to a router.
pub(crate) type AddLayer = fn(Router) -> Router;

/// The two orders: the name, and whether `CookieLayer` is the outer layer.
pub(crate) const ORDERS: [(&str, bool); 2] =
    [("CookieLayer outside", true), ("CookieLayer inside", false)];

pub(crate) fn in_order(app: Router, cookies_are_outside: bool, add_layer: AddLayer) -> Router {
    let cookies = CookieLayer::new().cache_control_private();
    // axum's last layer is the outermost.
    if cookies_are_outside {
        add_layer(app).layer(cookies)
    } else {
        add_layer(app.layer(cookies))
    }
}

/// Sets a cookie, deletes one, and adds a `Set-Cookie` header of its own.
#[allow(clippy::unused_async, reason = "axum needs a future")]
pub(crate) async fn handler(jar: CookieJar, request: Request) -> Result<Response, CookieError> {
    assert_eq!(jar.get("a"), Some("1"));
    jar.set(("b", "2"))?;
    jar.delete("a")?;
    let (parts, body) = request.into_parts();
    let mut seen: Vec<_> = parts.headers.keys().map(HeaderName::as_str).collect();
    seen.extend(parts.extensions.get::<&'static str>());
    let seen = seen.join(" ");
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(SET_COOKIE, HeaderValue::from_static("own=1"));
    headers.insert(SEEN, seen.parse().expect("ASCII"));
    Ok(response)
}

/// The `Set-Cookie` headers of [`handler`]: its own header, and those of the jar.
pub(crate) fn handled() -> Vec<String> {
    vec!["own=1".into(), "b=2; Path=/".into(), deletion("a", "/")]
}

pub(crate) fn request(headers: &[(HeaderName, &str)], body: impl Into<Body>) -> Request {
    let mut request = Request::post("/").header(COOKIE, "a=1");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.body(body.into()).expect("a request")
}

pub(crate) async fn send(app: Router, request: Request) -> Response<String> {
    let Ok(response) = app.oneshot(request).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    Response::from_parts(parts, body)
}

/// Sets a cookie before the handler runs.
#[allow(clippy::unused_async, reason = "axum needs a future")]
pub(crate) async fn set_before(jar: Extension<CookieJar>, request: Request) -> Request {
    jar.set(("before", "1")).expect("an open response");
    request
}
