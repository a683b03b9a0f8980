//! `Failure`: the error type of all handlers.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tower_django_cookies::CookieError;

#[derive(Debug)]
pub(crate) enum Failure {
    Cookie(CookieError),
    Database(rusqlite::Error),
    /// The user logged out while this request was handled.
    SessionDeleted,
    WrongCsrfToken,
    /// The body is not a form, or a field is missing.
    InvalidForm,
}

impl From<CookieError> for Failure {
    fn from(error: CookieError) -> Self {
        Self::Cookie(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Cookie(error) => error.into_response(),
            Self::Database(error) => {
                eprintln!("database: {error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            // Django's `SessionInterrupted` has this status too.
            Self::SessionDeleted => {
                (StatusCode::BAD_REQUEST, "you logged out in the meantime").into_response()
            }
            Self::WrongCsrfToken => (
                StatusCode::FORBIDDEN,
                "the CSRF token is missing or wrong; reload the form",
            )
                .into_response(),
            Self::InvalidForm => {
                (StatusCode::BAD_REQUEST, "the form is incomplete or invalid").into_response()
            }
        }
    }
}
