//! axum: `CookieJar` as an extractor, `CookieError` as a response.

use std::convert::Infallible;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use crate::error::CookieError;
use crate::jar::CookieJar;

/// Rejects with status 500 if no [`CookieLayer`](crate::CookieLayer) is installed.
impl<S: Sync> FromRequestParts<S> for CookieJar {
    type Rejection = CookieError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, CookieError> {
        Self::from_extensions(&parts.extensions).cloned()
    }
}

/// `None` if no [`CookieLayer`](crate::CookieLayer) is installed.
impl<S: Sync> OptionalFromRequestParts<S> for CookieJar {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

/// Responds with the error's message and the status from [`CookieError::status`]. The message shows
/// neither the value of a cookie nor the request's host.
impl IntoResponse for CookieError {
    fn into_response(self) -> Response {
        (self.status(), self.to_string()).into_response()
    }
}
