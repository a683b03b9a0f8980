//! This crate.

use axum_core::body::Body;
use http::Response;
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieJar, CookieLayer, SameSite};

use super::{MISSING, SECRET, layered, rotate};
use crate::scenarios::{Action, DOMAIN, MAX_AGE, NAME, SET_NAMES, VALUE};
use crate::{Respond, count, read};

fn within(layer: CookieLayer, mut handler: impl FnMut(&CookieJar) + 'static) -> Respond {
    layered(layer, move |request| {
        handler(CookieJar::from_extensions(request.extensions()).expect("the layer's"));
        Response::new(Body::empty())
    })
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

#[allow(clippy::unnecessary_wraps, reason = "as every library's")]
pub(super) fn respond(action: Action) -> Option<Respond> {
    let layer = CookieLayer::new();
    Some(match action {
        Action::Nothing => layered(layer, |_| Response::new(Body::empty())),
        Action::Get(names) => {
            let mut next = rotate(names);
            within(layer, move |jar| {
                read(jar.get(next()).expect("it was sent"));
            })
        }
        Action::GetMissing => within(layer, |jar| assert!(jar.get(MISSING).is_none())),
        Action::GetAll => within(layer, |jar| {
            for (name, value) in jar {
                read(name);
                read(value);
            }
        }),
        Action::Count => within(layer, |jar| count(jar.len())),
        Action::Set => within(layer, |jar| jar.set((NAME, VALUE)).expect("a cookie")),
        Action::SetAttributes => within(layer, |jar| {
            let cookie = Cookie::build((NAME, VALUE))
                .domain(DOMAIN)
                .path("/app")
                .max_age(Duration::seconds(MAX_AGE.into()))
                .http_only(true)
                .secure(true)
                .same_site(SameSite::Lax);
            jar.set(cookie).expect("a cookie");
        }),
        Action::SetTen => within(layer, |jar| {
            for name in SET_NAMES {
                jar.set((name, VALUE)).expect("a cookie");
            }
        }),
        Action::Delete => within(layer, |jar| jar.delete(NAME).expect("a cookie")),
        Action::Declared => {
            let layer = layer.declare(session()).expect("a cookie");
            let layer = layer
                .declare(Cookie::build("theme").path("/app"))
                .expect("a cookie");
            within(layer, |jar| {
                jar.set((NAME, VALUE)).expect("a cookie");
                jar.delete("theme").expect("a cookie");
            })
        }
        Action::GetAndSet => within(layer, |jar| {
            read(jar.get(NAME).expect("it was sent"));
            jar.set((NAME, VALUE)).expect("a cookie");
        }),
        Action::SetSigned => within(layer.secret_key(SECRET), |jar| {
            jar.signed().set((NAME, VALUE)).expect("a cookie");
        }),
        Action::GetSigned => within(layer.secret_key(SECRET), |jar| {
            read(&jar.signed().get(NAME).expect("it was signed"));
        }),
    })
}
