//! A site on loopback under several names, over HTTP and TLS, whose pages are the test's closures.

#![allow(dead_code, reason = "not every client needs all of it")]

pub(crate) mod domains;
pub(crate) mod forging;
pub(crate) mod matrix;
pub(crate) mod retired;
pub(crate) mod unstorable;
pub(crate) mod values;
pub(crate) mod visited;

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tower::{Layer, ServiceExt, service_fn};
use tower_django_cookies::{CookieJar, CookieLayer};

use crate::support::{jar_of, now};

pub(crate) const PARENT: &str = "example.test";
pub(crate) const WWW: &str = "www.example.test";
pub(crate) const SIBLING: &str = "app.example.test";
pub(crate) const CHILD: &str = "deep.www.example.test";
pub(crate) const EVIL: &str = "evil.example.test";
/// Absolute, so that no search domain is tried: to browsers another host.
pub(crate) const DOTTED: &str = "www.example.test.";
/// Where the site listens.
pub(crate) const ADDRESS: &str = "127.0.0.1";
/// Every name under which the site is found.
pub(crate) const HOSTS: [&str; 6] = [PARENT, WWW, SIBLING, CHILD, EVIL, DOTTED];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// What keeps cookies: a browser, or a library that acts like one.
pub(crate) trait Browser {
    /// As in the tables of where clients differ.
    const NAME: &str;

    /// Loads the page.
    async fn go(&mut self, url: &str);
}

/// What answers one request.
type Page = Box<dyn FnOnce(Request<()>) -> Response<()> + Send>;

/// The pages that wait to be loaded.
#[derive(Clone, Default)]
pub(crate) struct Pages {
    waiting: Arc<Mutex<HashMap<String, Page>>>,
}

impl Pages {
    /// The page that the request's query names. There are others that a browser asks for by itself.
    pub(crate) fn answer<B>(&self, request: Request<B>) -> Response<String> {
        let number = request.uri().query().unwrap_or_default();
        let page = self.waiting.lock().unwrap().remove(number);
        let Some(page) = page else {
            let mut nothing = Response::new(String::new());
            *nothing.status_mut() = StatusCode::NOT_FOUND;
            return nothing;
        };
        let title = format!("<!doctype html><title>{number}</title><link rel=icon href=data:,>");
        let mut response = page(request.map(drop)).map(|()| title);
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, html);
        response
    }
}

pub(crate) struct Site {
    pub(crate) pages: Pages,
    http: SocketAddr,
    https: SocketAddr,
    numbers: AtomicU64,
    /// Ends the servers with the site.
    servers: JoinSet<()>,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let pages = Pages::default();
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let https = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut site = Self {
            pages: pages.clone(),
            http: http.local_addr().unwrap(),
            https: https.local_addr().unwrap(),
            numbers: AtomicU64::new(0),
            servers: JoinSet::new(),
        };
        site.servers.spawn(serve(http, pages.clone(), None));
        site.servers.spawn(serve(https, pages, Some(tls())));
        site
    }

    /// `browser` loads a page of the layer's, and the handler's outcome comes back.
    pub(crate) async fn visit<T: Send + 'static>(
        &self,
        browser: &mut impl Browser,
        (scheme, host, path): (Scheme, &str, &str),
        layer: &CookieLayer,
        handler: impl FnOnce(&CookieJar, &mut HeaderMap) -> T + Send + 'static,
    ) -> T {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed).to_string();
        let (tell, told) = oneshot::channel();
        let layer = layer.clone();
        let page = move |request: Request<()>| {
            let mut handler = Some(handler);
            let mut outcome = None;
            let service = layer.layer(service_fn(|request: Request<()>| {
                let handler = handler.take().expect("one request");
                let mut response = Response::new(());
                outcome = Some(handler(&jar_of(&request), response.headers_mut()));
                std::future::ready(Ok::<_, Infallible>(response))
            }));
            let Ok(response) = now(service.oneshot(request));
            let told = tell.send(outcome.expect("the handler has run"));
            assert!(told.is_ok(), "the test is over");
            response
        };
        let waiting = &self.pages.waiting;
        waiting
            .lock()
            .unwrap()
            .insert(number.clone(), Box::new(page));
        let port = match scheme {
            Scheme::Http => self.http.port(),
            Scheme::Https => self.https.port(),
        };
        let url = format!("{scheme}://{host}:{port}{path}?{number}");
        browser.go(&url).await;
        told.await
            .unwrap_or_else(|_| panic!("{url} failed, or was never loaded"))
    }
}

/// Accepts connections until the task ends, and those with it.
async fn serve(listener: TcpListener, pages: Pages, tls: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (pages, tls) = (pages.clone(), tls.clone());
        connections.spawn(async move {
            match tls {
                None => talk(stream, pages).await,
                // A browser ends handshakes that it doesn't need.
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => talk(stream, pages).await,
                    Err(error) => println!("no handshake: {error}"),
                },
            }
        });
    }
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, pages: Pages) {
    let service =
        service_fn(move |request| std::future::ready(Ok::<_, Infallible>(pages.answer(request))));
    let server = auto::Builder::new(TokioExecutor::new());
    let served = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    // A browser drops connections as it likes.
    if let Err(error) = served.await {
        println!("a connection ended: {error}");
    }
}

fn tls() -> TlsAcceptor {
    let names = HOSTS.map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![made.cert.into()],
            made.signing_key.serialize_der().try_into().unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
