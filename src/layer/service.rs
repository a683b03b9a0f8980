//! `CookieService`: a request comes in.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use crate::config::Settings;
use crate::jar::CookieJar;
use crate::jar::queue::State;
use crate::layer::future::ResponseFuture;

/// A service with cookies, made by [`CookieLayer`](crate::CookieLayer).
///
/// It asks nothing of the service it wraps but that it takes an [`http::Request`] and answers with
/// an [`http::Response`]; readiness and errors pass through.
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
pub struct CookieService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> CookieService<S> {
    pub(crate) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }

    /// The service that is wrapped.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service that is wrapped.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Unwraps the service.
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
        let jar = CookieJar::outermost(&self.settings, headers, uri, State::Open);
        // Made before the inner service is called, so that a panic in there closes the queue.
        let mut flush = jar.flush();
        // Most requests meet no other layer, so that looking for one's jar first would cost more.
        let outer = request.extensions_mut().insert(jar);
        if let Some(outer) = outer.filter(|outer| outer.serves(State::Open)) {
            let jar = outer.nested(&self.settings, request.headers(), request.uri());
            flush = jar.flush();
            request.extensions_mut().insert(jar);
        }
        ResponseFuture::new(flush, self.inner.call(request))
    }
}
