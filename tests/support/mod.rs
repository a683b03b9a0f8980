//! What several tests need: a request through the layer, and the fields that come out.

#![allow(dead_code, reason = "not every test file needs all of it")]

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tower_django_cookies::time::format_description::{self, FormatItem};
use tower_django_cookies::{AttributeReason, CookieError, CookieJar, CookieLayer};

/// A request with one `Cookie` field.
pub(crate) fn request(cookies: impl AsRef<[u8]>) -> Request<()> {
    let field = HeaderValue::from_bytes(cookies.as_ref()).expect("bytes that a field may hold");
    let mut request = Request::new(());
    request.headers_mut().insert(COOKIE, field);
    request
}

/// The response's fields after `handler` had the jar.
pub(crate) fn answer(
    layer: &CookieLayer,
    request: Request<()>,
    mut handler: impl FnMut(&CookieJar),
) -> HeaderMap {
    let service = layer.layer(service_fn(|request: Request<()>| {
        handler(CookieJar::from_extensions(request.extensions()).expect("the layer's jar"));
        std::future::ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let Ok(response) = runtime.block_on(service.oneshot(request));
    response.into_parts().0.headers
}

/// The `Set-Cookie` fields of `headers`.
pub(crate) fn set_cookies(headers: &HeaderMap) -> Vec<String> {
    let fields = headers.get_all(SET_COOKIE).iter();
    fields
        .map(|field| String::from_utf8(field.as_bytes().to_vec()).expect("UTF-8"))
        .collect()
}

/// The `Set-Cookie` fields after `handler` had the jar of a request without cookies.
pub(crate) fn sent(layer: &CookieLayer, handler: impl FnMut(&CookieJar)) -> Vec<String> {
    set_cookies(&answer(layer, Request::new(()), handler))
}

/// The bytes of a vector.
pub(crate) fn from_hex(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len()).step_by(2).map(|i| &hex[i..i + 2]);
    digits
        .map(|byte| u8::from_str_radix(byte, 16).expect("hex"))
        .collect()
}

/// The jar that the layer put into `request`.
pub(crate) fn jar_of<B>(request: &Request<B>) -> CookieJar {
    CookieJar::from_extensions(request.extensions())
        .expect("the layer's jar")
        .clone()
}

/// What a future that is ready at once comes to.
#[track_caller]
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it is pending"),
    }
}

/// Polls `future` once.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// How Django writes dates.
pub(crate) fn imf_fixdate() -> Vec<FormatItem<'static>> {
    format_description::parse(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT",
    )
    .expect("a format")
}

/// The vectors' word for an error.
pub(crate) fn kind(error: &CookieError) -> &'static str {
    match error {
        CookieError::InvalidName { .. } | CookieError::ReservedName { .. } => "name",
        CookieError::ControlCharacter { .. } => "control",
        CookieError::TooLong { .. }
        | CookieError::InvalidPath {
            reason: AttributeReason::TooLong,
            ..
        }
        | CookieError::InvalidDomain {
            reason: AttributeReason::TooLong,
            ..
        } => "size",
        CookieError::InvalidPath { .. } => "path",
        CookieError::InvalidDomain { .. } => "domain",
        CookieError::HostPrefixDomain { .. } | CookieError::HostPrefixPath { .. } => "prefix",
        CookieError::SecureRequired { .. } => "secure",
        CookieError::HttpOnlyRequired { .. } => "httponly",
        other => panic!("unexpected {other:?}"),
    }
}
