//! The parts that the handlers of all libraries share.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum_core::body::Body;
use cookie::time::{Duration, OffsetDateTime};
use cookie::{Cookie, SameSite};
use http::{Request, Response};
use tower::util::ServiceFn;
use tower::{Layer, Service, service_fn};

use crate::action::{DOMAIN, NAME, VALUE};

/// A service as a function: each call polls the service until its response is ready.
pub type Respond = Box<dyn FnMut(Request<()>) -> Response<Body>>;

/// The innermost service, which runs a handler.
pub(crate) type Handler = Box<dyn FnMut(Request<()>) -> Ready<Result<Response<Body>, Infallible>>>;

/// A service that runs `handler` inside `layer`.
pub(crate) fn layered<L, S>(
    layer: L,
    mut handler: impl FnMut(Request<()>) -> Response<Body> + 'static,
) -> Respond
where
    L: Layer<ServiceFn<Handler>, Service = S>,
    S: Service<Request<()>, Response = Response<Body>, Error = Infallible> + 'static,
{
    let handler: Handler = Box::new(move |request| ready(Ok(handler(request))));
    let mut service = layer.layer(service_fn(handler));
    Box::new(move |request| {
        let response = pin!(service.call(request));
        match response.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(response)) => response,
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => panic!("the response must be ready at the first poll"),
        }
    })
}

/// The next of `names` at each call; after the last name the first one again.
pub(crate) fn rotate(names: &'static [&'static str]) -> impl FnMut() -> &'static str {
    let mut names = names.iter().cycle();
    move || names.next().expect("at least one name")
}

/// The cookie of [`Action::SetAttributes`](crate::action::Action::SetAttributes) and
/// [`Action::Declared`](crate::action::Action::Declared), for libraries that use the `cookie` crate.
pub(crate) fn session(max_age: Option<Duration>) -> Cookie<'static> {
    let cookie = Cookie::build((NAME, VALUE))
        .domain(DOMAIN)
        .path("/app")
        .http_only(true)
        .secure(true)
        .same_site(SameSite::Lax);
    match max_age {
        Some(max_age) => cookie
            .max_age(max_age)
            .expires(OffsetDateTime::now_utc() + max_age)
            .into(),
        None => cookie.into(),
    }
}

thread_local! {
    static READ: Cell<usize> = const { Cell::new(0) };
}

/// Uses text that a handler has read: adds its length to the sum of [`take_read`].
///
/// The compiler therefore cannot remove the read, and a test can check it.
pub fn read(text: &str) {
    count(text.len());
}

/// Uses a number that a handler has computed: adds it to the sum of [`take_read`].
pub fn count(number: usize) {
    READ.with(|read| read.set(read.get() + number));
}

/// The sum of the calls of [`read`] and [`count`] on this thread since the last `take_read`.
pub fn take_read() -> usize {
    READ.take()
}
