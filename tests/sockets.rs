//! Over real sockets a cookie is set, sent back, deleted, and not sent any more.

mod support;

use std::convert::Infallible;
use std::net::SocketAddr;

use http::header::{CONNECTION, COOKIE, HOST};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use support::{deletion, jar_of, set_cookies};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::crypto::ring;
use tower::ServiceBuilder;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

/// A server on a free port of 127.0.0.1.
struct Server {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves [`handle`] with hyper, over HTTP/1 and HTTP/2.
    async fn hyper(layer: CookieLayer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let service = ServiceBuilder::new().layer(layer).service_fn(respond);
            let server = auto::Builder::new(TokioExecutor::new());
            let connections = GracefulShutdown::new();
            loop {
                let stream = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap().0,
                    _ = &mut stopped => break,
                };
                let service = TowerToHyperService::new(service.clone());
                let connection = server.serve_connection(TokioIo::new(stream), service);
                let connection = connections.watch(connection.into_owned());
                tokio::spawn(async move { connection.await.unwrap() });
            }
            connections.shutdown().await;
        });
        Self { addr, stop, task }
    }

    /// Serves [`handle`] with axum.
    #[cfg(feature = "axum-core")]
    async fn axum(layer: CookieLayer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let app = axum::Router::new()
            .fallback(async |uri: http::Uri, jar: CookieJar| handle(uri.path(), &jar))
            .layer(layer);
        let task = tokio::spawn(async move {
            axum::serve(listener, app)
                .with_graceful_shutdown(async { stopped.await.unwrap() })
                .await
                .unwrap();
        });
        Self { addr, stop, task }
    }

    /// Stops the server. It waits until every client has closed its connections.
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

/// Sets the cookie `visited` at `…/set`, deletes it at `…/delete`, and deletes every cookie of the
/// request at `…/delete_all`. Returns the request's cookies.
fn handle(path: &str, jar: &CookieJar) -> Result<String, CookieError> {
    if path.ends_with("/set") {
        jar.set(("visited", "a; \"b\""))?;
    } else if path.ends_with("/delete") {
        jar.delete("visited")?;
    } else if path.ends_with("/delete_all") {
        for (name, _) in jar {
            jar.delete(name)?;
        }
    }
    let pairs = jar.iter().map(|(name, value)| format!("{name}={value}\n"));
    Ok(pairs.collect())
}

async fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = match handle(request.uri().path(), &jar_of(&request)) {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => (error.status(), error.to_string()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    Ok(response)
}

/// An HTTP client with a cookie store.
fn client(version: Version) -> reqwest::ClientBuilder {
    // reqwest needs a provider, even without TLS. This fails if another test has installed one.
    let _ = ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().cookie_store(true);
    if version == Version::HTTP_2 {
        client.http2_prior_knowledge()
    } else {
        client.http1_only()
    }
}

/// Sets and deletes the cookie with requests to `base` and below.
async fn set_and_delete(client: &reqwest::Client, base: &str, version: Version) {
    let get = async |path: &str| {
        let response = client.get(format!("{base}{path}")).send().await.unwrap();
        assert_eq!(response.version(), version);
        assert_eq!(response.status(), StatusCode::OK);
        let cookies = set_cookies(response.headers()).len();
        (cookies, response.text().await.unwrap())
    };
    let no_cookie = || (0, String::new());
    let visited = || "visited=a; \"b\"\n".to_owned();

    assert_eq!(get("/").await, no_cookie());
    assert_eq!(get("/set").await, (1, String::new()));
    assert_eq!(get("/").await, (0, visited()));
    assert_eq!(get("/deeper/still").await, (0, visited()));
    assert_eq!(get("/set").await, (1, visited()));
    assert_eq!(get("/delete").await, (1, visited()));
    assert_eq!(get("/").await, no_cookie());
    assert_eq!(get("/delete").await, (1, String::new()));
    assert_eq!(get("/").await, no_cookie());
}

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

#[tokio::test]
async fn hyper_cookie_is_set_sent_back_and_deleted() {
    let server = Server::hyper(CookieLayer::new()).await;
    for version in VERSIONS {
        let client = client(version).build().unwrap();
        set_and_delete(&client, &format!("http://{}", server.addr), version).await;
    }
    server.stop().await;
}

#[cfg(feature = "axum-core")]
#[tokio::test]
async fn axum_cookie_is_set_sent_back_and_deleted() {
    let server = Server::axum(CookieLayer::new()).await;
    for version in VERSIONS {
        let client = client(version).build().unwrap();
        set_and_delete(&client, &format!("http://{}", server.addr), version).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn hyper_declared_cookie_is_set_sent_back_and_deleted() {
    let visited = || Cookie::build("visited").path("/app");
    for (domain, host) in [
        ("localhost", "localhost"),
        ("example.test", "example.test"),
        ("example.test", "www.example.test"),
    ] {
        let layer = CookieLayer::new()
            .declare(visited().domain(domain))
            .unwrap();
        let server = Server::hyper(layer.clone()).await;
        for version in VERSIONS {
            let client = client(version).resolve(host, server.addr).build().unwrap();
            let site = format!("http://{host}:{}", server.addr.port());
            set_and_delete(&client, &format!("{site}/app"), version).await;

            // Outside its Path the cookie is not sent, but it can be deleted there.
            let get = async |path: &str| {
                let response = client.get(format!("{site}{path}")).send().await.unwrap();
                response.text().await.unwrap()
            };
            assert_eq!(get("/set").await, "");
            assert_eq!(get("/").await, "");
            assert_eq!(get("/app").await, "visited=a; \"b\"\n");
            assert_eq!(get("/delete").await, "");
            assert_eq!(get("/app").await, "");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn set_with_domain_mismatch_is_bad_request_that_names_domain_without_host() {
    let declared = Cookie::build("visited").domain("example.test");
    let server = Server::hyper(CookieLayer::new().declare(declared).unwrap()).await;
    for version in VERSIONS {
        let client = client(version).build().unwrap();
        let url = format!("http://{}/set", server.addr);
        let response = client.get(url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(set_cookies(response.headers()).is_empty());
        let body = response.text().await.unwrap();
        assert!(body.contains(r#""example.test""#), "{body}");
        assert!(!body.contains("127.0.0.1"), "{body}");
    }
    server.stop().await;
}

/// A client may send a header for each cookie (RFC 9113 §8.2.3).
#[tokio::test]
async fn several_cookie_headers_over_http2_are_one_list() {
    let server = Server::hyper(CookieLayer::new()).await;
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    let connection = tokio::spawn(connection);

    let mut request = Request::get(format!("http://{}/", server.addr))
        .body(Empty::<Bytes>::new())
        .unwrap();
    for cookies in ["a=1", "b=2; c=3", "a=4", "=nameless", "d=\"5\\\"\""] {
        let header = HeaderValue::from_static(cookies);
        request.headers_mut().append(COOKIE, header);
    }
    let response = client.send_request(request).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "a=4\nb=2\nc=3\n=nameless\nd=5\"\n");

    drop(client);
    connection.await.unwrap().unwrap();
    server.stop().await;
}

#[tokio::test]
async fn cookie_header_of_60_kib_is_read() {
    let server = Server::hyper(CookieLayer::new()).await;
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let (mut client, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);

    let many: String = (0..).map(|n| format!("c{n}={n}; ")).take(6000).collect();
    for (cookies, expected) in [
        (many.clone() + "last=1", 6001),
        (";".repeat(60 * 1024), 0),
        ("a=1;".repeat(15 * 1024), 1),
        (format!("a=\"{}\"", "\\101".repeat(15 * 1024)), 1),
    ] {
        assert!(cookies.len() >= 60 * 1024, "{}", cookies.len());
        let request = Request::get("/set")
            .header(HOST, "example.test")
            .header(COOKIE, cookies)
            .body(Empty::<Bytes>::new())
            .unwrap();
        client.ready().await.unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(set_cookies(response.headers()).len(), 1);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body.split(|&byte| byte == b'\n').count(), expected + 1);
    }

    drop(client);
    connection.await.unwrap().unwrap();
    server.stop().await;
}

/// HTTP client libraries do not send such headers, so this test writes their bytes itself.
#[tokio::test]
async fn unusual_cookie_headers_are_read() {
    let server = Server::hyper(CookieLayer::new().vary_on_cookie()).await;
    for (cookies, expected) in [
        (&b""[..], ""),
        (b";", ""),
        (b"=", ""),
        (b" ; =; \t ;=", ""),
        (b"a", "=a\n"),
        (b"a=", "a=\n"),
        (b"=a", "=a\n"),
        (b"a==b", "a==b\n"),
        (b"a=1,b=2", "a=1,b=2\n"),
        (b"a=\"", "a=\"\n"),
        (b"a=\"\"", "a=\n"),
        (b"a=\"\\", "a=\"\\\n"),
        (b"a=\"\\\"", "a=\\\n"),
        (b"a=\"\\4\"", "a=4\n"),
        (b"a=\"\\400\"", "a=400\n"),
        (b"a=\"\\351\"", "a=\u{e9}\n"),
        (b"a=\"\\37", "a=\"\\37\n"),
        (b"a=\"b;c\"", "a=\"b\n=c\"\n"),
        (b"\xff", "=\u{fffd}\n"),
        (b"\xff=\xfe", "\u{fffd}=\u{fffd}\n"),
        (b"a=\xc3\xa9", "a=\u{e9}\n"),
        (b"a=\xc3", "a=\u{fffd}\n"),
        (b"a=\"\xc3\\251\"", "a=\u{fffd}\u{a9}\n"),
        (b"a=\xed\xa0\x80", "a=\u{fffd}\u{fffd}\u{fffd}\n"),
        (b"a=\x80\x80; b=2", "a=\u{fffd}\u{fffd}\nb=2\n"),
        (b"a=%3B%FF; %61=2", "a=%3B%FF\n%61=2\n"),
        (b"__%48ost-id=x", "__%48ost-id=x\n"),
        ("\u{2000}__Host-id=x".as_bytes(), "\u{2000}__Host-id=x\n"),
        (b"a=1\r\nCookie: a=2\r\nCookie: b=\xff", "a=2\nb=\u{fffd}\n"),
    ] {
        for path in ["/", "/set", "/delete"] {
            let (headers, body) = get_raw(server.addr, path, cookies).await;
            let shown = cookies.escape_ascii();
            assert!(headers.starts_with("HTTP/1.1 200 "), "{shown}: {headers}");
            assert!(
                headers.contains("\r\nvary: Cookie\r\n"),
                "{shown}: {headers}"
            );
            let has_set_cookie = headers.contains("\r\nset-cookie: visited=");
            assert_eq!(has_set_cookie, path != "/", "{shown}: {headers}");
            assert_eq!(body, expected, "{shown}");
        }
    }
    server.stop().await;
}

/// Browsers store cookies of all these names, although `set` refuses the names.
#[tokio::test]
async fn every_cookie_of_a_request_is_deleted() {
    let server = Server::hyper(CookieLayer::new()).await;
    let names = [
        "a",
        "b[c]",
        "path",
        "Max-Age",
        "\u{e9}",
        "c d",
        "e\tf",
        "\u{2000}g",
        "h\u{a0}",
        "\"i\"",
        "j,k",
        "{}",
        "%3D",
        "$x",
    ];
    let cookies: Vec<_> = names.iter().map(|name| format!("{name}=1")).collect();
    let cookies = cookies.join("; ");
    let (headers, body) = get_raw(server.addr, "/delete_all", cookies.as_bytes()).await;
    assert!(headers.starts_with("HTTP/1.1 200 "), "{headers}");
    assert_eq!(body.lines().count(), names.len());
    let deleted: Vec<_> = headers
        .lines()
        .filter_map(|line| line.strip_prefix("set-cookie: "))
        .collect();
    assert_eq!(deleted, names.map(|name| deletion(name, "/")));
    server.stop().await;
}

/// Sends `cookies` unchanged in a `Cookie` header. Returns the response's status line with its
/// headers, and the body.
async fn get_raw(addr: SocketAddr, path: &str, cookies: &[u8]) -> (String, String) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let mut request = format!("GET {path} HTTP/1.1\r\n{HOST}: {addr}\r\n{CONNECTION}: close\r\n");
    request.push_str("Cookie: ");
    let mut request = request.into_bytes();
    request.extend_from_slice(cookies);
    request.extend_from_slice(b"\r\n\r\n");
    stream.write_all(&request).await.unwrap();

    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (headers, body) = response
        .split_once("\r\n\r\n")
        .expect("an empty line after the headers");
    (format!("{headers}\r\n"), body.to_owned())
}
