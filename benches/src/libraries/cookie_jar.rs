//! The `cookie` crate without middleware: `split_parse`, a jar, and its delta.

use axum_core::body::Body;
use cookie::time::Duration;
use cookie::{Cookie, CookieJar, Key};
use http::Response;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use tower::layer::util::Identity;

use crate::action::{Action, DELETED, MAX_AGE, MISSING, NAME, SECRET, SET_NAMES, VALUE};
use crate::handler::{Respond, count, layered, read, rotate, session};

fn with_jar(mut handler: impl FnMut(&mut CookieJar) + 'static) -> Respond {
    layered(Identity::new(), move |request| {
        let mut jar = CookieJar::new();
        for header in request.headers().get_all(COOKIE) {
            let header = header.to_str().expect("ASCII").to_owned();
            // A cookie-pair without `=` is an error here, and is skipped.
            for cookie in Cookie::split_parse(header).flatten() {
                jar.add_original(cookie);
            }
        }
        handler(&mut jar);
        let mut response = Response::new(Body::empty());
        for cookie in jar.delta() {
            let header = HeaderValue::try_from(cookie.to_string()).expect("a header value");
            response.headers_mut().append(SET_COOKIE, header);
        }
        response
    })
}

pub(super) fn respond(action: Action) -> Option<Respond> {
    let set = |jar: &mut CookieJar, name| jar.add(Cookie::build((name, VALUE)).path("/"));
    let key = Key::from(SECRET.as_bytes());
    Some(match action {
        Action::Nothing
        | Action::SetInOneLayer { .. }
        | Action::SetInNestedLayers { .. }
        | Action::FourTasks => return None,
        Action::Get(names) => {
            let mut next = rotate(names);
            with_jar(move |jar| read(jar.get(next()).expect("the request has it").value()))
        }
        Action::GetEach(names) => with_jar(move |jar| {
            for name in names {
                read(jar.get(name).expect("the request has it").value());
            }
        }),
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
            read(jar.get(NAME).expect("the request has it").value());
            set(jar, NAME);
        }),
        Action::Session => with_jar(move |jar| {
            let session = jar.signed(&key).get(NAME);
            read(session.expect("the signature is valid").value());
            set(jar, SET_NAMES[0]);
            jar.remove(Cookie::build(DELETED).path("/"));
        }),
        Action::SetSigned => with_jar(move |jar| {
            jar.signed_mut(&key)
                .add(Cookie::build((NAME, VALUE)).path("/"));
        }),
        Action::GetSigned => with_jar(move |jar| {
            read(
                jar.signed(&key)
                    .get(NAME)
                    .expect("the signature is valid")
                    .value(),
            );
        }),
    })
}
