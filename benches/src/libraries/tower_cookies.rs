//! tower-cookies: a layer, with a jar of the `cookie` crate.

use axum_core::body::Body;
use http::Response;
use tower_cookies::cookie::time::Duration;
use tower_cookies::{Cookie, CookieManagerLayer, Cookies, Key};

use crate::action::{Action, DELETED, MAX_AGE, MISSING, NAME, NAMES, SECRET, SET_NAMES, VALUE};
use crate::handler::{Respond, count, layered, read, rotate, session};

fn with_cookies(mut handler: impl FnMut(&Cookies) + 'static) -> Respond {
    layered(CookieManagerLayer::new(), move |request| {
        let cookies = request.extensions().get();
        handler(cookies.expect("the layer inserts it"));
        Response::new(Body::empty())
    })
}

pub(super) fn respond(action: Action) -> Option<Respond> {
    let set = |cookies: &Cookies, name| cookies.add(Cookie::build((name, VALUE)).path("/").into());
    let key = Key::from(SECRET.as_bytes());
    Some(match action {
        Action::Nothing => layered(CookieManagerLayer::new(), |_| Response::new(Body::empty())),
        Action::Get(names) => {
            let mut next = rotate(names);
            with_cookies(move |cookies| {
                read(cookies.get(next()).expect("the request has it").value());
            })
        }
        Action::GetEach(names) => layered(CookieManagerLayer::new(), move |request| {
            for name in names {
                let cookies: Option<&Cookies> = request.extensions().get();
                let cookie = cookies.expect("the layer inserts it").get(name);
                read(cookie.expect("the request has it").value());
            }
            Response::new(Body::empty())
        }),
        Action::GetMissing => with_cookies(|cookies| assert!(cookies.get(MISSING).is_none())),
        Action::GetAll => with_cookies(|cookies| {
            for cookie in cookies.list() {
                read(cookie.name());
                read(cookie.value());
            }
        }),
        Action::Count => with_cookies(|cookies| count(cookies.list().len())),
        Action::Set => with_cookies(move |cookies| set(cookies, NAME)),
        Action::SetAttributes => with_cookies(|cookies| {
            cookies.add(session(Some(Duration::seconds(MAX_AGE.into()))));
        }),
        Action::SetTen => {
            with_cookies(move |cookies| SET_NAMES.iter().for_each(|name| set(cookies, name)))
        }
        Action::SetInOneLayer { .. } | Action::SetInNestedLayers { .. } => return None,
        Action::FourTasks => with_cookies(move |cookies| {
            let tasks = [(); 4].map(|()| cookies.clone());
            for ((cookies, name), set_name) in tasks.into_iter().zip(NAMES).zip(SET_NAMES) {
                read(cookies.get(name).expect("the request has it").value());
                set(&cookies, set_name);
            }
        }),
        Action::Delete => {
            with_cookies(|cookies| cookies.remove(Cookie::build(NAME).path("/").into()))
        }
        Action::Declared => with_cookies(|cookies| {
            cookies.add(session(None));
            cookies.remove(Cookie::build("theme").path("/app").into());
        }),
        Action::GetAndSet => with_cookies(move |cookies| {
            read(cookies.get(NAME).expect("the request has it").value());
            set(cookies, NAME);
        }),
        Action::Session => with_cookies(move |cookies| {
            let session = cookies.signed(&key).get(NAME);
            read(session.expect("the signature is valid").value());
            set(cookies, SET_NAMES[0]);
            cookies.remove(Cookie::build(DELETED).path("/").into());
        }),
        Action::SetSigned => with_cookies(move |cookies| {
            let cookie = Cookie::build((NAME, VALUE)).path("/");
            cookies.signed(&key).add(cookie.into());
        }),
        Action::GetSigned => with_cookies(move |cookies| {
            read(
                cookies
                    .signed(&key)
                    .get(NAME)
                    .expect("the signature is valid")
                    .value(),
            );
        }),
    })
}
