//! Among tower-http's middleware cookies come and go the same, outside of it and inside.

mod support;

use std::convert::Infallible;

use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_ENCODING,
    COOKIE, HOST, ORIGIN, SET_COOKIE, VARY,
};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Bytes;
use support::{jar_of, set_cookies};
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

fn cookies() -> CookieLayer {
    CookieLayer::new().vary_on_cookie()
}

/// The handler's cookies, and among them nobody else's.
#[track_caller]
fn assert_sent(headers: &HeaderMap, path: &str) {
    assert_eq!(
        set_cookies(headers),
        [
            "own=1",
            &format!("seen=\"{path}\"; Path=/"),
            "b=2; Domain=example.com; Path=/",
            "a=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/",
        ]
    );
    let ours = headers.get_all(SET_COOKIE).iter().skip(1);
    assert!(ours.into_iter().all(http::HeaderValue::is_sensitive));
}

/// The members of `Vary`, sorted.
fn vary(headers: &HeaderMap) -> Vec<String> {
    let fields = headers.get_all(VARY).iter();
    let mut members: Vec<_> = fields
        .flat_map(|field| field.to_str().unwrap().split(','))
        .map(|member| member.trim().to_ascii_lowercase())
        .collect();
    members.sort_unstable();
    members
}

/// The response's fields with `$layer` outside of the cookies, and inside.
macro_rules! either_order {
    ($layer:expr, $request:expr) => {{
        let outside = ServiceBuilder::new().layer($layer).layer(cookies());
        let inside = ServiceBuilder::new().layer(cookies()).layer($layer);
        let Ok(outside) = outside.service_fn(handler).oneshot($request).await;
        let Ok(inside) = inside.service_fn(handler).oneshot($request).await;
        [
            outside.into_parts().0.headers,
            inside.into_parts().0.headers,
        ]
    }};
}

#[tokio::test]
async fn tracing_a_request() {
    for headers in either_order!(TraceLayer::new_for_http(), request()) {
        assert_sent(&headers, "/shop/");
        assert_eq!(vary(&headers), ["cookie"]);
    }
}

#[tokio::test]
async fn compressing_a_response() {
    for headers in either_order!(CompressionLayer::new(), request()) {
        assert_sent(&headers, "/shop/");
        assert_eq!(headers[CONTENT_ENCODING], "gzip");
        assert_eq!(vary(&headers), ["accept-encoding", "cookie"]);
    }
}

#[tokio::test]
async fn a_request_from_another_origin() {
    for headers in either_order!(CorsLayer::very_permissive(), request()) {
        assert_sent(&headers, "/shop/");
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
async fn a_preflight_that_never_reaches_the_handler() {
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
        // Nobody has read a cookie.
        assert!(!vary(&headers).contains(&"cookie".to_owned()));
    }
}

#[tokio::test]
async fn marking_fields_as_sensitive() {
    let sensitive = || SetSensitiveHeadersLayer::new([COOKIE, SET_COOKIE]);
    for headers in either_order!(sensitive(), request()) {
        assert_sent(&headers, "/shop/");
        assert!(headers[SET_COOKIE].is_sensitive());
    }
}

#[tokio::test]
async fn a_path_that_is_normalized() {
    for headers in either_order!(NormalizePathLayer::trim_trailing_slash(), request()) {
        assert_sent(&headers, "/shop");
    }
}

#[tokio::test]
async fn all_of_them_at_once() {
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
        assert_sent(&headers, "/shop");
        assert_eq!(headers[CONTENT_ENCODING], "gzip");
        assert!(headers[SET_COOKIE].is_sensitive());
    }
}
