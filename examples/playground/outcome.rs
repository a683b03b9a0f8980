//! The outcome of an action, which handlers return, and the middleware that renders it as a page.

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_django_cookies::{Cookie, CookieError, CookieJar, Scope};

use crate::fields::Fields;
use crate::page::{Page, ReceivedRequest};
use crate::result::is_same_domain;

#[derive(Clone)]
pub(crate) struct Outcome {
    pub(crate) action: Action,
    pub(crate) problem: Option<Problem>,
}

#[derive(Clone)]
pub(crate) enum Action {
    View,
    Set(Fields),
    Delete(Fields),
    /// A button of the declared session, with the call that it makes.
    Session(&'static str),
}

#[derive(Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// The invalid form field, if it is known.
    pub(crate) field: Option<&'static str>,
    pub(crate) mismatch: Option<Box<Mismatch>>,
}

/// The scopes of a [`CookieError::ScopeMismatch`].
#[derive(Clone)]
pub(crate) struct Mismatch {
    pub(crate) declared: Scope,
    pub(crate) given: Scope,
}

impl Outcome {
    pub(crate) fn new(action: Action, result: Result<(), impl Into<Problem>>) -> Self {
        Self {
            action,
            problem: result.err().map(Into::into),
        }
    }

    /// Calls `operation` with the cookie that the form describes.
    pub(crate) fn of_form(
        form: Result<Form<Fields>, FormRejection>,
        action: impl FnOnce(Fields) -> Action,
        operation: impl FnOnce(Cookie<'_>) -> Result<(), CookieError>,
    ) -> Self {
        let fields = match form {
            Ok(Form(fields)) => fields,
            Err(rejection) => return Self::new(action(Fields::default()), Err(rejection)),
        };
        let result = fields.cookie().and_then(|cookie| {
            operation(cookie).map_err(|error| Problem {
                // The cookie comes from the visitor, so the error is not a server error.
                status: StatusCode::BAD_REQUEST,
                ..error.into()
            })
        });
        Self::new(action(fields), result)
    }
}

impl From<CookieError> for Problem {
    fn from(error: CookieError) -> Self {
        Self {
            status: error.status(),
            message: error.to_string(),
            field: invalid_field(&error),
            mismatch: match error {
                CookieError::ScopeMismatch {
                    declared, given, ..
                } => Some(Box::new(Mismatch { declared, given })),
                _ => None,
            },
        }
    }
}

impl From<FormRejection> for Problem {
    fn from(rejection: FormRejection) -> Self {
        Self {
            status: rejection.status(),
            message: rejection.body_text(),
            field: None,
            mismatch: None,
        }
    }
}

fn invalid_field(error: &CookieError) -> Option<&'static str> {
    match error {
        CookieError::InvalidName { .. } | CookieError::ReservedName { .. } => Some("name"),
        CookieError::ControlCharacter { .. } => Some("value"),
        CookieError::InvalidPath { .. } | CookieError::HostPrefixPath { .. } => Some("path"),
        CookieError::InvalidDomain { .. }
        | CookieError::HostPrefixDomain { .. }
        | CookieError::DomainMismatch { .. } => Some("domain"),
        CookieError::SecureRequired { .. } => Some("secure"),
        CookieError::HttpOnlyRequired { .. } => Some("http-only"),
        CookieError::ScopeMismatch {
            declared, given, ..
        } => Some(if !is_same_domain(declared, given) {
            "domain"
        } else if declared.path() != given.path() {
            "path"
        } else {
            "partitioned"
        }),
        _ => None,
    }
}

/// Passes the outcome to [`render_page`] in the extensions of an empty response.
impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let status = match &self.problem {
            Some(problem) => problem.status,
            None => StatusCode::OK,
        };
        (status, Extension(self)).into_response()
    }
}

/// Renders the page. It runs outside of `CookieLayer`, where the response has its final
/// `Set-Cookie` headers.
pub(crate) async fn render_page(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let request_headers = request.headers().clone();

    let mut response = next.run(request).await;
    let Some(outcome) = response.extensions_mut().remove::<Outcome>() else {
        return response;
    };
    let page = Page {
        request: ReceivedRequest {
            line: format!("{method} {path}"),
            cookie_headers: header_values(&request_headers, COOKIE),
            jar: CookieJar::from_headers(&request_headers),
        },
        set_cookie_headers: header_values(response.headers(), SET_COOKIE),
        outcome,
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

fn header_values(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}
