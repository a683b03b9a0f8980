//! The layers of tower-http that the crate's own tests do not cover. With each of them outside or inside of `CookieLayer`,
//! each cookie of the jar is sent once.

#[path = "../support/mod.rs"]
mod support;

mod orders;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::map_request;
use axum::response::Response;
use axum::routing::any;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, COOKIE, IF_MODIFIED_SINCE,
    LAST_MODIFIED, LOCATION, SET_COOKIE,
};
use http::{HeaderValue, StatusCode, Uri};
use orders::{
    AddLayer, ORDERS, SEEN, TENANT, handled, handler, in_order, request, send, set_before,
};
use support::set_cookies;
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
use tower_http::add_extension::AddExtensionLayer;
use tower_http::auth::{AddAuthorizationLayer, AsyncRequireAuthorizationLayer};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::{DecompressionLayer, RequestDecompressionLayer};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::map_request_body::MapRequestBodyLayer;
use tower_http::map_response_body::MapResponseBodyLayer;
use tower_http::metrics::InFlightRequestsLayer;
use tower_http::on_early_drop::OnEarlyDropLayer;
use tower_http::propagate_header::PropagateHeaderLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::services::{Redirect, ServeDir};
use tower_http::set_header::request::SetMultipleRequestHeadersLayer;
use tower_http::set_header::response::SetMultipleResponseHeadersLayer;
use tower_http::set_header::{SetRequestHeaderLayer, SetResponseHeaderLayer};
use tower_http::set_status::SetStatusLayer;
use tower_http::timeout::{
    RequestBodyDeadlineLayer, RequestBodyTimeoutLayer, ResponseBodyDeadlineLayer,
    ResponseBodyTimeoutLayer, TimeoutLayer,
};
use tower_http::validate_request::ValidateRequestHeaderLayer;

const LONG: Duration = Duration::from_secs(30);

/// Returns `true` if the handler received `name`: a request header or the extension.
fn has_seen(response: &Response<String>, name: &str) -> bool {
    let seen = response.headers()[SEEN].to_str().expect("ASCII");
    seen.split(' ').any(|part| part == name)
}

/// Adds an extension, as after a successful login.
async fn authorize(mut request: Request) -> Result<Request, Response> {
    request.extensions_mut().insert("authorized");
    Ok(request)
}

/// A layer that rejects no request: its name, the layer, and a check that it was applied.
type Passing = (&'static str, AddLayer, fn(&Response<String>) -> bool);

const PASSING: &[Passing] = &[
    (
        "AddExtensionLayer",
        |app| app.layer(AddExtensionLayer::new("extension")),
        |response| has_seen(response, "extension"),
    ),
    (
        "AddAuthorizationLayer",
        |app| app.layer(AddAuthorizationLayer::bearer("token")),
        |response| has_seen(response, "authorization"),
    ),
    (
        "AsyncRequireAuthorizationLayer",
        |app| app.layer(AsyncRequireAuthorizationLayer::new(authorize)),
        |response| has_seen(response, "authorized"),
    ),
    (
        "CatchPanicLayer",
        |app| app.layer(CatchPanicLayer::new()),
        |_| true,
    ),
    (
        "DecompressionLayer",
        // The inner layer compresses, because the request below accepts gzip.
        |app| {
            app.layer(CompressionLayer::new())
                .layer(DecompressionLayer::new())
        },
        |response| {
            !response.headers().contains_key(CONTENT_ENCODING)
                && response.body().starts_with("cocoa")
        },
    ),
    (
        "InFlightRequestsLayer",
        |app| app.layer(InFlightRequestsLayer::pair().0),
        |_| true,
    ),
    (
        "MapRequestBodyLayer",
        |app| app.layer(MapRequestBodyLayer::new(|_: Body| Body::from("mapped"))),
        |response| response.body() == "mapped",
    ),
    (
        "MapResponseBodyLayer",
        |app| app.layer(MapResponseBodyLayer::new(|_: Body| Body::from("mapped"))),
        |response| response.body() == "mapped",
    ),
    (
        "OnEarlyDropLayer",
        |app| app.layer(OnEarlyDropLayer::builder()),
        |_| true,
    ),
    (
        "PropagateHeaderLayer",
        |app| app.layer(PropagateHeaderLayer::new(TENANT)),
        |response| response.headers()[TENANT] == "shop",
    ),
    (
        "RequestBodyDeadlineLayer",
        |app| app.layer(RequestBodyDeadlineLayer::new(LONG)),
        |_| true,
    ),
    (
        "RequestBodyLimitLayer",
        |app| app.layer(RequestBodyLimitLayer::new(1000)),
        |_| true,
    ),
    (
        "RequestBodyTimeoutLayer",
        |app| app.layer(RequestBodyTimeoutLayer::new(LONG)),
        |_| true,
    ),
    (
        "RequestDecompressionLayer",
        |app| app.layer(RequestDecompressionLayer::new()),
        |_| true,
    ),
    (
        "ResponseBodyDeadlineLayer",
        |app| app.layer(ResponseBodyDeadlineLayer::new(LONG)),
        |_| true,
    ),
    (
        "ResponseBodyTimeoutLayer",
        |app| app.layer(ResponseBodyTimeoutLayer::new(LONG)),
        |_| true,
    ),
    (
        "SetMultipleRequestHeadersLayer",
        |app| {
            let header = (AUTHORIZATION, HeaderValue::from_static("Bearer token"));
            app.layer(SetMultipleRequestHeadersLayer::overriding(vec![
                header.into(),
            ]))
        },
        |response| has_seen(response, "authorization"),
    ),
    (
        "SetMultipleResponseHeadersLayer",
        |app| {
            let header = (TENANT, HeaderValue::from_static("shop"));
            app.layer(SetMultipleResponseHeadersLayer::overriding(vec![
                header.into(),
            ]))
        },
        |response| response.headers()[TENANT] == "shop",
    ),
    (
        "SetRequestHeaderLayer",
        |app| {
            let token = HeaderValue::from_static("Bearer token");
            app.layer(SetRequestHeaderLayer::overriding(AUTHORIZATION, token))
        },
        |response| has_seen(response, "authorization"),
    ),
    (
        "SetRequestIdLayer and PropagateRequestIdLayer",
        |app| {
            app.layer(PropagateRequestIdLayer::x_request_id())
                .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        },
        |response| {
            response.headers().contains_key("x-request-id") && has_seen(response, "x-request-id")
        },
    ),
    (
        "SetResponseHeaderLayer",
        |app| {
            let shop = HeaderValue::from_static("shop");
            app.layer(SetResponseHeaderLayer::if_not_present(TENANT, shop))
        },
        |response| response.headers()[TENANT] == "shop",
    ),
    (
        "SetStatusLayer",
        |app| app.layer(SetStatusLayer::new(StatusCode::ACCEPTED)),
        |response| response.status() == StatusCode::ACCEPTED,
    ),
    (
        "TimeoutLayer",
        |app| {
            app.layer(TimeoutLayer::with_status_code(
                StatusCode::REQUEST_TIMEOUT,
                LONG,
            ))
        },
        |_| true,
    ),
    (
        "ValidateRequestHeaderLayer::has_header_value",
        |app| {
            let layer = ValidateRequestHeaderLayer::has_header_value("x-tenant", "shop");
            app.layer(layer.expect("a header name"))
        },
        |_| true,
    ),
];

#[tokio::test]
async fn layer_that_passes_sends_each_cookie_once() {
    let body = "cocoa ".repeat(100);
    for (name, add_layer, is_applied) in PASSING {
        for (order, cookies_are_outside) in ORDERS {
            let app = Router::new().route("/", any(handler));
            let app = in_order(app, cookies_are_outside, *add_layer);
            let request = request(&[(TENANT, "shop"), (ACCEPT_ENCODING, "gzip")], body.clone());
            let response = send(app, request).await;
            assert!(response.status().is_success(), "{name}, {order}");
            assert_eq!(
                set_cookies(response.headers()),
                handled(),
                "{name}, {order}"
            );
            assert_eq!(
                response.headers()[CACHE_CONTROL],
                "private",
                "{name}, {order}"
            );
            assert!(is_applied(&response), "{name}, {order}: {response:?}");
        }
    }
}

/// A layer that replaces `Set-Cookie` removes the cookies of the jar if it is outside of `CookieLayer`.
#[tokio::test]
async fn overriding_set_cookie_removes_the_cookies_only_if_the_layer_is_inside() {
    const VALUE: HeaderValue = HeaderValue::from_static("layer=1");
    let [own, b, a] = handled().try_into().expect("three headers");
    let layer = || "layer=1".to_owned();
    let rows: [(&str, AddLayer, [Vec<String>; 2]); 4] = [
        (
            "overriding",
            |app| app.layer(SetResponseHeaderLayer::overriding(SET_COOKIE, VALUE)),
            [vec![layer(), b.clone(), a.clone()], vec![layer()]],
        ),
        (
            "overriding several",
            |app| {
                app.layer(SetMultipleResponseHeadersLayer::overriding(vec![
                    (SET_COOKIE, VALUE).into(),
                ]))
            },
            [vec![layer(), b.clone(), a.clone()], vec![layer()]],
        ),
        (
            "appending",
            |app| app.layer(SetResponseHeaderLayer::appending(SET_COOKIE, VALUE)),
            [
                vec![own.clone(), layer(), b.clone(), a.clone()],
                vec![own.clone(), b.clone(), a.clone(), layer()],
            ],
        ),
        (
            "if_not_present",
            |app| app.layer(SetResponseHeaderLayer::if_not_present(SET_COOKIE, VALUE)),
            [handled(), handled()],
        ),
    ];
    for (name, add_layer, expected) in rows {
        for ((order, cookies_are_outside), expected) in ORDERS.into_iter().zip(expected) {
            let app = Router::new().route("/", any(handler));
            let response = send(
                in_order(app, cookies_are_outside, add_layer),
                request(&[], ""),
            )
            .await;
            assert_eq!(set_cookies(response.headers()), expected, "{name}, {order}");
        }
    }
}

/// The jar reads the `Cookie` header that `CookieLayer` receives. A layer inside of `CookieLayer` cannot change the jar.
#[tokio::test]
async fn overriding_the_cookie_header_changes_the_jar_only_if_the_layer_is_inside() {
    for ((order, cookies_are_outside), expected) in ORDERS.into_iter().zip(["1", "2"]) {
        let app = Router::new().route(
            "/",
            any(async |jar: CookieJar| jar.get("a").unwrap_or("none").to_owned()),
        );
        let app = in_order(app, cookies_are_outside, |app| {
            let value = HeaderValue::from_static("a=2");
            app.layer(SetRequestHeaderLayer::overriding(COOKIE, value))
        });
        let response = send(app, request(&[], "")).await;
        assert_eq!(response.body(), expected, "{order}");
    }
}

/// The future of the handler is dropped, as when a client disconnects. The hook can no longer set cookies in the jar.
#[tokio::test]
async fn set_in_early_drop_hook_is_response_started() {
    let results = Arc::new(Mutex::new(Vec::new()));
    let hook_results = Arc::clone(&results);
    let on_drop = move |request: &Request| {
        let jar = CookieJar::from_extensions(request.extensions()).cloned();
        let results = Arc::clone(&hook_results);
        move || {
            results
                .lock()
                .expect("no panic")
                .push(jar.expect("a jar").set(("late", "1")));
        }
    };
    let app = Router::new()
        .route("/", any(async || std::future::pending::<()>().await))
        .layer(OnEarlyDropLayer::builder().on_future_drop(on_drop))
        .layer(CookieLayer::new());
    let response = tokio::time::timeout(Duration::from_millis(1), send(app, request(&[], "")));
    response.await.expect_err("the handler does not finish");
    let results = results.lock().expect("no panic");
    assert!(
        matches!(results[..], [Err(CookieError::ResponseStarted { .. })]),
        "{results:?}"
    );
}

/// Files and redirects carry the cookies of a middleware, also if the browser's copy of the file is current.
#[tokio::test]
async fn serve_dir_and_redirect_carry_the_cookies_of_a_middleware() {
    let files = ServeDir::new(env!("CARGO_MANIFEST_DIR"));
    let redirect = Redirect::<Body>::temporary(Uri::from_static("/shop"));
    let app = Router::new()
        .nest_service("/files", files)
        .route_service("/redirect", redirect)
        .layer(map_request(set_before))
        .layer(CookieLayer::new().cache_control_private());
    let get = |path, since: Option<&HeaderValue>| {
        let mut request = Request::get(path).body(Body::empty()).expect("a request");
        request
            .headers_mut()
            .extend(since.map(|since| (IF_MODIFIED_SINCE, since.clone())));
        send(app.clone(), request)
    };
    let file = get("/files/Cargo.toml", None).await;
    assert!(file.body().starts_with("[package]"));
    let rows = [
        (
            get("/files/Cargo.toml", Some(&file.headers()[LAST_MODIFIED])).await,
            StatusCode::NOT_MODIFIED,
        ),
        (file, StatusCode::OK),
        (get("/files/missing", None).await, StatusCode::NOT_FOUND),
        (get("/redirect", None).await, StatusCode::TEMPORARY_REDIRECT),
    ];
    for (response, status) in rows {
        assert_eq!(response.status(), status);
        assert_eq!(
            set_cookies(response.headers()),
            ["before=1; Path=/"],
            "{status}"
        );
        assert_eq!(response.headers()[CACHE_CONTROL], "private", "{status}");
        if status == StatusCode::TEMPORARY_REDIRECT {
            assert_eq!(response.headers()[LOCATION], "/shop");
        }
    }
}

/// The fallback of `ServeDir` is a service with the jar, so an app can serve its pages beside its files.
#[tokio::test]
async fn fallback_of_serve_dir_has_the_jar() {
    let page = tower::service_fn(async |request: Request| {
        let jar = CookieJar::from_extensions(request.extensions()).expect("a jar");
        jar.set(("b", "2")).expect("an open response");
        Ok::<_, Infallible>(Response::new(Body::from("page")))
    });
    let app = Router::new()
        .fallback_service(ServeDir::new(env!("CARGO_MANIFEST_DIR")).fallback(page))
        .layer(CookieLayer::new());
    for (path, expected) in [("/missing", &["b=2; Path=/"][..]), ("/Cargo.toml", &[])] {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = send(app.clone(), request).await;
        assert_eq!(set_cookies(response.headers()), expected, "{path}");
    }
}
