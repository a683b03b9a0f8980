//! The layers of tower-http that end, interrupt or repeat the handler, in tower-http 0.6 and 0.7. If the handler panics or
//! is too slow, its cookies are sent only if `CookieLayer` is outside of the layer that creates the response.

#[path = "../support/mod.rs"]
mod support;

mod orders;

use std::future::pending;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use futures_util::stream;
use http::StatusCode;
use orders::{ORDERS, in_order};
use support::set_cookies;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::sleep;
use tower::{Layer, ServiceExt};
use tower_django_cookies::test::Client;
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(30);

/// Sets the cookie that the browser has before the request that fails.
async fn previous(jar: CookieJar) -> Result<(), CookieError> {
    jar.set(("session", "previous"))
}

async fn panic(jar: CookieJar) -> Response {
    jar.set(("session", "new")).expect("an open response");
    panic!("a bug in the handler")
}

/// Requests `/fail` after `/previous`. Returns the status, the `Set-Cookie` headers, and the browser's cookie afterwards.
async fn fail_after_previous(app: Router) -> (StatusCode, Vec<String>, String) {
    let mut client = Client::new(app.route("/previous", get(previous).layer(CookieLayer::new())));
    client.get("/previous").await.expect("a response");
    let response = client.get("/fail").await.expect("a response");
    let cookie = client.cookie("session").expect("a cookie");
    let headers = set_cookies(response.headers());
    (response.status(), headers, cookie.value().to_owned())
}

/// The result of [`fail_after_previous`] in each order of the layers.
fn expected(cookies_are_outside: bool, status: StatusCode) -> (StatusCode, Vec<String>, String) {
    if cookies_are_outside {
        (status, vec!["session=new; Path=/".into()], "new".into())
    } else {
        (status, Vec::new(), "previous".into())
    }
}

/// Redirects to `/next` on the same host or on another one. `/next` sets a cookie.
fn redirecting() -> Router {
    fn start(jar: &CookieJar, target: &str) -> Result<Redirect, CookieError> {
        jar.set(("start", "1"))?;
        Ok(Redirect::to(target))
    }
    async fn next(jar: CookieJar) -> Result<&'static str, CookieError> {
        jar.set(("next", "1"))?;
        Ok("next")
    }
    let other = "http://other.example/next";
    Router::new()
        .route("/same", get(async |jar: CookieJar| start(&jar, "/next")))
        .route(
            "/other",
            get(async move |jar: CookieJar| start(&jar, other)),
        )
        .route("/next", get(next))
}

fn request(path: &str) -> Request {
    let request = Request::get(format!("http://www.example{path}"));
    request.body(Body::empty()).expect("a request")
}

/// The tests that pass with both versions.
macro_rules! tests_of_both_versions {
    ($version:ident, $tower_http:ident) => {
        mod $version {
            use $tower_http::catch_panic::CatchPanicLayer;
            use $tower_http::follow_redirect::FollowRedirectLayer;
            use $tower_http::timeout::{
                RequestBodyTimeoutLayer, ResponseBodyTimeoutLayer, TimeoutLayer,
            };

            use super::*;

            const TIMEOUT: fn(Router) -> Router = |app| {
                app.layer(TimeoutLayer::with_status_code(
                    StatusCode::GATEWAY_TIMEOUT,
                    SHORT,
                ))
            };

            #[tokio::test]
            async fn panic_sends_the_cookies_only_if_the_layer_is_outside() {
                for (order, cookies_are_outside) in ORDERS {
                    let app = Router::new().route("/fail", get(panic));
                    let app = in_order(app, cookies_are_outside, |app| {
                        app.layer(CatchPanicLayer::new())
                    });
                    let expected = expected(cookies_are_outside, StatusCode::INTERNAL_SERVER_ERROR);
                    assert_eq!(fail_after_previous(app).await, expected, "{order}");
                }
            }

            /// A task of the handler can't set cookies after the timeout, in either order.
            #[tokio::test(start_paused = true)]
            async fn timeout_sends_the_cookies_only_if_the_layer_is_outside() {
                for (order, cookies_are_outside) in ORDERS {
                    let (results, mut received) = unbounded_channel();
                    let app = Router::new().route("/fail", get(move |jar| hang(jar, results)));
                    let app = in_order(app, cookies_are_outside, TIMEOUT);
                    let expected = expected(cookies_are_outside, StatusCode::GATEWAY_TIMEOUT);
                    assert_eq!(fail_after_previous(app).await, expected, "{order}");
                    let late = received.recv().await;
                    assert!(
                        matches!(late, Some(Err(CookieError::ResponseStarted { .. }))),
                        "{order}: {late:?}"
                    );
                }
            }

            /// The cookies are sent after a panic and after a timeout.
            #[tokio::test(start_paused = true)]
            async fn cookie_layer_outside_of_both_sends_the_cookies() {
                let (results, _received) = unbounded_channel();
                let handlers = [
                    (get(panic), StatusCode::INTERNAL_SERVER_ERROR),
                    (
                        get(move |jar| hang(jar, results)),
                        StatusCode::GATEWAY_TIMEOUT,
                    ),
                ];
                for (handler, status) in handlers {
                    let app = TIMEOUT(Router::new().route("/fail", handler));
                    let app = app.layer(CatchPanicLayer::new()).layer(CookieLayer::new());
                    assert_eq!(fail_after_previous(app).await, expected(true, status));
                }
            }

            /// The handler sees an error if the request body is too slow, and creates the response itself.
            #[tokio::test(start_paused = true)]
            async fn request_body_timeout_sends_the_cookies() {
                async fn read(jar: CookieJar, body: Body) -> Result<StatusCode, CookieError> {
                    jar.set(("b", "2"))?;
                    match to_bytes(body, usize::MAX).await {
                        Ok(_) => Ok(StatusCode::OK),
                        Err(_) => Ok(StatusCode::REQUEST_TIMEOUT),
                    }
                }
                for (order, cookies_are_outside) in ORDERS {
                    let app = Router::new().route("/", get(read));
                    let app = in_order(app, cookies_are_outside, |app| {
                        app.layer(RequestBodyTimeoutLayer::new(SHORT))
                    });
                    let Ok(response) = app.oneshot(request("/").map(|_| endless_body())).await;
                    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT, "{order}");
                    assert_eq!(set_cookies(response.headers()), ["b=2; Path=/"], "{order}");
                }
            }

            /// The response headers are sent before the body, so a slow body does not change the cookies.
            #[tokio::test(start_paused = true)]
            async fn response_body_timeout_sends_the_cookies() {
                async fn slow(jar: CookieJar) -> Result<Body, CookieError> {
                    jar.set(("b", "2"))?;
                    Ok(endless_body())
                }
                for (order, cookies_are_outside) in ORDERS {
                    let app = Router::new().route("/", get(slow));
                    let app = in_order(app, cookies_are_outside, |app| {
                        app.layer(ResponseBodyTimeoutLayer::new(SHORT))
                    });
                    let Ok(response) = app.oneshot(request("/")).await;
                    assert_eq!(set_cookies(response.headers()), ["b=2; Path=/"], "{order}");
                    let body = to_bytes(response.into_body(), usize::MAX).await;
                    body.expect_err("the body times out");
                }
            }

            /// Each request has a jar of its own, so only the cookies of the last response are sent.
            #[tokio::test]
            async fn follow_redirect_outside_sends_only_the_cookies_of_the_last_response() {
                let app = redirecting().layer(CookieLayer::new());
                let app = FollowRedirectLayer::new().layer(app);
                for path in ["/same", "/other"] {
                    let Ok(response) = app.clone().oneshot(request(path)).await;
                    assert_eq!(response.status(), StatusCode::OK, "{path}");
                    assert_eq!(
                        set_cookies(response.headers()),
                        ["next=1; Path=/"],
                        "{path}"
                    );
                }
            }

            /// `FollowRedirectLayer` 0.7 does not pass the extensions, which contain the jar, to another host. Version 0.6
            /// never passes them.
            #[tokio::test]
            async fn follow_redirect_inside_without_extensions_is_missing_layer() {
                let app = FollowRedirectLayer::new().layer(redirecting());
                let app = CookieLayer::new().layer(app);
                for path in paths_without_jar(stringify!($version)) {
                    let Ok(response) = app.clone().oneshot(request(path)).await;
                    assert_eq!(
                        response.status(),
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "{path}"
                    );
                    assert_eq!(
                        set_cookies(response.headers()),
                        ["start=1; Path=/"],
                        "{path}"
                    );
                    let body = to_bytes(response.into_body(), usize::MAX).await;
                    let body = String::from_utf8(body.expect("a body").to_vec());
                    let error = missing_layer().to_string();
                    assert_eq!(body, Ok(error), "{path}");
                }
            }
        }
    };
}

tests_of_both_versions!(version_0_6, tower_http_0_6);
tests_of_both_versions!(version_0_7, tower_http);

/// The redirects to which the version of tower-http does not pass the extensions.
fn paths_without_jar(version: &str) -> &'static [&'static str] {
    match version {
        "version_0_6" => &["/same", "/other"],
        _ => &["/other"],
    }
}

fn missing_layer() -> CookieError {
    CookieJar::from_extensions(&http::Extensions::new()).expect_err("no layer")
}

/// Both requests share the jar of `CookieLayer`, so the cookies of both are sent.
#[tokio::test]
async fn follow_redirect_0_7_inside_sends_the_cookies_of_both_responses() {
    let app = tower_http::follow_redirect::FollowRedirectLayer::new().layer(redirecting());
    let app = CookieLayer::new().layer(app);
    let Ok(response) = app.oneshot(request("/same")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        set_cookies(response.headers()),
        ["start=1; Path=/", "next=1; Path=/"]
    );
}

/// Sets a cookie and does not finish. A task sets another cookie later, and sends the result.
async fn hang(jar: CookieJar, results: UnboundedSender<Result<(), CookieError>>) -> Response {
    jar.set(("session", "new")).expect("an open response");
    tokio::spawn(async move {
        sleep(LONG).await;
        drop(results.send(jar.set(("late", "1"))));
    });
    pending::<()>().await;
    ().into_response()
}

/// A body that never ends, and sends no data.
fn endless_body() -> Body {
    Body::from_stream(stream::pending::<Result<&'static str, std::io::Error>>())
}
