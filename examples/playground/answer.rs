//! What was tried and how it went, from the handler to the page.

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_django_cookies::{Cookie, CookieError, CookieJar};

use crate::fields::Fields;
use crate::page::{Page, Sent};

#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) tried: Tried,
    pub(crate) problem: Option<Problem>,
}

#[derive(Clone)]
pub(crate) enum Tried {
    Nothing,
    Set(Fields),
    Delete(Fields),
    /// A button of the declared session: the call behind it.
    Session(&'static str),
}

#[derive(Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// The field at fault, if there is a single one.
    pub(crate) field: Option<&'static str>,
}

impl Answer {
    pub(crate) fn new(tried: Tried, result: Result<(), impl Into<Problem>>) -> Self {
        Self {
            tried,
            problem: result.err().map(Into::into),
        }
    }

    /// Does `operation` with the cookie that the form says.
    pub(crate) fn to_form(
        form: Result<Form<Fields>, FormRejection>,
        tried: impl FnOnce(Fields) -> Tried,
        operation: impl FnOnce(Cookie<'_>) -> Result<(), CookieError>,
    ) -> Self {
        let fields = match form {
            Ok(Form(fields)) => fields,
            Err(rejection) => return Self::new(tried(Fields::default()), Err(rejection)),
        };
        let result = fields.cookie().and_then(|cookie| {
            operation(cookie).map_err(|error| Problem {
                // It is the visitor who said the cookie, not the handler.
                status: StatusCode::BAD_REQUEST,
                ..error.into()
            })
        });
        Self::new(tried(fields), result)
    }
}

impl From<CookieError> for Problem {
    fn from(error: CookieError) -> Self {
        Self {
            status: error.status(),
            message: error.to_string(),
            field: field_at_fault(&error),
        }
    }
}

impl From<FormRejection> for Problem {
    fn from(rejection: FormRejection) -> Self {
        Self {
            status: rejection.status(),
            message: rejection.body_text(),
            field: None,
        }
    }
}

fn field_at_fault(error: &CookieError) -> Option<&'static str> {
    match error {
        CookieError::InvalidName { .. } | CookieError::ReservedName { .. } => Some("name"),
        CookieError::ControlCharacter { .. } => Some("value"),
        CookieError::InvalidPath { .. } | CookieError::HostPrefixPath { .. } => Some("path"),
        CookieError::InvalidDomain { .. }
        | CookieError::HostPrefixDomain { .. }
        | CookieError::DomainMismatch { .. } => Some("domain"),
        CookieError::SecureRequired { .. } => Some("secure"),
        CookieError::HttpOnlyRequired { .. } => Some("http-only"),
        _ => None,
    }
}

/// The answer's status, and itself for [`show`], which writes the page.
impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = match &self.problem {
            Some(problem) => problem.status,
            None => StatusCode::OK,
        };
        (status, Extension(self)).into_response()
    }
}

/// Writes the page around `CookieLayer`, where the answer's `Set-Cookie` fields are those that go
/// out.
pub(crate) async fn show(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let request_headers = request.headers().clone();

    let mut response = next.run(request).await;
    let Some(answer) = response.extensions_mut().remove::<Answer>() else {
        return response;
    };
    let page = Page {
        sent: Sent {
            line: format!("{method} {path}"),
            fields: texts(&request_headers, axum::http::header::COOKIE),
            jar: CookieJar::from_headers(&request_headers),
        },
        set_cookie: texts(response.headers(), SET_COOKIE),
        answer,
    };
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    *response.body_mut() = Body::from(page.to_string());
    response
}

fn texts(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .map(|field| String::from_utf8_lossy(field.as_bytes()).into_owned())
        .collect()
}
