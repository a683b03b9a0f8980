//! Leptos: server functions and pages get the jar of `CookieLayer` with `leptos_axum::extract`. The cookies of a streamed
//! page are in the response headers, so a `set` in a later part returns `ResponseStarted`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::response::Response;
use axum::routing::post;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, REFERER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, ResponseOptions, extract, generate_route_list};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};
use tokio::sync::Notify;
use tower::ServiceExt;
use tower_django_cookies::test::Client;
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

/// Reads a cookie, sets one and deletes one.
#[server(endpoint = "visit")]
async fn visit(theme: String) -> Result<String, ServerFnError> {
    let jar: CookieJar = extract().await?;
    let before = jar.get("theme").unwrap_or("none").to_owned();
    jar.set(("theme", theme)).map_err(ServerFnError::new)?;
    jar.delete("old").map_err(ServerFnError::new)?;
    Ok(before)
}

/// Sets a cookie with the jar and another one in leptos, and redirects.
#[server(endpoint = "login")]
async fn login() -> Result<(), ServerFnError> {
    let jar: CookieJar = extract().await?;
    jar.set(("session", "f81d4fae"))
        .map_err(ServerFnError::new)?;
    let options = expect_context::<ResponseOptions>();
    options.append_header(SET_COOKIE, HeaderValue::from_static("own=1"));
    leptos_axum::redirect("/home");
    Ok(())
}

/// Sets a cookie, and returns an error.
#[server(endpoint = "fail")]
async fn fail() -> Result<(), ServerFnError> {
    let jar: CookieJar = extract().await?;
    jar.set(("attempts", "1")).map_err(ServerFnError::new)?;
    Err(ServerFnError::new("wrong password"))
}

fn server_functions() -> axum::Router {
    let functions = post(leptos_axum::handle_server_fns);
    axum::Router::new().route("/api/{*function}", functions)
}

/// A `POST` of a form to a server function, from a script.
fn form(path: &str, body: &'static str) -> Request<Body> {
    let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(body.into()).expect("a request")
}

async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), usize::MAX)
        .await
        .expect("a body");
    String::from_utf8(body.to_vec()).expect("UTF-8")
}

fn set_cookies(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(SET_COOKIE).iter();
    values.map(|value| value.to_str().expect("ASCII")).collect()
}

#[tokio::test]
async fn server_function_reads_sets_and_deletes_cookies() {
    let app = server_functions().layer(CookieLayer::new());
    let mut request = form("/api/visit", "theme=dark");
    request
        .headers_mut()
        .insert(COOKIE, HeaderValue::from_static("theme=light; old=1"));
    let Ok(response) = app.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        set_cookies(response.headers()),
        [
            "theme=dark; Path=/",
            "old=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/",
        ]
    );
    assert_eq!(text(response).await, "\"light\"");
}

#[tokio::test]
async fn cookie_of_a_server_function_is_read_in_the_next_request() {
    let mut client = Client::new(server_functions().layer(CookieLayer::new()));
    for expected in ["\"none\"", "\"dark\""] {
        let response = client.post("/api/visit", &[("theme", "dark")]).await;
        let response = response.expect("a response");
        assert_eq!(response.body().text(), Ok(expected));
    }
}

/// If a form is sent without JavaScript, leptos responds with status 302. The `Set-Cookie` header that leptos appends is
/// first, because leptos is inside of `CookieLayer`.
#[tokio::test]
async fn redirect_of_a_server_function_carries_both_cookies() {
    let app = server_functions().layer(CookieLayer::new());
    let mut request = form("/api/login", "");
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("text/html"));
    let Ok(response) = app.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(response.headers()[LOCATION], "/home");
    assert_eq!(
        set_cookies(response.headers()),
        ["own=1", "session=f81d4fae; Path=/"]
    );
}

/// A script receives status 500. A form that is sent without JavaScript is redirected to its page. Both responses have the
/// cookie.
#[tokio::test]
async fn error_of_a_server_function_carries_the_cookie() {
    let app = server_functions().layer(CookieLayer::new());
    for (accept, status) in [
        ("application/json", StatusCode::INTERNAL_SERVER_ERROR),
        ("text/html", StatusCode::FOUND),
    ] {
        let mut request = form("/api/fail", "");
        let headers = request.headers_mut();
        headers.insert(ACCEPT, accept.parse().expect("ASCII"));
        headers.insert(REFERER, HeaderValue::from_static("http://localhost/login"));
        let Ok(response) = app.clone().oneshot(request).await;
        assert_eq!(response.status(), status);
        assert_eq!(set_cookies(response.headers()), ["attempts=1; Path=/"]);
    }
}

#[tokio::test]
async fn extract_without_the_layer_is_missing_layer() {
    let Ok(response) = server_functions()
        .oneshot(form("/api/visit", "theme=dark"))
        .await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!response.headers().contains_key(SET_COOKIE));
    let text = text(response).await;
    assert!(text.contains("MissingLayer"), "{text}");
}

/// The result of a `set`, as text for the page.
async fn set(name: &'static str) -> String {
    let jar: CookieJar = extract().await.expect("a jar");
    match jar.set((name, "1")) {
        Ok(()) => "was set".to_owned(),
        Err(CookieError::ResponseStarted { .. }) => "ResponseStarted".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

/// A page that sets a cookie immediately, and another one in a suspended part, which waits for the gate.
fn page(is_blocking: bool) -> impl IntoView {
    let parts = expect_context::<Parts>();
    let jar = CookieJar::from_extensions(&parts.extensions).expect("a jar");
    jar.set(("early", "1")).expect("an open response");

    let gate = expect_context::<Arc<Notify>>();
    let wait_and_set = move |()| {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            set("suspended").await
        }
    };
    let result = if is_blocking {
        Resource::new_blocking(|| (), wait_and_set)
    } else {
        Resource::new(|| (), wait_and_set)
    };
    view! {
        <Suspense fallback=|| "loading">
            {move || Suspend::new(async move { view! { <p>"result: " {result.await}</p> } })}
        </Suspense>
    }
}

/// The application. Leptos also runs it once without a request, to find the routes. Then there is no jar.
#[component]
fn App() -> impl IntoView {
    let parts = expect_context::<Parts>();
    let theme = CookieJar::from_extensions(&parts.extensions)
        .ok()
        .and_then(|jar| jar.get("theme"))
        .unwrap_or("none")
        .to_owned();
    view! {
        <p>"theme: " {theme}</p>
        <Router>
            <Routes fallback=|| "not found">
                <Route path=path!("/in-order") view=|| page(false) ssr=SsrMode::InOrder />
                <Route path=path!("/out-of-order") view=|| page(false) ssr=SsrMode::OutOfOrder />
                <Route path=path!("/async") view=|| page(false) ssr=SsrMode::Async />
                <Route path=path!("/blocking") view=|| page(true) ssr=SsrMode::OutOfOrder />
            </Routes>
        </Router>
    }
}

/// The application behind `CookieLayer`, with the gate of the suspended parts.
fn pages() -> (axum::Router, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let options = LeptosOptions::builder().output_name("app").build();
    let context = {
        let gate = Arc::clone(&gate);
        move || provide_context(Arc::clone(&gate))
    };
    let app = axum::Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context, App)
        .layer(CookieLayer::new())
        .with_state(options);
    (app, gate)
}

fn page_request(path: &str) -> Request<Body> {
    let request = Request::get(path).header(COOKIE, "theme=dark");
    request.body(Body::empty()).expect("a request")
}

/// Asserts that the page has read the cookie of the request, and the result of its suspended `set`.
#[track_caller]
fn assert_page(html: &str, result: &str) {
    // Leptos separates adjacent texts by comments.
    let html = html.replace("<!>", "");
    assert!(html.contains("theme: dark"), "{html}");
    assert!(html.contains(&format!("result: {result}")), "{html}");
}

#[tokio::test]
async fn set_in_a_streamed_part_is_response_started() {
    for path in ["/in-order", "/out-of-order"] {
        let (app, gate) = pages();
        let Ok(response) = app.oneshot(page_request(path)).await;
        assert_eq!(set_cookies(response.headers()), ["early=1; Path=/"]);
        gate.notify_one();
        assert_page(&text(response).await, "ResponseStarted");
    }
}

/// `SsrMode::Async` and `Resource::new_blocking` wait for the suspended part before the response starts.
#[tokio::test]
async fn set_in_a_part_that_the_response_waits_for_is_sent() {
    for path in ["/async", "/blocking"] {
        let (app, gate) = pages();
        gate.notify_one();
        let Ok(response) = app.oneshot(page_request(path)).await;
        assert_eq!(
            set_cookies(response.headers()),
            ["early=1; Path=/", "suspended=1; Path=/"]
        );
        assert_page(&text(response).await, "was set");
    }
}

#[tokio::test]
async fn app_without_a_request_is_missing_layer() {
    let was_run = Arc::new(AtomicBool::new(false));
    let app = {
        let was_run = Arc::clone(&was_run);
        move || {
            let parts = expect_context::<Parts>();
            let error = CookieJar::from_extensions(&parts.extensions).expect_err("no layer");
            assert!(matches!(error, CookieError::MissingLayer), "{error:?}");
            was_run.store(true, Ordering::Relaxed);
        }
    };
    generate_route_list(app);
    assert!(was_run.load(Ordering::Relaxed));
}
