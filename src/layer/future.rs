//! `ResponseFuture`: a response goes out.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use crate::jar::flush::Flush;

pin_project! {
    /// The response of a [`CookieService`](crate::CookieService), with the queued cookies.
    ///
    /// When it is ready, or dropped, the jar is closed: a later `set` or `delete` is answered with
    /// [`CookieError::ResponseStarted`](crate::CookieError::ResponseStarted).
    ///
    /// ```
    /// use std::future::Ready;
    /// use tower_django_cookies::ResponseFuture;
    ///
    /// // It can be named, in the `Future` of a service of one's own.
    /// type Future = ResponseFuture<Ready<Result<http::Response<()>, std::io::Error>>>;
    /// # let _: Option<Future> = None;
    /// ```
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        // Dropped first, so that what the inner future's destructors queue is refused, not lost.
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
            Ok(response) => this.flush.write_to(response.headers_mut()),
            Err(_) => this.flush.close(),
        }
        Poll::Ready(result)
    }
}
