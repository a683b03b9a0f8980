//! This crate.

use std::convert::Infallible;

use axum_core::body::Body;
use http::{Request, Response};
use tower::layer::util::Stack;
use tower::util::ServiceFn;
use tower::{Layer, Service};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieJar, CookieLayer, SameSite};

use crate::action::{
    Action, DELETED, DOMAIN, MAX_AGE, MISSING, NAME, NAMES, SECRET, SET_NAMES, VALUE,
};
use crate::handler::{Handler, Respond, count, layered, read, rotate};

fn with_jar<L, S>(layer: L, mut handler: impl FnMut(&CookieJar) + 'static) -> Respond
where
    L: Layer<ServiceFn<Handler>, Service = S>,
    S: Service<Request<()>, Response = Response<Body>, Error = Infallible> + 'static,
{
    layered(layer, move |request| {
        let jar = CookieJar::from_extensions(request.extensions());
        handler(jar.expect("the layer inserts it"));
        Response::new(Body::empty())
    })
}

/// A layer that declares `count` cookies, but not [`NAME`].
fn declaring(count: usize) -> CookieLayer {
    (0..count).fold(CookieLayer::new(), |layer, number| {
        let cookie = Cookie::build(format!("declared-{number}")).path("/app");
        layer.declare(cookie).expect("a valid declaration")
    })
}

fn with_key(layer: CookieLayer) -> CookieLayer {
    layer.secret_key(SECRET).expect("a key that is not empty")
}

fn session() -> Cookie<'static> {
    Cookie::build(NAME)
        .domain(DOMAIN)
        .path("/app")
        .http_only(true)
        .secure(true)
        .same_site(SameSite::Lax)
        .into()
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "the signature is the same for every library"
)]
pub(super) fn respond(action: Action) -> Option<Respond> {
    let layer = CookieLayer::new();
    let set = |jar: &CookieJar| jar.set((NAME, VALUE)).expect("a valid cookie");
    Some(match action {
        Action::Nothing => layered(layer, |_| Response::new(Body::empty())),
        Action::Get(names) => {
            let mut next = rotate(names);
            with_jar(layer, move |jar| {
                read(jar.get(next()).expect("the request has it"));
            })
        }
        Action::GetEach(names) => layered(layer, move |request| {
            for name in names {
                let jar = CookieJar::from_extensions(request.extensions());
                let jar = jar.expect("the layer inserts it");
                read(jar.get(name).expect("the request has it"));
            }
            Response::new(Body::empty())
        }),
        Action::GetMissing => with_jar(layer, |jar| assert!(jar.get(MISSING).is_none())),
        Action::GetAll => with_jar(layer, |jar| {
            for (name, value) in jar {
                read(name);
                read(value);
            }
        }),
        Action::Count => with_jar(layer, |jar| count(jar.len())),
        Action::Set => with_jar(layer, set),
        Action::SetInOneLayer { declared } => with_jar(declaring(declared), set),
        Action::SetInNestedLayers { outer_declared } => {
            let inner = layer.declare(Cookie::build("theme").path("/app"));
            let inner = inner.expect("a valid declaration");
            with_jar(Stack::new(inner, declaring(outer_declared)), set)
        }
        Action::SetAttributes => with_jar(layer, |jar| {
            let cookie = Cookie::build((NAME, VALUE))
                .domain(DOMAIN)
                .path("/app")
                .max_age(Duration::seconds(MAX_AGE.into()))
                .http_only(true)
                .secure(true)
                .same_site(SameSite::Lax);
            jar.set(cookie).expect("a valid cookie");
        }),
        Action::SetTen => with_jar(layer, |jar| {
            for name in SET_NAMES {
                jar.set((name, VALUE)).expect("a valid cookie");
            }
        }),
        Action::FourTasks => with_jar(layer, |jar| {
            let tasks = [(); 4].map(|()| jar.clone());
            for ((jar, name), set_name) in tasks.into_iter().zip(NAMES).zip(SET_NAMES) {
                read(jar.get(name).expect("the request has it"));
                jar.set((set_name, VALUE)).expect("a valid cookie");
            }
        }),
        Action::Delete => with_jar(layer, |jar| jar.delete(NAME).expect("a valid cookie")),
        Action::Declared => {
            let layer = layer.declare(session()).expect("a valid declaration");
            let layer = layer
                .declare(Cookie::build("theme").path("/app"))
                .expect("a valid declaration");
            with_jar(layer, |jar| {
                jar.set((NAME, VALUE)).expect("a valid cookie");
                jar.delete("theme").expect("a valid cookie");
            })
        }
        Action::GetAndSet => with_jar(layer, |jar| {
            read(jar.get(NAME).expect("the request has it"));
            jar.set((NAME, VALUE)).expect("a valid cookie");
        }),
        Action::Session => with_jar(with_key(layer), |jar| {
            read(&jar.signed().get(NAME).expect("the signature is valid"));
            jar.set((SET_NAMES[0], VALUE)).expect("a valid cookie");
            jar.delete(DELETED).expect("a valid cookie");
        }),
        Action::SetSigned => with_jar(with_key(layer), |jar| {
            jar.signed().set((NAME, VALUE)).expect("a valid cookie");
        }),
        Action::GetSigned => with_jar(with_key(layer), |jar| {
            read(&jar.signed().get(NAME).expect("the signature is valid"));
        }),
    })
}
