//! Each library as a server, and a browser that keeps its cookies while the server changes.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::response::Response;
use axum_cookie::CookieManager;
use axum_cookie::cookie::Cookie as RsCookie;
use axum_extra::extract::{CookieJar as AxumJar, SignedCookieJar};
use http::Request;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};
use tower_cookies::{CookieManagerLayer, Cookies};
use tower_django_cookies::cookie::Key;
use tower_django_cookies::test::{Body, Client};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

/// Another cookie library.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Peer {
    AxumExtra,
    TowerCookies,
    AxumCookie,
}

use Peer::{AxumCookie, AxumExtra, TowerCookies};

pub const PEERS: [Peer; 3] = [AxumExtra, TowerCookies, AxumCookie];

/// axum-cookie has no signed cookies.
pub const SIGNING_PEERS: [Peer; 2] = [AxumExtra, TowerCookies];

impl Peer {
    pub fn name(self) -> &'static str {
        match self {
            AxumExtra => "axum-extra 0.12",
            TowerCookies => "tower-cookies 0.11",
            AxumCookie => "axum-cookie 0.3",
        }
    }

    /// A server that sets the cookie.
    pub fn setting(self, cookie: Cookie<'static>) -> Router {
        match self {
            AxumExtra => Router::new().fallback(async move |jar: AxumJar| jar.add(cookie)),
            TowerCookies => Router::new()
                .fallback(async move |jar: Cookies| jar.add(cookie))
                .layer(CookieManagerLayer::new()),
            AxumCookie => {
                let mut set = RsCookie::new(cookie.name().to_owned(), cookie.value().to_owned());
                if let Some(path) = cookie.path() {
                    set.set_path(path.to_owned());
                }
                Router::new()
                    .fallback(async move |jar: CookieManager| jar.add(set))
                    .layer(axum_cookie::CookieLayer::default())
            }
        }
    }

    /// A server that deletes the cookie.
    pub fn deleting(self, cookie: Cookie<'static>) -> Router {
        match self {
            AxumExtra => Router::new().fallback(async move |jar: AxumJar| jar.remove(cookie)),
            TowerCookies => Router::new()
                .fallback(async move |jar: Cookies| jar.remove(cookie))
                .layer(CookieManagerLayer::new()),
            AxumCookie => Router::new()
                .fallback(async move |jar: CookieManager| match cookie.path() {
                    None => jar.remove(cookie.name()),
                    // `remove` takes no Path.
                    Some(path) => jar.add(
                        RsCookie::builder(cookie.name().to_owned(), "")
                            .path(path.to_owned())
                            .max_age(std::time::Duration::ZERO)
                            .build(),
                    ),
                })
                .layer(axum_cookie::CookieLayer::default()),
        }
    }

    /// A server whose body is the cookie's value.
    pub fn reading(self, name: &'static str) -> Router {
        match self {
            AxumExtra => Router::new()
                .fallback(async move |jar: AxumJar| body_of(jar.get(name).map(Cookie::value))),
            TowerCookies => Router::new()
                .fallback(async move |jar: Cookies| {
                    body_of(jar.get(name).as_ref().map(Cookie::value))
                })
                .layer(CookieManagerLayer::new()),
            AxumCookie => Router::new()
                .fallback(async move |jar: CookieManager| {
                    body_of(jar.get(name).as_ref().map(RsCookie::value))
                })
                .layer(axum_cookie::CookieLayer::default()),
        }
    }

    /// A server that sets a signed cookie.
    pub fn signing(self, key: Key, cookie: Cookie<'static>) -> Router {
        match self {
            AxumExtra => Router::new()
                .fallback(async move |jar: SignedCookieJar| jar.add(cookie))
                .with_state(key),
            TowerCookies => Router::new()
                .fallback(async move |jar: Cookies| jar.signed(&key).add(cookie))
                .layer(CookieManagerLayer::new()),
            AxumCookie => unimplemented!("axum-cookie has no signed cookies"),
        }
    }

    /// A server whose body is the signed cookie's value.
    pub fn verifying(self, key: Key, name: &'static str) -> Router {
        match self {
            AxumExtra => Router::new()
                .fallback(async move |jar: SignedCookieJar| {
                    body_of(jar.get(name).as_ref().map(Cookie::value))
                })
                .with_state(key),
            TowerCookies => Router::new()
                .fallback(async move |jar: Cookies| {
                    body_of(jar.signed(&key).get(name).as_ref().map(Cookie::value))
                })
                .layer(CookieManagerLayer::new()),
            AxumCookie => unimplemented!("axum-cookie has no signed cookies"),
        }
    }
}

/// A server with this crate.
pub fn here<F>(layer: CookieLayer, handler: F) -> Router
where
    F: Fn(&CookieJar) -> Result<String, CookieError> + Clone + Send + Sync + 'static,
{
    Router::new()
        .fallback(async move |jar: CookieJar| handler(&jar))
        .layer(layer)
}

/// The body for a cookie that was read.
pub fn body_of(value: Option<&str>) -> String {
    value.map_or("none".into(), |value| format!("value: {value}"))
}

/// A browser on one host.
pub struct Browser {
    server: CurrentServer,
    client: Client<CurrentServer>,
}

impl Browser {
    pub fn new() -> Self {
        let server = CurrentServer::default();
        let client = Client::new(server.clone());
        Self { server, client }
    }

    /// Requests a path of the host. `server` handles the request.
    pub async fn visit(&mut self, path: &str, server: Router) -> http::Response<Body> {
        *self.server.lock() = server;
        self.client.get(path).await.expect("a response")
    }

    /// Requests a path as [`visit`](Self::visit) does. Checks the status, and returns the body.
    pub async fn body(&mut self, path: &str, server: Router) -> String {
        let response = self.visit(path, server).await;
        assert!(response.status().is_success(), "{response:?}");
        response.body().text().expect("UTF-8").to_owned()
    }

    /// The stored cookies: their Path, name and value.
    pub fn cookies(&self) -> Vec<String> {
        let cookies = self.client.cookies();
        let cookies = cookies.iter().map(|cookie| {
            let path = cookie.path().expect("each stored cookie has a Path");
            format!("{path} {}={}", cookie.name(), cookie.value())
        });
        cookies.collect()
    }

    pub fn has_rejected_cookies(&self) -> bool {
        !self.client.rejected_cookies().is_empty()
    }
}

/// The server that is behind the host now.
#[derive(Clone, Default)]
struct CurrentServer(Arc<Mutex<Router>>);

impl CurrentServer {
    fn lock(&self) -> std::sync::MutexGuard<'_, Router> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<Request<String>> for CurrentServer {
    type Response = Response;
    type Error = Infallible;
    type Future = Oneshot<Router, Request<String>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        self.lock().clone().oneshot(request)
    }
}
