//! The layers of tower-http that refuse a request: the order decides which cookies are sent with the refusal.

#[path = "../support/mod.rs"]
mod support;

mod orders;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::map_request;
use axum::response::Response;
use axum::routing::any;
use http::StatusCode;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, ORIGIN};
use orders::{AddLayer, ORDERS, TENANT, handled, handler, in_order, request, send, set_before};
use support::{deletion, set_cookies};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
use tower_http::auth::AsyncRequireAuthorizationLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::validate_request::ValidateRequestHeaderLayer;

/// A layer that rejects the request: its name, the layer, the request, and the status.
type Refusing = (&'static str, AddLayer, fn() -> Request, StatusCode);

const REFUSING: &[Refusing] = &[
    (
        "AsyncRequireAuthorizationLayer",
        |app| {
            app.layer(AsyncRequireAuthorizationLayer::new(async |_: Request| {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                Err::<Request, _>(response)
            }))
        },
        || request(&[], ""),
        StatusCode::UNAUTHORIZED,
    ),
    (
        "CsrfLayer",
        |app| app.layer(CsrfLayer::new()),
        || request(&[(ORIGIN, "https://evil.example")], ""),
        StatusCode::FORBIDDEN,
    ),
    (
        "RequestBodyLimitLayer",
        |app| app.layer(RequestBodyLimitLayer::new(10)),
        || request(&[(CONTENT_LENGTH, "11")], "01234567890"),
        StatusCode::PAYLOAD_TOO_LARGE,
    ),
    (
        "RequestDecompressionLayer",
        |app| app.layer(RequestDecompressionLayer::new()),
        || request(&[(CONTENT_ENCODING, "compress")], ""),
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    ),
    (
        "ValidateRequestHeaderLayer::accept",
        |app| app.layer(ValidateRequestHeaderLayer::accept("application/json")),
        || request(&[(ACCEPT, "text/html")], ""),
        StatusCode::NOT_ACCEPTABLE,
    ),
    (
        "ValidateRequestHeaderLayer::has_header_value",
        |app| {
            let layer = ValidateRequestHeaderLayer::has_header_value("x-tenant", "shop");
            app.layer(layer.expect("a header name"))
        },
        || request(&[(TENANT, "blog")], ""),
        StatusCode::FORBIDDEN,
    ),
];

/// The handler does not run. If the layer is inside of `CookieLayer`, a cookie of a middleware between them is sent.
#[tokio::test]
async fn layer_that_refuses_sends_only_the_cookies_queued_outside_of_it() {
    for (name, add_layer, request, status) in REFUSING {
        let app = || Router::new().route("/", any(handler));
        for (order, cookies_are_outside) in ORDERS {
            let response = send(in_order(app(), cookies_are_outside, *add_layer), request()).await;
            assert_eq!(response.status(), *status, "{name}, {order}");
            assert_eq!(set_cookies(response.headers()), [""; 0], "{name}, {order}");
        }

        let outside = add_layer(app())
            .layer(map_request(set_before))
            .layer(CookieLayer::new());
        let response = send(outside, request()).await;
        assert_eq!(response.status(), *status, "{name}");
        assert_eq!(
            set_cookies(response.headers()),
            ["before=1; Path=/"],
            "{name}"
        );

        let inside = app()
            .layer(map_request(set_before))
            .layer(CookieLayer::new());
        let response = send(add_layer(inside), request()).await;
        assert_eq!(response.status(), *status, "{name}");
        assert_eq!(set_cookies(response.headers()), [""; 0], "{name}");
    }
}

/// `CompressionLayer` of tower-http 0.7 rejects a request after the handler has run, and replaces only the status. So the
/// cookies are sent.
#[tokio::test]
async fn compression_layer_that_refuses_sends_the_cookies_of_the_handler() {
    for (order, cookies_are_outside) in ORDERS {
        let app = Router::new().route("/", any(handler));
        let app = in_order(app, cookies_are_outside, |app| {
            app.layer(CompressionLayer::new())
        });
        let response = send(app, request(&[(ACCEPT_ENCODING, "*;q=0")], "")).await;
        assert_eq!(response.status(), StatusCode::NOT_ACCEPTABLE, "{order}");
        assert_eq!(set_cookies(response.headers()), handled(), "{order}");
    }
}

/// A body without `Content-Length` reaches the handler, which sees an error and sends the response.
#[tokio::test]
async fn body_limit_without_content_length_sends_the_cookies_of_the_handler() {
    async fn read(jar: CookieJar, body: Body) -> Result<StatusCode, CookieError> {
        jar.set(("b", "2"))?;
        match to_bytes(body, usize::MAX).await {
            Ok(_) => Ok(StatusCode::OK),
            Err(_) => Ok(StatusCode::PAYLOAD_TOO_LARGE),
        }
    }
    for (order, cookies_are_outside) in ORDERS {
        let app = Router::new().route("/", any(read));
        let app = in_order(app, cookies_are_outside, |app| {
            app.layer(RequestBodyLimitLayer::new(10))
        });
        let response = send(app, request(&[], "01234567890")).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE, "{order}");
        assert_eq!(set_cookies(response.headers()), ["b=2; Path=/"], "{order}");
    }
}

/// The authorization reads the session cookie from the jar, and deletes an invalid one. So `CookieLayer` must be outside.
#[tokio::test]
async fn authorization_that_uses_the_jar_needs_the_layer_outside() {
    async fn authorize(request: Request) -> Result<Request, Response> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        match CookieJar::from_extensions(request.extensions()) {
            Ok(jar) if jar.get("session") == Some("f81d4fae") => return Ok(request),
            Ok(jar) => jar.delete("session").expect("an open response"),
            Err(CookieError::MissingLayer) => {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
            Err(error) => panic!("{error:?}"),
        }
        Err(response)
    }
    for (order, cookies_are_outside) in ORDERS {
        let app = Router::new().route("/", any(async |jar: CookieJar| jar.set(("b", "2"))));
        let app = in_order(app, cookies_are_outside, |app| {
            app.layer(AsyncRequireAuthorizationLayer::new(authorize))
        });
        let valid = send(app.clone(), request(&[(COOKIE, "session=f81d4fae")], "")).await;
        let forged = send(app, request(&[(COOKIE, "session=forged")], "")).await;
        if cookies_are_outside {
            assert_eq!(valid.status(), StatusCode::OK, "{order}");
            assert_eq!(set_cookies(valid.headers()), ["b=2; Path=/"], "{order}");
            assert_eq!(forged.status(), StatusCode::UNAUTHORIZED, "{order}");
            assert_eq!(
                set_cookies(forged.headers()),
                [deletion("session", "/")],
                "{order}"
            );
        } else {
            for response in [valid, forged] {
                assert_eq!(
                    response.status(),
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "{order}"
                );
                assert_eq!(set_cookies(response.headers()), [""; 0], "{order}");
            }
        }
    }
}
