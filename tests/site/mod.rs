//! A site on loopback with several host names, over HTTP and TLS. Each page is a closure of a test.

#![allow(dead_code, reason = "not every client needs all of it")]

pub(crate) mod domains;
pub(crate) mod eviction;
pub(crate) mod forging;
pub(crate) mod matrix;
pub(crate) mod names;
pub(crate) mod never_sent;
pub(crate) mod renamed;
pub(crate) mod retired;
pub(crate) mod sequences;
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
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

use crate::support::{jar_of, ready_output};

pub(crate) const PARENT: &str = "example.test";
pub(crate) const WWW: &str = "www.example.test";
pub(crate) const SIBLING: &str = "app.example.test";
pub(crate) const CHILD: &str = "deep.www.example.test";
pub(crate) const EVIL: &str = "evil.example.test";
/// The absolute form of [`WWW`], with a trailing dot. Browsers treat it as another host.
pub(crate) const DOTTED: &str = "www.example.test.";
/// A host below a public suffix of two labels, `co.uk`.
pub(crate) const BRITISH: &str = "www.example.co.uk";
/// A host that is a public suffix itself.
pub(crate) const PAGES: &str = "github.io";
/// A host below [`PAGES`].
pub(crate) const USER: &str = "user.github.io";
/// The address at which the site listens.
pub(crate) const ADDRESS: &str = "127.0.0.1";
/// All host names of the site.
pub(crate) const HOSTS: [&str; 9] = [
    PARENT, WWW, SIBLING, CHILD, EVIL, DOTTED, BRITISH, PAGES, USER,
];

/// The error that a row of a table expects of the jar; made by [`expected_error!`].
#[derive(Clone, Copy)]
pub(crate) struct ExpectedError {
    pub(crate) pattern: &'static str,
    pub(crate) is_match: fn(&CookieError) -> bool,
}

/// `Some(ExpectedError)` for a pattern of `CookieError`, which may have a guard.
macro_rules! expected_error {
    ($pattern:pat $(if $guard:expr)?) => {
        Some($crate::site::ExpectedError {
            pattern: stringify!($pattern $(if $guard)?),
            is_match: |error| matches!(error, $pattern $(if $guard)?),
        })
    };
}
pub(crate) use expected_error;

impl ExpectedError {
    /// `true` if `result` is an error that matches `expected`, or if both have no error.
    pub(crate) fn is_met(expected: Option<Self>, result: &Result<(), CookieError>) -> bool {
        match (expected, result) {
            (Some(expected), Err(error)) => (expected.is_match)(error),
            (None, Ok(())) => true,
            (Some(_), Ok(())) | (None, Err(_)) => false,
        }
    }
}

impl fmt::Debug for ExpectedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pattern)
    }
}

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

/// A browser, or a library that stores and sends cookies as a browser does.
pub(crate) trait Browser {
    /// The name in the tables of deviations.
    const NAME: &'static str;

    /// Loads the page at `url`.
    async fn load(&mut self, url: &str);

    /// The names of all stored cookies, also of those that are sent to no URL. `None` if the browser
    /// does not list them.
    async fn stored_names(&mut self) -> Option<Vec<String>> {
        None
    }
}

/// Handles one request.
type Page = Box<dyn FnOnce(Request<()>) -> Response<()> + Send>;

/// The pages that were not loaded yet, by their number.
#[derive(Clone, Default)]
pub(crate) struct Pages {
    waiting: Arc<Mutex<HashMap<String, Page>>>,
}

impl Pages {
    /// The response of the page whose number ends the request's query. Browsers also request pages
    /// on their own, such as an icon: their response is 404.
    pub(crate) fn respond<B>(&self, request: Request<B>) -> Response<String> {
        let query = request.uri().query().unwrap_or_default();
        let number = query.rsplit('?').next().unwrap_or_default();
        let page = self.waiting.lock().unwrap().remove(number);
        let Some(page) = page else {
            let mut not_found = Response::new(String::new());
            *not_found.status_mut() = StatusCode::NOT_FOUND;
            return not_found;
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
    /// The number of the next page.
    next: AtomicU64,
    /// Stops the servers when the site is dropped.
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
            next: AtomicU64::new(0),
            servers: JoinSet::new(),
        };
        site.servers.spawn(serve(http, pages.clone(), None));
        site.servers.spawn(serve(https, pages, Some(tls())));
        site
    }

    /// Lets `browser` load a page behind `layer`, and returns the output of `handler`.
    ///
    /// `path` can have a query and a fragment.
    pub(crate) async fn visit<T: Send + 'static>(
        &self,
        browser: &mut impl Browser,
        (scheme, host, path): (Scheme, &str, &str),
        layer: &CookieLayer,
        handler: impl FnOnce(&CookieJar, &mut HeaderMap) -> T + Send + 'static,
    ) -> T {
        let (sender, receiver) = oneshot::channel();
        let layer = layer.clone();
        let page = move |request: Request<()>| {
            let mut handler = Some(handler);
            let mut output = None;
            let service = layer.layer(service_fn(|request: Request<()>| {
                let handler = handler.take().expect("the service is called once");
                let mut response = Response::new(());
                output = Some(handler(&jar_of(&request), response.headers_mut()));
                std::future::ready(Ok::<_, Infallible>(response))
            }));
            let Ok(response) = ready_output(service.oneshot(request));
            let sent = sender.send(output.expect("the handler has run"));
            assert!(sent.is_ok(), "the test no longer waits for this page");
            response
        };
        let url = self.page((scheme, host, path), page);
        browser.load(&url).await;
        receiver
            .await
            .unwrap_or_else(|_| panic!("{url} failed or was never loaded"))
    }

    /// Adds a page that can be loaded once, and returns its URL.
    ///
    /// `path` can have a query and a fragment.
    pub(crate) fn page(
        &self,
        (scheme, host, path): (Scheme, &str, &str),
        page: impl FnOnce(Request<()>) -> Response<()> + Send + 'static,
    ) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let waiting = &self.pages.waiting;
        waiting
            .lock()
            .unwrap()
            .insert(number.clone(), Box::new(page));
        let port = match scheme {
            Scheme::Http => self.http.port(),
            Scheme::Https => self.https.port(),
        };
        let (path, fragment) = path.split_at(path.find('#').unwrap_or(path.len()));
        format!("{scheme}://{host}:{port}{path}?{number}{fragment}")
    }
}

/// `true` if `browser` sends a cookie called `name` to `page`.
pub(crate) async fn is_sent(
    site: &Site,
    browser: &mut impl Browser,
    page: (Scheme, &str, &str),
    name: &str,
) -> bool {
    let name = name.to_owned();
    site.visit(browser, page, &CookieLayer::new(), move |jar, _| {
        jar.contains(&name)
    })
    .await
}

/// Accepts connections. All connections end together with this task.
async fn serve(listener: TcpListener, pages: Pages, tls: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (pages, tls) = (pages.clone(), tls.clone());
        connections.spawn(async move {
            match tls {
                None => serve_connection(stream, pages).await,
                // Browsers abort handshakes of connections that they do not need.
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve_connection(stream, pages).await,
                    Err(error) => println!("the TLS handshake failed: {error}"),
                },
            }
        });
    }
}

async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    pages: Pages,
) {
    let service =
        service_fn(move |request| std::future::ready(Ok::<_, Infallible>(pages.respond(request))));
    let server = auto::Builder::new(TokioExecutor::new());
    let served = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    // Browsers close connections at any time.
    if let Err(error) = served.await {
        println!("the connection failed: {error}");
    }
}

fn tls() -> TlsAcceptor {
    let names = HOSTS.map(str::to_owned);
    let generated = rcgen::generate_simple_self_signed(names).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![generated.cert.into()],
            generated.signing_key.serialize_der().try_into().unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
