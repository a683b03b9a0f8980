//! Cookies are read and sent correctly together with tower-http's middleware, in either order.

mod support;

use std::convert::Infallible;

use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL,
    CONTENT_ENCODING, COOKIE, HOST, ORIGIN, SET_COOKIE, VARY,
};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Bytes;
use support::{deletion, jar_of, set_cookies};
use tower::{ServiceBuilder, ServiceExt};
use tower_django_cookies::{Cookie, CookieLayer};
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::sensitive_headers::SetSensitiveHeadersLayer;
use tower_http::trace::TraceLayer;

type Body = Full<Bytes>;

/// Reads a cookie, sets one and deletes one.
async fn handler(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let jar = jar_of(&request);
    assert_eq!(jar.get("a"), Some("1"));
    jar.set(("seen", request.uri().path())).unwrap();
    jar.set(Cookie::build(("b", "2")).domain("example.com"))
        .unwrap();
    jar.delete("a").unwrap();
    let mut response = Response::new("cocoa ".repeat(100).into());
    let own = "own=1".parse().unwrap();
    response.headers_mut().insert(SET_COOKIE, own);
    let cache_control = "public, max-age=60".parse().unwrap();
    response.headers_mut().insert(CACHE_CONTROL, cache_control);
    Ok(response)
}

fn request() -> Request<Body> {
    let request = Request::get("/shop/")
        .header(HOST, "www.example.com")
        .header(COOKIE, "a=1")
        .header(ORIGIN, "https://other.example.com")
        .header(ACCEPT_ENCODING, "gzip");
    request.body(Body::default()).unwrap()
}

fn cookie_layer() -> CookieLayer {
    CookieLayer::new().vary_on_cookie().cache_control_private()
}

/// Asserts that the `Set-Cookie` headers are those of the handler, that the layer's are marked as
/// sensitive, and that no shared cache may store the response.
#[track_caller]
fn assert_cookies(headers: &HeaderMap, path: &str) {
    assert_eq!(
        set_cookies(headers),
        [
            "own=1",
            &format!("seen=\"{path}\"; Path=/"),
            "b=2; Domain=example.com; Path=/",
            &deletion("a", "/"),
        ]
    );
    let queued = headers.get_all(SET_COOKIE).iter().skip(1);
    assert!(queued.into_iter().all(http::HeaderValue::is_sensitive));
    let cache_control: Vec<_> = headers.get_all(CACHE_CONTROL).iter().collect();
    assert_eq!(cache_control, ["max-age=60, private"]);
}

/// The members of the `Vary` headers, in lower case and sorted.
fn vary(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(VARY).iter();
    let mut members: Vec<_> = values
        .flat_map(|value| value.to_str().unwrap().split(','))
        .map(|member| member.trim().to_ascii_lowercase())
        .collect();
    members.sort_unstable();
    members
}

/// The response headers with `$layer` outside the cookie layer, and with `$layer` inside it.
macro_rules! either_order {
    ($layer:expr, $request:expr) => {{
        let outside = ServiceBuilder::new().layer($layer).layer(cookie_layer());
        let inside = ServiceBuilder::new().layer(cookie_layer()).layer($layer);
        let Ok(outside) = outside.service_fn(handler).oneshot($request).await;
        let Ok(inside) = inside.service_fn(handler).oneshot($request).await;
        [
            outside.into_parts().0.headers,
            inside.into_parts().0.headers,
        ]
    }};
}

#[tokio::test]
async fn trace_layer_keeps_cookies() {
    for headers in either_order!(TraceLayer::new_for_http(), request()) {
        assert_cookies(&headers, "/shop/");
        assert_eq!(vary(&headers), ["cookie"]);
    }
}

#[tokio::test]
async fn compression_layer_keeps_cookies_and_vary() {
    for headers in either_order!(CompressionLayer::new(), request()) {
        assert_cookies(&headers, "/shop/");
        assert_eq!(headers[CONTENT_ENCODING], "gzip");
        assert_eq!(vary(&headers), ["accept-encoding", "cookie"]);
    }
}

#[tokio::test]
async fn cors_layer_with_cross_origin_request_keeps_cookies_and_vary() {
    for headers in either_order!(CorsLayer::very_permissive(), request()) {
        assert_cookies(&headers, "/shop/");
        assert_eq!(
            headers[ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://other.example.com"
        );
        let vary = vary(&headers);
        for member in ["cookie", "origin"] {
            assert!(vary.iter().any(|listed| listed == member), "{vary:?}");
        }
    }
}

#[tokio::test]
async fn cors_layer_with_preflight_request_sends_no_cookies() {
    let preflight = || {
        let mut request = request();
        *request.method_mut() = Method::OPTIONS;
        let method = "GET".parse().unwrap();
        request
            .headers_mut()
            .insert(ACCESS_CONTROL_REQUEST_METHOD, method);
        request
    };
    for headers in either_order!(CorsLayer::very_permissive(), preflight()) {
        assert!(set_cookies(&headers).is_empty());
        assert!(headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        // No cookie was read or set.
        assert!(!vary(&headers).contains(&"cookie".to_owned()));
        assert!(!headers.contains_key(CACHE_CONTROL));
    }
}

#[tokio::test]
async fn sensitive_headers_layer_keeps_cookies() {
    let sensitive = || SetSensitiveHeadersLayer::new([COOKIE, SET_COOKIE]);
    for headers in either_order!(sensitive(), request()) {
        assert_cookies(&headers, "/shop/");
        assert!(headers[SET_COOKIE].is_sensitive());
    }
}

#[tokio::test]
async fn normalize_path_layer_keeps_cookies() {
    for headers in either_order!(NormalizePathLayer::trim_trailing_slash(), request()) {
        assert_cookies(&headers, "/shop");
    }
}

#[tokio::test]
async fn all_layers_together_keep_cookies() {
    macro_rules! all {
        () => {
            ServiceBuilder::new()
                .layer(SetSensitiveHeadersLayer::new([COOKIE, SET_COOKIE]))
                .layer(TraceLayer::new_for_http())
                .layer(CompressionLayer::new())
                .layer(CorsLayer::very_permissive())
                .layer(NormalizePathLayer::trim_trailing_slash())
        };
    }
    for headers in either_order!(all!(), request()) {
        assert_cookies(&headers, "/shop");
        assert_eq!(headers[CONTENT_ENCODING], "gzip");
        assert!(headers[SET_COOKIE].is_sensitive());
    }
}
