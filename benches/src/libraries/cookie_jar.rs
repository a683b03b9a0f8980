//! The `cookie` crate alone: `split_parse`, a jar, and its delta.

use axum_core::body::Body;
use cookie::time::Duration;
use cookie::{Cookie, CookieJar, Key};
use http::Response;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use tower::layer::util::Identity;

use super::{MISSING, SECRET, layered, rotate, session};
use crate::scenarios::{Action, MAX_AGE, NAME, SET_NAMES, VALUE};
use crate::{Respond, count, read};

fn with_jar(mut handler: impl FnMut(&mut CookieJar) + 'static) -> Respond {
    layered(Identity::new(), move |request| {
        let mut jar = CookieJar::new();
        for field in request.headers().get_all(COOKIE) {
            let field = field.to_str().expect("ASCII").to_owned();
            // What has no `=` is passed over.
            for cookie in Cookie::split_parse(field).flatten() {
                jar.add_original(cookie);
            }
        }
        handler(&mut jar);
        let mut response = Response::new(Body::empty());
        for cookie in jar.delta() {
            let field = HeaderValue::try_from(cookie.to_string()).expect("a field");
            response.headers_mut().append(SET_COOKIE, field);
        }
        response
    })
}

pub(super) fn respond(action: Action) -> Option<Respond> {
    let set = |jar: &mut CookieJar, name| jar.add(Cookie::build((name, VALUE)).path("/"));
    let key = Key::from(SECRET.as_bytes());
    Some(match action {
        Action::Nothing => return None,
        Action::Get(names) => {
            let mut next = rotate(names);
            with_jar(move |jar| read(jar.get(next()).expect("it was sent").value()))
        }
        Action::GetMissing => with_jar(|jar| assert!(jar.get(MISSING).is_none())),
        Action::GetAll => with_jar(|jar| {
            for cookie in jar.iter() {
                read(cookie.name());
                read(cookie.value());
            }
        }),
        Action::Count => with_jar(|jar| count(jar.iter().count())),
        Action::Set => with_jar(move |jar| set(jar, NAME)),
        Action::SetAttributes => {
            with_jar(|jar| jar.add(session(Some(Duration::seconds(MAX_AGE.into())))))
        }
        Action::SetTen => with_jar(move |jar| SET_NAMES.iter().for_each(|name| set(jar, name))),
        Action::Delete => with_jar(|jar| jar.remove(Cookie::build(NAME).path("/"))),
        Action::Declared => with_jar(|jar| {
            jar.add(session(None));
            jar.remove(Cookie::build("theme").path("/app"));
        }),
        Action::GetAndSet => with_jar(move |jar| {
            read(jar.get(NAME).expect("it was sent").value());
            set(jar, NAME);
        }),
        Action::SetSigned => with_jar(move |jar| {
            jar.signed_mut(&key)
                .add(Cookie::build((NAME, VALUE)).path("/"));
        }),
        Action::GetSigned => with_jar(move |jar| {
            read(jar.signed(&key).get(NAME).expect("it was signed").value());
        }),
    })
}
