//! `ResponseFuture`: adds the queued cookies to the response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use crate::jar::flush::Flush;

pin_project! {
    /// The future of a [`CookieService`](crate::CookieService): the response with the queued cookies.
    ///
    /// When the future of the outermost layer is ready or dropped, the jar is closed. A later `set`
    /// or `delete` returns [`CookieError::ResponseStarted`](crate::CookieError::ResponseStarted).
    ///
    /// ```
    /// use std::future::Ready;
    /// use tower_django_cookies::ResponseFuture;
    ///
    /// // It can be named, such as for the `Future` of another service.
    /// type Future = ResponseFuture<Ready<Result<http::Response<()>, std::io::Error>>>;
    /// # let _: Option<Future> = None;
    /// ```
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        // Dropped first, so that the inner future's destructors get an error if they set a cookie.
        flush: Flush,
        #[pin]
        inner: F,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(flush: Flush, inner: F) -> Self {
        Self { flush, inner }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut result = ready!(this.inner.poll(cx));
        match &mut result {
            Ok(response) => this.flush.write(response.headers_mut()),
            Err(_) => this.flush.discard(),
        }
        Poll::Ready(result)
    }
}
