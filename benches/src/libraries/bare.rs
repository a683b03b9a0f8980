//! No cookies: what a request costs anyway.

use axum_core::body::Body;
use http::Response;
use http::header::{HeaderValue, SET_COOKIE};
use tower::layer::util::Identity;

use super::layered;
use crate::Respond;
use crate::scenarios::Action;

#[allow(clippy::unnecessary_wraps, reason = "as every library's")]
pub(super) fn respond(action: Action) -> Option<Respond> {
    let count = match action {
        Action::Set
        | Action::SetAttributes
        | Action::Delete
        | Action::SetSigned
        | Action::GetAndSet => 1,
        Action::Declared => 2,
        Action::SetTen => 10,
        _ => 0,
    };
    let field = HeaderValue::from_static("sessionid=f81d4fae7dec11d0a76500a0c91e6bf6; Path=/");
    Some(layered(Identity::new(), move |_| {
        let mut response = Response::new(Body::empty());
        for _ in 0..count {
            response.headers_mut().append(SET_COOKIE, field.clone());
        }
        response
    }))
}
