//! axum sends the jar's cookies in WebSocket handshakes, event streams and a graceful shutdown. Routes, fallbacks and
//! `map_response` have a jar exactly if axum's order of layers puts them inside of the layer.

#[path = "../support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::middleware::map_response;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream};
use http::header::SET_COOKIE;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use support::set_cookies;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::{Layer, Service, ServiceExt};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

/// The output of `future`, which fails the test if it takes too long.
async fn soon<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(20);
    timeout(limit, future).await.expect("the server responds")
}

/// A server, whose graceful shutdown begins when `stop` is sent.
struct Running {
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    stream: TcpStream,
}

/// Serves `app` on a free port, and connects to it.
async fn serve(app: Router) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(async { server.await.expect("no error") });
    let stream = TcpStream::connect(address).await.expect("a connection");
    Running {
        stop,
        server,
        stream,
    }
}

/// Reads up to the empty line after the response headers.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(stream.read_u8()).await.expect("a response"));
    }
    String::from_utf8(head).expect("UTF-8")
}

/// The response of `app` to a `GET` of `path`, and its body.
async fn call<S>(app: &S, path: &str) -> (Response, String)
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone,
{
    let request = Request::get(path).header("cookie", "session=f81d4fae");
    let request = request.body(Body::empty()).expect("a request");
    let Ok(response) = app.clone().oneshot(request).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    (Response::from_parts(parts, Body::empty()), body)
}

/// The name of the error of a `set` in a response that has started.
fn late(jar: &CookieJar) -> &'static str {
    match jar.set(("late", "1")) {
        Err(CookieError::ResponseStarted { name, .. }) if name == "late" => "ResponseStarted",
        _ => "another result",
    }
}

/// The key and the expected accept value are the example of RFC 6455, section 1.3.
#[tokio::test]
async fn websocket_handshake_carries_the_cookie_and_the_socket_reads_the_jar() {
    async fn upgrade(jar: CookieJar, upgrade: WebSocketUpgrade) -> Result<Response, CookieError> {
        jar.set(("visited", "True"))?;
        Ok(upgrade.on_upgrade(async move |mut socket| {
            let session = jar.get("session").unwrap_or("none");
            let text = format!("{session} {}", late(&jar));
            socket
                .send(Message::Text(text.into()))
                .await
                .expect("a connection");
        }))
    }
    let app = Router::new()
        .route("/", get(upgrade))
        .layer(CookieLayer::new());
    let mut running = serve(app).await;
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: session=f81d4fae\r\n\
        Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    running
        .stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");

    let head = read_head(&mut running.stream).await;
    assert!(
        head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
        "{head}"
    );
    assert_eq!(head.matches("\r\nset-cookie: ").count(), 1, "{head}");
    assert!(
        head.contains("\r\nset-cookie: visited=True; Path=/\r\n"),
        "{head}"
    );

    // A text frame without a mask, of less than 126 bytes (RFC 6455, section 5.2).
    let mut frame = [0; 2];
    soon(running.stream.read_exact(&mut frame))
        .await
        .expect("a frame");
    let mut text = vec![0; usize::from(frame[1])];
    soon(running.stream.read_exact(&mut text))
        .await
        .expect("a frame");
    assert_eq!(
        (frame[0], &text[..]),
        (0x81, &b"f81d4fae ResponseStarted"[..])
    );

    drop(running.stream);
    running.stop.send(()).expect("the server runs");
    soon(running.server).await.expect("no panic");
}

#[tokio::test]
async fn event_stream_that_sets_a_late_cookie_gets_response_started_and_continues() {
    async fn events(
        jar: CookieJar,
    ) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, CookieError> {
        jar.set(("visited", "True"))?;
        let texts = stream::unfold(0, move |index| {
            let text = match index {
                0 => Some(jar.get("session").unwrap_or("none").to_owned()),
                1 => Some(late(&jar).to_owned()),
                2 => Some("end".to_owned()),
                _ => None,
            };
            async move { text.map(|text| (Ok(Event::default().data(text)), index + 1)) }
        });
        Ok(Sse::new(texts))
    }
    let app = Router::new()
        .route("/", get(events))
        .layer(CookieLayer::new());
    let (response, body) = call(&app, "/").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(set_cookies(response.headers()), ["visited=True; Path=/"]);
    assert_eq!(
        body,
        "data: f81d4fae\n\ndata: ResponseStarted\n\ndata: end\n\n"
    );
}

async fn visit(jar: CookieJar) -> Result<&'static str, CookieError> {
    jar.set(("visited", "True"))?;
    Ok("visited")
}

#[tokio::test]
async fn map_response_inside_the_layer_has_the_jar_but_not_yet_the_headers() {
    async fn inside(jar: CookieJar, mut response: Response) -> Result<Response, CookieError> {
        let found = HeaderValue::from(response.headers().get_all(SET_COOKIE).iter().count());
        response.headers_mut().insert("x-found", found);
        response
            .headers_mut()
            .append(SET_COOKIE, HeaderValue::from_static("own=1"));
        jar.set(("mapped", "1"))?;
        Ok(response)
    }
    let app = Router::new()
        .route("/", get(visit))
        .layer(map_response(inside));
    let (response, _) = call(&app.layer(CookieLayer::new()), "/").await;
    assert_eq!(response.headers()["x-found"], "0");
    assert_eq!(
        set_cookies(response.headers()),
        ["own=1", "visited=True; Path=/", "mapped=1; Path=/"]
    );
}

#[tokio::test]
async fn map_response_outside_the_layer_has_the_headers_but_no_jar() {
    async fn outside(jar: Option<CookieJar>, mut response: Response) -> Response {
        assert!(jar.is_none());
        let found = HeaderValue::from(response.headers().get_all(SET_COOKIE).iter().count());
        response.headers_mut().insert("x-found", found);
        response
            .headers_mut()
            .append(SET_COOKIE, HeaderValue::from_static("own=1"));
        response
    }
    let app = Router::new()
        .route("/", get(visit))
        .layer(CookieLayer::new());
    let (response, body) = call(&app.layer(map_response(outside)), "/").await;
    assert_eq!(response.headers()["x-found"], "1");
    assert_eq!(
        set_cookies(response.headers()),
        ["visited=True; Path=/", "own=1"]
    );
    assert_eq!(body, "visited");
}

/// The extractor fails before the handler runs, so that nothing is half done.
#[tokio::test]
async fn map_response_that_requires_a_jar_outside_the_layer_is_status_500() {
    async fn outside(_: CookieJar, response: Response) -> Response {
        response
    }
    let handler = async || -> () { panic!("the handler runs") };
    let app = Router::new()
        .route("/", get(handler))
        .layer(CookieLayer::new());
    let (response, body) = call(&app.layer(map_response(outside)), "/").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body, CookieError::MissingLayer.to_string());
}

/// The response to a request that is in flight when the shutdown begins still carries its cookies.
#[tokio::test]
async fn graceful_shutdown_sends_the_cookies_of_a_request_in_flight() {
    let started = Arc::new(Notify::new());
    let finish = Arc::new(Notify::new());
    let handler = {
        let (started, finish) = (started.clone(), finish.clone());
        async move |jar: CookieJar| {
            jar.set(("before", "1"))?;
            started.notify_one();
            finish.notified().await;
            jar.set(("after", "1"))
        }
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(CookieLayer::new());
    let mut running = serve(app).await;
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    running
        .stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");
    soon(started.notified()).await;

    running.stop.send(()).expect("the server runs");
    let mut server = running.server;
    let waits = timeout(Duration::from_millis(50), &mut server).await;
    assert!(waits.is_err(), "the server waits for the request in flight");
    finish.notify_one();

    let head = read_head(&mut running.stream).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let before = head.find("\r\nset-cookie: before=1; Path=/\r\n");
    let after = head.find("\r\nset-cookie: after=1; Path=/\r\n");
    assert!(before.is_some() && before < after, "{head}");
    soon(server).await.expect("no panic");
}

/// Responds with `jar` or `no jar`, and sets a cookie if there is a jar.
async fn has_jar(jar: Option<CookieJar>) -> Result<Response, CookieError> {
    let Some(jar) = jar else {
        return Ok("no jar".into_response());
    };
    jar.set(("found", "1"))?;
    Ok("jar".into_response())
}

/// Asserts the body of `path`, and that exactly the responses of handlers with a jar have a cookie.
async fn assert_body<S>(app: &S, path: &str, expected: &str)
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone,
{
    let (response, body) = call(app, path).await;
    assert_eq!(body, expected, "{path}");
    let cookies = usize::from(expected == "jar");
    assert_eq!(set_cookies(response.headers()).len(), cookies, "{path}");
}

/// axum applies a layer only to routes and fallbacks that were added before.
#[tokio::test]
async fn fallback_and_route_added_before_the_layer_have_a_jar_and_those_after_do_not() {
    let cookies = CookieLayer::new;
    let before = Router::new()
        .route("/", get(has_jar))
        .fallback(has_jar)
        .layer(cookies());
    assert_body(&before, "/", "jar").await;
    assert_body(&before, "/missing", "jar").await;

    let after = Router::new().route("/", get(has_jar)).layer(cookies());
    let after = after.route("/late", get(has_jar)).fallback(has_jar);
    assert_body(&after, "/", "jar").await;
    assert_body(&after, "/late", "no jar").await;
    assert_body(&after, "/missing", "no jar").await;
}

#[tokio::test]
async fn fallback_with_route_layer_has_no_jar() {
    let app = Router::new().route("/", get(has_jar)).fallback(has_jar);
    let app = app.route_layer(CookieLayer::new());
    assert_body(&app, "/", "jar").await;
    assert_body(&app, "/missing", "no jar").await;
}

/// A nested router without its own fallback has that of the outer router, without the layers of the nested one.
#[tokio::test]
async fn fallback_of_the_outer_router_has_no_jar_of_a_nested_layer() {
    let nested = Router::new()
        .route("/page", get(has_jar))
        .layer(CookieLayer::new());
    let app = Router::new().nest("/nested", nested).fallback(has_jar);
    assert_body(&app, "/nested/page", "jar").await;
    assert_body(&app, "/nested/missing", "no jar").await;
    assert_body(&app, "/missing", "no jar").await;
}

#[tokio::test]
async fn fallback_for_other_methods_before_the_layer_has_a_jar() {
    let app = Router::new().route("/", post(has_jar));
    let app = app
        .method_not_allowed_fallback(has_jar)
        .layer(CookieLayer::new());
    assert_body(&app, "/", "jar").await;
}

/// A layer around the whole router covers all that was added to the router, in any order.
#[tokio::test]
async fn layer_around_the_router_covers_every_route_and_fallback() {
    let app = Router::new().route("/", get(has_jar)).fallback(has_jar);
    let app = CookieLayer::new().layer(app);
    assert_body(&app, "/", "jar").await;
    assert_body(&app, "/missing", "jar").await;
}
