//! Each library in its natural use.

mod axum_extra;
mod bare;
mod biscotti;
mod cookie_jar;
mod floor;
mod ours;
mod tower_cookies;

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum_core::body::Body;
use cookie::time::{Duration, OffsetDateTime};
use cookie::{Cookie, SameSite};
use http::{Request, Response};
use tower::{Layer, Service, service_fn};

use crate::Respond;
use crate::scenarios::{Action, DOMAIN, NAME, VALUE};

pub struct Library {
    pub name: &'static str,
    /// `None` where it can't do that.
    pub respond: fn(Action) -> Option<Respond>,
}

/// A service that appends the same finished fields, from whose cost each library's is counted.
pub static BARE: Library = Library {
    name: "bare",
    respond: bare::respond,
};

pub const OURS: Library = Library {
    name: "tower-django-cookies",
    respond: ours::respond,
};

/// The first is the one to compare with.
pub static LIBRARIES: [Library; 6] = [
    OURS,
    Library {
        name: "floor",
        respond: floor::respond,
    },
    Library {
        name: "tower-cookies",
        respond: tower_cookies::respond,
    },
    Library {
        name: "axum-extra",
        respond: axum_extra::respond,
    },
    Library {
        name: "biscotti",
        respond: biscotti::respond,
    },
    Library {
        name: "cookie",
        respond: cookie_jar::respond,
    },
];

/// A service around `handler`, with `layer` around it.
fn layered<L, S>(
    layer: L,
    mut handler: impl FnMut(Request<()>) -> Response<Body> + 'static,
) -> Respond
where
    L: Layer<tower::util::ServiceFn<Handler>, Service = S>,
    S: Service<Request<()>, Response = Response<Body>, Error = Infallible> + 'static,
{
    let handler: Handler = Box::new(move |request| ready(Ok(handler(request))));
    let mut service = layer.layer(service_fn(handler));
    Box::new(move |request| {
        let answer = pin!(service.call(request));
        match answer.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(response)) => response,
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => panic!("it answers at once"),
        }
    })
}

type Handler =
    Box<dyn FnMut(Request<()>) -> std::future::Ready<Result<Response<Body>, Infallible>>>;

/// The next of `names`, and again from the first.
fn rotate(names: &'static [&'static str]) -> impl FnMut() -> &'static str {
    let mut names = names.iter().cycle();
    move || names.next().expect("at least one name")
}

/// What [`Action::SetAttributes`] and [`Action::Declared`] set, as users of the `cookie` crate say it.
fn session(max_age: Option<Duration>) -> Cookie<'static> {
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

const MISSING: &str = "missing";

const SECRET: &str = "a secret that is as long as a key of 64 bytes, which peers demand it to be.";
