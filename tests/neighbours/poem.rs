//! A middleware of eleven lines with `CookieLayer::open` adds a jar to the requests of poem. Handlers read, set and
//! delete cookies. If a handler returns an error, its queued cookies are discarded.

#![allow(
    clippy::needless_pass_by_value,
    reason = "handlers take extractors by value"
)]

#[path = "../support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::SET_COOKIE;
use http::{HeaderMap, Uri};
use poem::endpoint::{TowerCompatExt, make_sync};
use poem::http::StatusCode;
use poem::listener::TcpAcceptor;
use poem::session::{CookieConfig, CookieSession, Session};
use poem::web::Data;
use poem::{Endpoint, EndpointExt, Error, IntoResponse, Request, Response, Route, Server, handler};
use support::{assert_closed, deletion, jar_of, set_cookies};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tower::{Layer, service_fn};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

/// The middleware, for [`EndpointExt::around`].
async fn with_cookies<E: Endpoint>(
    cookies: CookieLayer,
    next: Arc<E>,
    mut request: Request,
) -> poem::Result<Response> {
    let (jar, flush) = cookies.open(request.headers(), request.uri());
    request.extensions_mut().insert(jar);
    let mut response = next.call(request).await?.into_response();
    flush.write_to(response.headers_mut());
    Ok(response)
}

/// The endpoint inside of the middleware.
fn behind(
    cookies: CookieLayer,
    endpoint: impl Endpoint + 'static,
) -> impl Endpoint<Output = Response> {
    endpoint.around(move |next, request| with_cookies(cookies.clone(), next, request))
}

/// A declared `session`, as users would declare it.
fn declared() -> CookieLayer {
    let session = Cookie::build("session").path("/app").domain("example.com");
    CookieLayer::new().declare(session).expect("a declaration")
}

fn request(cookies: &'static str) -> Request {
    let builder = Request::builder().uri(Uri::from_static("/app"));
    builder
        .header("host", "www.example.com")
        .header("cookie", cookies)
        .finish()
}

/// poem's error for a refused operation, with the status that the crate recommends.
fn refused(error: CookieError) -> Error {
    let status = error.status();
    Error::new(error, status)
}

#[handler]
fn visit(jar: Data<&CookieJar>) -> poem::Result<String> {
    jar.set(("visited", "True")).map_err(refused)?;
    jar.delete("session").map_err(refused)?;
    Ok(jar.get("session").unwrap_or("none").to_owned())
}

#[handler]
fn wrong_logout(jar: Data<&CookieJar>) -> poem::Result<()> {
    jar.set(("visited", "True")).map_err(refused)?;
    jar.delete(Cookie::build("session").path("/"))
        .map_err(refused)
}

/// The `Set-Cookie` header that deletes the declared session.
fn session_deletion() -> String {
    deletion("session", "/app").replace("; expires", "; Domain=example.com; expires")
}

#[test]
fn types_of_poem_requests_are_those_of_http_1() {
    let request = Request::default();
    let (_, _): (&HeaderMap, &Uri) = (request.headers(), request.uri());
    let mut response = Response::default();
    let _: &mut HeaderMap = response.headers_mut();
}

#[tokio::test]
async fn handler_with_jar_reads_sets_and_deletes_cookies() {
    let app = behind(declared(), Route::new().at("/app", visit));
    let response = app.get_response(request("a=1; session=f81d4fae")).await;
    assert_eq!(
        set_cookies(response.headers()),
        ["visited=True; Path=/", &session_deletion()]
    );
    assert!(
        response
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .all(http::HeaderValue::is_sensitive)
    );
    let body = response.into_body().into_string().await.expect("a body");
    assert_eq!(body, "f81d4fae");
}

#[tokio::test]
async fn nested_route_has_the_jar_of_the_outer_path() {
    let inner = Route::new().at("/", visit);
    let app = behind(declared(), Route::new().nest("/app", inner));
    let response = app.get_response(request("session=f81d4fae")).await;
    assert_eq!(
        set_cookies(response.headers()),
        ["visited=True; Path=/", &session_deletion()]
    );
}

#[tokio::test]
async fn handler_with_own_set_cookie_sends_both() {
    #[handler]
    fn both(jar: Data<&CookieJar>) -> poem::Result<Response> {
        jar.set(("visited", "True")).map_err(refused)?;
        Ok(Response::builder().header(SET_COOKIE, "own=1").finish())
    }
    let response = behind(declared(), both).get_response(request("")).await;
    assert_eq!(
        set_cookies(response.headers()),
        ["own=1", "visited=True; Path=/"]
    );
}

#[tokio::test]
async fn handler_error_discards_cookies_and_closes_the_jar() {
    let kept = Arc::new(Mutex::new(None));
    let clone = kept.clone();
    let failing = make_sync(move |request: Request| {
        let jar = request.extensions().get::<CookieJar>().expect("a jar");
        *clone.lock().expect("no panic") = Some(jar.clone());
        jar.set(("visited", "True")).map_err(refused)?;
        Err::<(), _>(Error::from_status(StatusCode::IM_A_TEAPOT))
    });
    let response = behind(declared(), failing).get_response(request("")).await;
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    assert_eq!(set_cookies(response.headers()), [""; 0]);
    assert_closed(
        kept.lock()
            .expect("no panic")
            .as_ref()
            .expect("the handler ran"),
    );
}

#[tokio::test]
async fn refused_operation_is_an_error_response_with_its_message() {
    let response = behind(declared(), wrong_logout)
        .get_response(request(""))
        .await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(set_cookies(response.headers()), [""; 0]);
    let body = response.into_body().into_string().await.expect("a body");
    let cause = "cookie \"session\": declared with Domain=example.com; Path=/app, but given Domain=example.com; Path=/";
    assert!(body.starts_with(cause), "{body}");
}

/// poem's `catch_all_error` makes a response of an error. As with Tower, the order decides.
#[tokio::test]
async fn error_caught_inside_the_middleware_keeps_cookies_and_outside_discards_them() {
    async fn caught(_: Error) -> (StatusCode, &'static str) {
        (StatusCode::BAD_REQUEST, "caught")
    }
    let inside = behind(declared(), wrong_logout.catch_all_error(caught));
    let response = inside.get_response(request("")).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(set_cookies(response.headers()), ["visited=True; Path=/"]);

    let outside = behind(declared(), wrong_logout).catch_all_error(caught);
    let response = outside.get_response(request("")).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(set_cookies(response.headers()), [""; 0]);
}

/// poem's own sessions are cookies too.
#[tokio::test]
async fn session_of_poem_and_the_middleware_keep_their_cookies_in_both_orders() {
    #[handler]
    fn count(jar: Data<&CookieJar>, session: &Session) -> poem::Result<String> {
        let visits = session.get("visits").unwrap_or(0) + 1;
        session.set("visits", visits);
        jar.set(("theme", "dark")).map_err(refused)?;
        Ok(format!("{visits} {}", jar.get("theme").unwrap_or("none")))
    }
    let sessions = || CookieSession::new(CookieConfig::new().name("id"));
    let outside = behind(CookieLayer::new(), count.with(sessions())).map_to_response();
    let inside = behind(CookieLayer::new(), count)
        .with(sessions())
        .map_to_response();
    for app in [outside.boxed(), inside.boxed()] {
        let mut cookies = String::new();
        for expected in ["1 none", "2 dark", "3 dark"] {
            let request = Request::builder().header("cookie", &cookies).finish();
            let response = app.get_response(request).await;
            let mut pairs: Vec<_> = set_cookies(response.headers())
                .iter()
                .map(|header| header.split(';').next().expect("a pair").to_owned())
                .collect();
            pairs.sort_unstable();
            let names = pairs
                .iter()
                .map(|pair| pair.split('=').next().expect("a name"));
            assert_eq!(names.collect::<Vec<_>>(), ["id", "theme"]);
            cookies = pairs.join("; ");
            let body = response.into_body().into_string().await.expect("a body");
            assert_eq!(body, expected);
        }
    }
}

/// With poem's feature `tower-compat`, a Tower service with its `CookieLayer` is an endpoint. poem passes the extensions
/// of its request on, so inside of the middleware the layer is a nested one.
#[tokio::test]
async fn tower_service_with_layer_sends_its_cookies_once_alone_and_inside_the_middleware() {
    let service = service_fn(async |request: http::Request<_>| {
        let jar = jar_of(&request);
        jar.delete("session").expect("a valid cookie");
        let session = jar.get("session").unwrap_or("none").to_owned();
        Ok::<_, Infallible>(http::Response::new(session))
    });
    let endpoint = |layer: CookieLayer| Route::new().at("/app", layer.layer(service).compat());
    let alone = endpoint(declared()).map_to_response();
    // The declaration is that of the middleware.
    let inside = behind(declared(), endpoint(CookieLayer::new()));
    for app in [alone.boxed(), inside.boxed()] {
        let response = app.get_response(request("session=f81d4fae")).await;
        assert_eq!(set_cookies(response.headers()), [session_deletion()]);
        let body = response.into_body().into_string().await.expect("a body");
        assert_eq!(body, "f81d4fae");
    }
}

#[tokio::test]
async fn server_on_a_socket_sends_cookies_for_its_host_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
    let (stop, stopped) = oneshot::channel::<()>();
    let app = behind(declared(), Route::new().at("/app", visit));
    let server = Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(
        app,
        async { drop(stopped.await) },
        Some(Duration::from_secs(5)),
    );
    let server = tokio::spawn(server);

    for (host, status, cookies) in [
        ("www.example.com", "200 OK", 2),
        // The declared Domain does not match this host, so the delete is refused.
        ("other.test", "400 Bad Request", 0),
    ] {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = format!(
            "GET /app HTTP/1.1\r\nHost: {host}\r\nCookie: session=f81d4fae\r\nConnection: close\r\n\r\n"
        );
        stream
            .write_all(request.as_bytes())
            .await
            .expect("a request");
        let mut response = String::new();
        stream
            .read_to_string(&mut response)
            .await
            .expect("a response");
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{response}"
        );
        let found = response.to_lowercase().matches("\r\nset-cookie: ").count();
        assert_eq!(found, cookies, "{response}");
    }
    stop.send(()).expect("the server runs");
    server.await.expect("no panic").expect("no error");
}
