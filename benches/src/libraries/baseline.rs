//! No cookie library: the cost of a request and of finished `Set-Cookie` headers.

use axum_core::body::Body;
use http::Response;
use http::header::{HeaderValue, SET_COOKIE};
use tower::layer::util::Identity;

use crate::action::{Action, SET_COOKIE_VALUE};
use crate::handler::{Respond, layered};

#[allow(
    clippy::unnecessary_wraps,
    reason = "the signature is the same for every library"
)]
pub(super) fn respond(action: Action) -> Option<Respond> {
    let count = match action {
        Action::Set
        | Action::SetAttributes
        | Action::SetInOneLayer { .. }
        | Action::SetInNestedLayers { .. }
        | Action::Delete
        | Action::SetSigned
        | Action::GetAndSet => 1,
        Action::Declared | Action::Session => 2,
        Action::FourTasks => 4,
        Action::SetTen => 10,
        _ => 0,
    };
    let header = HeaderValue::from_static(SET_COOKIE_VALUE);
    Some(layered(Identity::new(), move |_| {
        let mut response = Response::new(Body::empty());
        for _ in 0..count {
            response.headers_mut().append(SET_COOKIE, header.clone());
        }
        response
    }))
}
