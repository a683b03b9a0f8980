//! `CsrfForm`: an extractor for forms with Django's CSRF token.

use axum::Form;
use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tower_django_cookies::CookieJar;

use crate::failure::Failure;

/// The fields of a form whose CSRF token is valid.
pub(crate) struct CsrfForm<T>(pub(crate) T);

#[derive(Deserialize)]
struct Fields<T> {
    #[serde(default)]
    csrfmiddlewaretoken: String,
    #[serde(flatten)]
    others: T,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for CsrfForm<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let jar = CookieJar::from_extensions(request.extensions())?.clone();
        let form = Form::<Fields<T>>::from_request(request, state).await;
        let Form(fields) = form.map_err(|_| Failure::InvalidForm)?;
        if !jar.csrf().verify(&fields.csrfmiddlewaretoken) {
            return Err(Failure::WrongCsrfToken);
        }
        Ok(Self(fields.others))
    }
}
