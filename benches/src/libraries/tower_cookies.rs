//! tower-cookies: a layer with a jar of the `cookie` crate.

use axum_core::body::Body;
use http::Response;
use tower_cookies::cookie::time::Duration;
use tower_cookies::{Cookie, CookieManagerLayer, Cookies, Key};

use super::{MISSING, SECRET, layered, rotate, session};
use crate::scenarios::{Action, MAX_AGE, NAME, SET_NAMES, VALUE};
use crate::{Respond, count, read};

fn within(mut handler: impl FnMut(&Cookies) + 'static) -> Respond {
    layered(CookieManagerLayer::new(), move |request| {
        handler(request.extensions().get().expect("the layer's"));
        Response::new(Body::empty())
    })
}

#[allow(clippy::unnecessary_wraps, reason = "as every library's")]
pub(super) fn respond(action: Action) -> Option<Respond> {
    let set = |cookies: &Cookies, name| cookies.add(Cookie::build((name, VALUE)).path("/").into());
    let key = Key::from(SECRET.as_bytes());
    Some(match action {
        Action::Nothing => layered(CookieManagerLayer::new(), |_| Response::new(Body::empty())),
        Action::Get(names) => {
            let mut next = rotate(names);
            within(move |cookies| read(cookies.get(next()).expect("it was sent").value()))
        }
        Action::GetMissing => within(|cookies| assert!(cookies.get(MISSING).is_none())),
        Action::GetAll => within(|cookies| {
            for cookie in cookies.list() {
                read(cookie.name());
                read(cookie.value());
            }
        }),
        Action::Count => within(|cookies| count(cookies.list().len())),
        Action::Set => within(move |cookies| set(cookies, NAME)),
        Action::SetAttributes => within(|cookies| {
            cookies.add(session(Some(Duration::seconds(MAX_AGE.into()))));
        }),
        Action::SetTen => {
            within(move |cookies| SET_NAMES.iter().for_each(|name| set(cookies, name)))
        }
        Action::Delete => within(|cookies| cookies.remove(Cookie::build(NAME).path("/").into())),
        Action::Declared => within(|cookies| {
            cookies.add(session(None));
            cookies.remove(Cookie::build("theme").path("/app").into());
        }),
        Action::GetAndSet => within(move |cookies| {
            read(cookies.get(NAME).expect("it was sent").value());
            set(cookies, NAME);
        }),
        Action::SetSigned => within(move |cookies| {
            let cookie = Cookie::build((NAME, VALUE)).path("/");
            cookies.signed(&key).add(cookie.into());
        }),
        Action::GetSigned => within(move |cookies| {
            read(
                cookies
                    .signed(&key)
                    .get(NAME)
                    .expect("it was signed")
                    .value(),
            );
        }),
    })
}
