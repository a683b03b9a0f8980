//! `CookieService`: adds a jar to each request.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use crate::config::SharedConfig;
use crate::events;
use crate::jar::CookieJar;
use crate::jar::queue::QueueState;
use crate::layer::future::ResponseFuture;

/// The service of a [`CookieLayer`](crate::CookieLayer).
///
/// The inner service takes an [`http::Request`] and returns an [`http::Response`]. There are no other
/// bounds. Readiness and errors are passed on.
///
/// ```
/// use tower::Layer;
/// use tower_django_cookies::{CookieLayer, CookieService};
///
/// struct Inner;
///
/// let service: CookieService<Inner> = CookieLayer::new().layer(Inner);
/// let Inner = service.into_inner();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CookieService<S> {
    inner: S,
    config: SharedConfig,
}

impl<S> CookieService<S> {
    pub(crate) fn new(inner: S, config: SharedConfig) -> Self {
        Self { inner, config }
    }

    /// Returns a reference to the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R> Service<Request<B>> for CookieService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let (headers, uri) = (request.headers(), request.uri());
        let outer = request
            .extensions()
            .get::<CookieJar>()
            .filter(|outer| outer.can_serve(QueueState::Open));
        let jar = match outer {
            Some(outer) => outer.nested(&self.config, headers, uri),
            None => CookieJar::outermost(&self.config, headers, uri, QueueState::Open),
        };
        if events::is_debug_enabled() {
            let is_reported = |name: &str| outer.is_some_and(|outer| outer.config().declares(name));
            jar.report_duplicates(|name| self.config.declares(name) && !is_reported(name));
        }
        // Created before the inner service is called, so that a panic there closes the queue.
        let flush = jar.flush(outer.is_none());
        request.extensions_mut().insert(jar);
        ResponseFuture::new(flush, self.inner.call(request))
    }
}
