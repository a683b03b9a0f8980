//! Services of tonic find the jar in the extensions of the request. The queued cookies are in the response headers, also if
//! a call returns an error, and with tonic-web.
//!
//! tonic has no extractors, and `Status` is not `From<CookieError>`, so a service needs the functions `jar` and `internal`
//! below. In `tonic::transport::Server`, the layer that is added first is the outermost. In an axum router, it is the last.

#[path = "../support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use http::HeaderMap;
use http::uri::PathAndQuery;
use support::{deletion, set_cookies};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::service::interceptor::{InterceptedService, InterceptorLayer};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Error, Server};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_web::GrpcWebLayer;
use tower::{Service, service_fn};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A `google.protobuf.StringValue` is a prost message without generated code.
type Codec = ProstCodec<String, String>;

fn jar<T>(request: &Request<T>) -> Result<&CookieJar, Status> {
    CookieJar::from_extensions(request.extensions()).map_err(internal)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` passes the error by value"
)]
fn internal(error: CookieError) -> Status {
    Status::internal(error.to_string())
}

async fn visit(request: Request<String>) -> Result<Response<String>, Status> {
    let jar = jar(&request)?;
    jar.set(("visited", "True")).map_err(internal)?;
    jar.delete("session").map_err(internal)?;
    let session = jar.get("session").unwrap_or("none");
    Ok(Response::new(session.to_owned()))
}

async fn refuse(request: Request<String>) -> Result<Response<String>, Status> {
    jar(&request)?.delete("session").map_err(internal)?;
    Err(Status::permission_denied("the session is invalid"))
}

async fn sleep(request: Request<String>) -> Result<Response<String>, Status> {
    jar(&request)?.set(("visited", "True")).map_err(internal)?;
    std::future::pending().await
}

async fn watch(
    request: Request<String>,
) -> Result<Response<impl Stream<Item = Result<String, Status>>>, Status> {
    let jar = jar(&request)?.clone();
    jar.set(("visited", "True")).map_err(internal)?;
    let late = stream::once(async move {
        let is_refused = matches!(
            jar.set(("late", "1")),
            Err(CookieError::ResponseStarted { name, .. }) if name == "late"
        );
        let result = if is_refused {
            "ResponseStarted"
        } else {
            "another result"
        };
        Ok(result.to_owned())
    });
    let first = stream::iter([Ok("first".to_owned())]);
    let last = stream::iter([Ok("last".to_owned())]);
    Ok(Response::new(first.chain(late).chain(last)))
}

/// A service as tonic-build generates it.
#[derive(Clone)]
struct Cookies;

impl NamedService for Cookies {
    const NAME: &'static str = "test.Cookies";
}

impl Service<http::Request<Body>> for Cookies {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Codec::default());
            Ok(match request.uri().path() {
                "/test.Cookies/Visit" => grpc.unary(service_fn(visit), request).await,
                "/test.Cookies/Refuse" => grpc.unary(service_fn(refuse), request).await,
                "/test.Cookies/Sleep" => grpc.unary(service_fn(sleep), request).await,
                "/test.Cookies/Watch" => grpc.server_streaming(service_fn(watch), request).await,
                path => Status::unimplemented(path).into_http(),
            })
        })
    }
}

/// Returns the output of `future`. Panics if it takes too long.
async fn soon<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(20);
    timeout(limit, future).await.expect("the server responds")
}

/// A server on a free port, whose graceful shutdown begins when `stop` is sent.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Running {
    async fn start<F>(serve: impl FnOnce(TcpIncoming, BoxFuture<()>) -> F) -> Self
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let stopped = Box::pin(async { drop(stopped.await) });
        let server = serve(TcpIncoming::from(listener), stopped);
        let server = tokio::spawn(async { server.await.expect("no error") });
        Self {
            address,
            stop,
            server,
        }
    }

    /// The server of most tests.
    async fn with_layer() -> Self {
        Self::start(|incoming, stopped| {
            Server::builder()
                .layer(CookieLayer::new())
                .add_service(Cookies)
                .serve_with_incoming_shutdown(incoming, stopped)
        })
        .await
    }

    async fn client(&self) -> tonic::client::Grpc<Channel> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).expect("a URI");
        let channel = soon(endpoint.connect()).await.expect("a connection");
        let mut client = tonic::client::Grpc::new(channel);
        soon(client.ready()).await.expect("a connection");
        client
    }

    async fn unary(&self, path: &'static str) -> Result<Response<String>, Status> {
        let path = PathAndQuery::from_static(path);
        let mut client = self.client().await;
        soon(client.unary(request(), path, Codec::default())).await
    }

    async fn streaming(&self, path: &'static str) -> Response<Streaming<String>> {
        let path = PathAndQuery::from_static(path);
        let mut client = self.client().await;
        let call = client.server_streaming(request(), path, Codec::default());
        soon(call).await.expect("a stream")
    }

    /// The response to a call of `Visit` by gRPC-Web: the text of its headers and its body.
    async fn visit_from_browser(&self) -> String {
        // A frame with an empty message.
        let request = "POST /test.Cookies/Visit HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
            Origin: http://localhost\r\nContent-Type: application/grpc-web+proto\r\nX-Grpc-Web: 1\r\n\
            Cookie: theme=dark; session=f81d4fae\r\nContent-Length: 5\r\n\r\n\0\0\0\0\0";
        let stream = TcpStream::connect(self.address).await;
        let mut stream = stream.expect("a connection");
        let sent = stream.write_all(request.as_bytes()).await;
        sent.expect("a connection");
        let mut response = Vec::new();
        let received = soon(stream.read_to_end(&mut response)).await;
        received.expect("a response");
        String::from_utf8_lossy(&response).into_owned()
    }

    async fn stop(self) {
        self.stop.send(()).expect("the server runs");
        soon(self.server).await.expect("no panic");
    }
}

fn request() -> Request<String> {
    let mut request = Request::new(String::new());
    let cookies = "theme=dark; session=f81d4fae".parse().expect("ASCII");
    request.metadata_mut().insert("cookie", cookies);
    request
}

fn cookies_of(metadata: &MetadataMap) -> Vec<String> {
    let headers: &HeaderMap = metadata.as_ref();
    set_cookies(headers)
}

fn visit_cookies() -> [String; 2] {
    ["visited=True; Path=/".to_owned(), deletion("session", "/")]
}

#[tokio::test]
async fn unary_call_reads_the_jar_and_its_response_carries_each_cookie_once() {
    let running = Running::with_layer().await;

    let response = running.unary("/test.Cookies/Visit").await.expect("success");
    assert_eq!(cookies_of(response.metadata()), visit_cookies());
    assert_eq!(response.into_inner(), "f81d4fae");
    running.stop().await;
}

/// A router of axum, to which tonic's services are added.
#[tokio::test]
async fn unary_call_through_an_axum_router_carries_each_cookie_once() {
    let routes = Routes::new(Cookies).into_axum_router();
    let mut client = tonic::client::Grpc::new(routes.layer(CookieLayer::new()));
    client.ready().await.expect("a ready service");
    let path = PathAndQuery::from_static("/test.Cookies/Visit");
    let call = client.unary(request(), path, Codec::default()).await;
    let response = call.expect("success");
    assert_eq!(cookies_of(response.metadata()), visit_cookies());
    assert_eq!(response.into_inner(), "f81d4fae");
}

#[tokio::test]
async fn refused_call_carries_the_cookies_in_the_metadata_of_its_status() {
    let running = Running::with_layer().await;

    let status = running.unary("/test.Cookies/Refuse").await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(cookies_of(status.metadata()), [deletion("session", "/")]);
    running.stop().await;
}

#[tokio::test]
async fn interceptor_that_refuses_sends_its_cookies_with_the_status() {
    fn interceptor(request: Request<()>) -> Result<Request<()>, Status> {
        let jar = jar(&request)?;
        jar.delete("session").map_err(internal)?;
        if jar.contains("theme") {
            return Err(Status::unauthenticated("log in"));
        }
        Ok(request)
    }
    // Around one service, or as a layer inside of the cookie layer.
    let around_service = Running::start(|incoming, stopped| {
        Server::builder()
            .layer(CookieLayer::new())
            .add_service(InterceptedService::new(Cookies, interceptor))
            .serve_with_incoming_shutdown(incoming, stopped)
    })
    .await;
    let as_layer = Running::start(|incoming, stopped| {
        Server::builder()
            .layer(CookieLayer::new())
            .layer(InterceptorLayer::new(interceptor))
            .add_service(Cookies)
            .serve_with_incoming_shutdown(incoming, stopped)
    })
    .await;

    for running in [around_service, as_layer] {
        let status = running.unary("/test.Cookies/Visit").await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(cookies_of(status.metadata()), [deletion("session", "/")]);
        running.stop().await;
    }
}

#[tokio::test]
async fn interceptor_that_accepts_shares_the_queue_with_the_handler() {
    fn interceptor(request: Request<()>) -> Result<Request<()>, Status> {
        jar(&request)?.set(("seen", "1")).map_err(internal)?;
        Ok(request)
    }
    let running = Running::start(|incoming, stopped| {
        Server::builder()
            .layer(CookieLayer::new())
            .add_service(InterceptedService::new(Cookies, interceptor))
            .serve_with_incoming_shutdown(incoming, stopped)
    })
    .await;

    let response = running.unary("/test.Cookies/Visit").await.expect("success");
    let [visited, session] = visit_cookies();
    let expected = ["seen=1; Path=/".to_owned(), visited, session];
    assert_eq!(cookies_of(response.metadata()), expected);
    running.stop().await;
}

#[tokio::test]
async fn interceptor_outside_of_the_layer_has_no_jar() {
    fn interceptor(request: Request<()>) -> Result<Request<()>, Status> {
        match CookieJar::from_extensions(request.extensions()) {
            Err(CookieError::MissingLayer) => Err(Status::failed_precondition("MissingLayer")),
            _ => Ok(request),
        }
    }
    let running = Running::start(|incoming, stopped| {
        Server::builder()
            .layer(InterceptorLayer::new(interceptor))
            .layer(CookieLayer::new())
            .add_service(Cookies)
            .serve_with_incoming_shutdown(incoming, stopped)
    })
    .await;

    let status = running.unary("/test.Cookies/Visit").await.unwrap_err();
    assert_eq!(status.message(), "MissingLayer");
    running.stop().await;
}

/// tonic applies timeouts outside of the server's layers.
#[tokio::test]
async fn timeout_of_the_server_discards_the_cookies() {
    let running = Running::start(|incoming, stopped| {
        Server::builder()
            .timeout(Duration::from_millis(50))
            .layer(CookieLayer::new())
            .add_service(Cookies)
            .serve_with_incoming_shutdown(incoming, stopped)
    })
    .await;

    let status = running.unary("/test.Cookies/Sleep").await.unwrap_err();
    assert_eq!(status.message(), "Timeout expired");
    assert_eq!(cookies_of(status.metadata()), [""; 0]);
    running.stop().await;
}

#[tokio::test]
async fn set_in_a_stream_is_response_started_and_the_stream_ends_normally() {
    let running = Running::with_layer().await;

    let response = running.streaming("/test.Cookies/Watch").await;
    assert_eq!(cookies_of(response.metadata()), ["visited=True; Path=/"]);
    let mut messages = response.into_inner();
    for expected in ["first", "ResponseStarted", "last"] {
        let message = soon(messages.message()).await.expect("success");
        assert_eq!(message.as_deref(), Some(expected));
    }
    assert_eq!(soon(messages.message()).await.expect("success"), None);
    let trailers = soon(messages.trailers()).await.expect("success");
    assert_eq!(cookies_of(&trailers.unwrap_or_default()), [""; 0]);
    drop(messages);
    running.stop().await;
}

#[tokio::test]
async fn grpc_web_response_carries_the_cookies_in_both_orders_of_the_layers() {
    let inside = Running::start(|incoming, stopped| {
        Server::builder()
            .accept_http1(true)
            .layer(GrpcWebLayer::new())
            .layer(CookieLayer::new())
            .add_service(Cookies)
            .serve_with_incoming_shutdown(incoming, stopped)
    })
    .await;
    let outside = Running::start(|incoming, stopped| {
        Server::builder()
            .accept_http1(true)
            .layer(CookieLayer::new())
            .layer(GrpcWebLayer::new())
            .add_service(Cookies)
            .serve_with_incoming_shutdown(incoming, stopped)
    })
    .await;

    for running in [inside, outside] {
        let response = running.visit_from_browser().await;
        let (head, body) = response.split_once("\r\n\r\n").expect("headers");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let content_type = "\r\ncontent-type: application/grpc-web+proto\r\n";
        assert!(head.contains(content_type), "{head}");
        let set_cookies: Vec<_> = head
            .lines()
            .filter_map(|line| line.strip_prefix("set-cookie: "))
            .collect();
        assert_eq!(set_cookies, visit_cookies());
        assert!(body.contains("f81d4fae"), "{body}");
        // gRPC-Web sends the trailers in the body.
        assert!(body.contains("grpc-status:0"), "{body}");
        assert!(!body.contains("cookie"), "{body}");
        running.stop().await;
    }
}
