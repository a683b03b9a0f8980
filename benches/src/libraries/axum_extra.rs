//! axum-extra: an extractor, which the handler returns with its response.

use axum_core::response::IntoResponse;
use axum_extra::extract::cookie::{Cookie, CookieJar, Key, SignedCookieJar};
use cookie::time::Duration;
use tower::layer::util::Identity;

use crate::action::{Action, DELETED, MAX_AGE, MISSING, NAME, SECRET, SET_NAMES, VALUE};
use crate::handler::{Respond, count, layered, read, rotate, session};

/// `handler` takes the request's jar and returns the response or a part of it.
fn with_jar<R: IntoResponse>(mut handler: impl FnMut(CookieJar) -> R + 'static) -> Respond {
    layered(Identity::new(), move |request| {
        handler(CookieJar::from_headers(request.headers())).into_response()
    })
}

fn with_signed<R: IntoResponse>(
    mut handler: impl FnMut(SignedCookieJar) -> R + 'static,
) -> Respond {
    let key = Key::from(SECRET.as_bytes());
    layered(Identity::new(), move |request| {
        handler(SignedCookieJar::from_headers(
            request.headers(),
            key.clone(),
        ))
        .into_response()
    })
}

fn at_root(name: &'static str) -> Cookie<'static> {
    Cookie::build((name, VALUE)).path("/").into()
}

pub(super) fn respond(action: Action) -> Option<Respond> {
    Some(match action {
        // A handler without the extractor costs nothing. No two tasks can write to one jar.
        Action::Nothing
        | Action::SetInOneLayer { .. }
        | Action::SetInNestedLayers { .. }
        | Action::FourTasks => return None,
        Action::Get(names) => {
            let mut next = rotate(names);
            with_jar(move |jar| read(jar.get(next()).expect("the request has it").value()))
        }
        // Each middleware extracts a jar of its own.
        Action::GetEach(names) => layered(Identity::new(), move |request| {
            for name in names {
                let jar = CookieJar::from_headers(request.headers());
                read(jar.get(name).expect("the request has it").value());
            }
            ().into_response()
        }),
        Action::GetMissing => with_jar(|jar| assert!(jar.get(MISSING).is_none())),
        Action::GetAll => with_jar(|jar| {
            for cookie in jar.iter() {
                read(cookie.name());
                read(cookie.value());
            }
        }),
        Action::Count => with_jar(|jar| count(jar.iter().count())),
        Action::Set => with_jar(|jar| jar.add(at_root(NAME))),
        Action::SetAttributes => {
            with_jar(|jar| jar.add(session(Some(Duration::seconds(MAX_AGE.into())))))
        }
        Action::SetTen => with_jar(|jar| {
            SET_NAMES
                .iter()
                .fold(jar, |jar, name| jar.add(at_root(name)))
        }),
        Action::Delete => with_jar(|jar| jar.remove(Cookie::build(NAME).path("/"))),
        Action::Declared => with_jar(|jar| {
            jar.add(session(None))
                .remove(Cookie::build("theme").path("/app"))
        }),
        Action::GetAndSet => with_jar(|jar| {
            read(jar.get(NAME).expect("the request has it").value());
            jar.add(at_root(NAME))
        }),
        Action::Session => {
            let key = Key::from(SECRET.as_bytes());
            layered(Identity::new(), move |request| {
                let signed = SignedCookieJar::from_headers(request.headers(), key.clone());
                let session: Option<Cookie<'_>> = signed.get(NAME);
                read(session.expect("the signature is valid").value());
                let jar = CookieJar::from_headers(request.headers());
                jar.add(at_root(SET_NAMES[0]))
                    .remove(Cookie::build(DELETED).path("/"))
                    .into_response()
            })
        }
        Action::SetSigned => with_signed(|jar| jar.add(at_root(NAME))),
        Action::GetSigned => {
            with_signed(|jar| read(jar.get(NAME).expect("the signature is valid").value()))
        }
    })
}
