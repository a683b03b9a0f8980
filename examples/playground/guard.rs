//! What every answer says to the browser, and which requests are refused.

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
    let answer = if is_from_elsewhere(&request) {
        let refusal = "This form was sent from another site. Open the playground itself.\n";
        (StatusCode::FORBIDDEN, refusal).into_response()
    } else {
        next.run(request).await
    };
    (HEADERS, answer).into_response()
}

/// Whether another site's page sends a form here: no site shall set this one's cookies.
fn is_from_elsewhere(request: &Request) -> bool {
    let headers = request.headers();
    if request.method().is_safe() {
        return false;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    // A browser that doesn't say the one says the other.
    let here = headers
        .get(HOST)
        .map(|host| [b"http://", host.as_bytes()].concat());
    headers
        .get(ORIGIN)
        .is_some_and(|origin| here.is_none_or(|here| origin.as_bytes() != here))
}
