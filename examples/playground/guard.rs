//! Security headers for every response, and the rejection of forms from other sites.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const HEADERS: [(axum::http::HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
];

pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let response = if is_cross_origin_form(&request) {
        let message = "This form was submitted from another site. Submit it from the playground.\n";
        (StatusCode::FORBIDDEN, message).into_response()
    } else {
        next.run(request).await
    };
    (HEADERS, response).into_response()
}

/// Returns true if a page of another origin submitted the form. Other sites must not set cookies
/// here.
fn is_cross_origin_form(request: &Request) -> bool {
    let headers = request.headers();
    if request.method().is_safe() {
        return false;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    // Browsers without `Sec-Fetch-Site` send `Origin`.
    let own_origin = headers
        .get(HOST)
        .map(|host| [b"http://", host.as_bytes()].concat());
    headers
        .get(ORIGIN)
        .is_some_and(|origin| own_origin.is_none_or(|own| origin.as_bytes() != own))
}
