//! `ResponseFuture`: a response goes out.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use http::header::{HeaderMap, HeaderValue, SET_COOKIE, VARY};
use pin_project_lite::pin_project;

use crate::events;
use crate::shared::Shared;

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

/// A request's end: closes the queue when it is dropped, whatever happened.
pub(crate) struct Flush {
    shared: Arc<Shared>,
    /// Whether it closes the queue, and hasn't yet: a nested layer leaves that to the outermost.
    is_to_close: bool,
    varies_on_cookie: bool,
}

impl Flush {
    pub(crate) fn new(shared: Arc<Shared>, is_outermost: bool, varies_on_cookie: bool) -> Self {
        Self {
            shared,
            is_to_close: is_outermost,
            varies_on_cookie,
        }
    }

    fn write_to(&mut self, headers: &mut HeaderMap) {
        if mem::take(&mut self.is_to_close) {
            for (kind, field) in self.shared.close() {
                events::ended("flushed", kind, &field);
                headers.append(SET_COOKIE, field.into_field());
            }
        }
        if self.varies_on_cookie && self.shared.was_read() {
            vary_on_cookie(headers);
        }
    }

    fn close(&mut self) {
        if mem::take(&mut self.is_to_close) {
            for (kind, field) in self.shared.close() {
                events::ended("discarded", kind, &field);
            }
        }
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Flush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flush").finish_non_exhaustive()
    }
}

/// Django's `patch_vary_headers`: one field with `Cookie` among its members, or `*` alone.
fn vary_on_cookie(headers: &mut HeaderMap) {
    let mut members: Vec<_> = headers
        .get_all(VARY)
        .iter()
        .flat_map(|field| field.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
        .collect();
    if members.contains(&&b"*"[..]) {
        members = vec![b"*"];
    } else if !members
        .iter()
        .any(|member| member.eq_ignore_ascii_case(b"Cookie"))
    {
        members.push(b"Cookie");
    }
    let vary = HeaderValue::try_from(members.join(&b", "[..]));
    headers.insert(VARY, vary.expect("members of fields make a field"));
}
