//! `get_percent_decoded` reads the plain cookies that axum-extra sets, and axum-extra reads those that
//! `set_verbatim` sends percent-encoded. tower-cookies sends and reads values as they are.
//!
//! Each cookie is set and read by a service, and passed on as a header.

use std::borrow::Cow;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use axum_extra::extract::CookieJar as AxumJar;
use http::header::{COOKIE, SET_COOKIE};
use http_body_util::BodyExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tower::ServiceExt;
use tower_cookies::{CookieManagerLayer, Cookies};
use tower_django_cookies::{Cookie, CookieJar, CookieLayer};

/// Values of each kind: base64, JSON, an e-mail address, a URL and others.
const VALUES: [&str; 12] = [
    "True",
    "",
    "ZGFyaw==",
    "a+b/c=",
    "{\"a\":[1,2.5]}",
    "ann@example.com",
    "https://example.com/?q=1&r=%20#top",
    " outer spaces ",
    "Björk",
    "2; Path=/",
    "\"quoted\"",
    "100%",
];

/// Calls the service, with a `Cookie` header if there is one. Returns the cookie-pair that it sets, and
/// its body.
async fn call(app: Router, cookie: Option<&str>) -> (Option<String>, String) {
    let mut request = Request::new(Body::empty());
    if let Some(cookie) = cookie {
        let header = cookie.parse().expect("a header value");
        request.headers_mut().insert(COOKIE, header);
    }
    let Ok(response) = app.oneshot(request).await;
    let set_cookie = response.headers().get(SET_COOKIE);
    let pair = set_cookie.map(|header| {
        let header = std::str::from_utf8(header.as_bytes()).expect("UTF-8");
        header.split(';').next().expect("a pair").to_owned()
    });
    let body = response.into_body().collect().await.expect("a body");
    let body = String::from_utf8(body.to_bytes().to_vec()).expect("UTF-8");
    (pair, body)
}

#[tokio::test]
async fn get_percent_decoded_reads_cookies_of_axum_extra() {
    for value in VALUES {
        let handler = async move |jar: AxumJar| jar.add(Cookie::new("a", value));
        let (pair, _) = call(Router::new().route("/", get(handler)), None).await;

        let handler = async |jar: CookieJar| {
            jar.get_percent_decoded("a")
                .map_or("none".to_owned(), Cow::into_owned)
        };
        let app = Router::new()
            .route("/", get(handler))
            .layer(CookieLayer::new());
        let (_, body) = call(app, pair.as_deref()).await;
        assert_eq!(body, value, "{pair:?}");
    }
}

#[tokio::test]
async fn axum_extra_reads_percent_encoded_values_that_set_verbatim_sends() {
    for value in VALUES {
        let handler = async move |jar: CookieJar| {
            let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
            jar.set_verbatim(("a", encoded))
        };
        let app = Router::new()
            .route("/", get(handler))
            .layer(CookieLayer::new());
        let (pair, _) = call(app, None).await;

        let handler = async |jar: AxumJar| {
            jar.get("a")
                .map_or("none".to_owned(), |cookie| cookie.value().to_owned())
        };
        let (_, body) = call(Router::new().route("/", get(handler)), pair.as_deref()).await;
        assert_eq!(body, value, "{pair:?}");
    }
}

#[tokio::test]
async fn tower_cookies_reads_values_that_set_verbatim_sends() {
    for value in ["True", "", "ZGFyaw==", "a+b/c=", "ann@example.com", "{[1]}"] {
        let handler = async move |jar: CookieJar| jar.set_verbatim(("a", value));
        let app = Router::new()
            .route("/", get(handler))
            .layer(CookieLayer::new());
        let (pair, _) = call(app, None).await;

        let handler = async |jar: Cookies| {
            jar.get("a")
                .map_or("none".to_owned(), |cookie| cookie.value().to_owned())
        };
        let app = Router::new()
            .route("/", get(handler))
            .layer(CookieManagerLayer::new());
        let (_, body) = call(app, pair.as_deref()).await;
        assert_eq!(body, value, "{pair:?}");
    }
}
