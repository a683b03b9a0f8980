//! Helpers that several tests share: requests, responses of a service behind a `CookieLayer`, and
//! the `Set-Cookie` headers that tests expect.

#![allow(dead_code, reason = "not every test file needs every helper")]

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request, Response};
use tower::{Layer, Service, service_fn};
use tower_django_cookies::time::format_description::{self, FormatItem};
use tower_django_cookies::{AttributeReason, CookieError, CookieJar, CookieLayer};

/// The `expires` date of every `Set-Cookie` header that deletes a cookie.
pub(crate) const EPOCH: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// The `Set-Cookie` header that deletes a cookie which has no attributes besides its Path.
pub(crate) fn deletion(name: &str, path: &str) -> String {
    format!("{name}=\"\"; expires={EPOCH}; Max-Age=0; Path={path}")
}

/// A request with one `Cookie` header.
pub(crate) fn request(cookies: impl AsRef<[u8]>) -> Request<()> {
    let header = HeaderValue::from_bytes(cookies.as_ref()).expect("a valid header value");
    let mut request = Request::new(());
    request.headers_mut().insert(COOKIE, header);
    request
}

/// The headers of the response to `request`, from a service that passes its jar to `handler`.
pub(crate) fn response_headers(
    layer: &CookieLayer,
    request: Request<()>,
    mut handler: impl FnMut(&CookieJar),
) -> HeaderMap {
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        handler(&jar_of(&request));
        std::future::ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let Ok(response) = ready_output(service.call(request));
    response.into_parts().0.headers
}

/// The `Set-Cookie` headers of the response to a request without headers, from a service that
/// passes its jar to `handler`.
pub(crate) fn response_cookies(
    layer: &CookieLayer,
    handler: impl FnMut(&CookieJar),
) -> Vec<String> {
    set_cookies(&response_headers(layer, Request::new(()), handler))
}

/// The values of the `Set-Cookie` headers in `headers`.
pub(crate) fn set_cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(SET_COOKIE).iter();
    values
        .map(|value| String::from_utf8(value.as_bytes().to_vec()).expect("UTF-8"))
        .collect()
}

/// The jar that the layer put into `request`.
pub(crate) fn jar_of<B>(request: &Request<B>) -> CookieJar {
    CookieJar::from_extensions(request.extensions())
        .expect("the layer put a jar into the request")
        .clone()
}

/// Asserts that a value matches a pattern with an optional `if` guard; a failure shows the value.
macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $guard:expr)? $(,)?) => {
        match &$value {
            $pattern $(if $guard)? => {}
            value => panic!("{value:?} does not match {}", stringify!($pattern $(if $guard)?)),
        }
    };
}
#[allow(unused_imports, reason = "not every test file needs it")]
pub(crate) use assert_matches;

/// Asserts that the jar and its clones refuse every operation with `ResponseStarted`, and that no
/// operation is queued.
#[track_caller]
pub(crate) fn assert_closed(jar: &CookieJar) {
    for jar in [jar, &jar.clone()] {
        assert_response_started(jar.set(("late", "1")), "late");
        assert_response_started(jar.delete("late"), "late");
        assert!(jar.queued().is_empty());
    }
}

/// Asserts that an operation on the cookie `name` failed with `ResponseStarted`.
#[track_caller]
#[allow(
    clippy::needless_pass_by_value,
    reason = "callers pass the result of a call"
)]
pub(crate) fn assert_response_started(result: Result<(), CookieError>, name: &str) {
    assert_matches!(result, Err(CookieError::ResponseStarted { name: found, .. }) if found == name);
}

/// The output of a future that is ready when it is first polled.
#[track_caller]
pub(crate) fn ready_output<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is pending"),
    }
}

/// Polls `future` once.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Decodes hexadecimal digits.
pub(crate) fn from_hex(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len()).step_by(2).map(|i| &hex[i..i + 2]);
    digits
        .map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal digits"))
        .collect()
}

/// Encodes `bytes` as lowercase hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// The format in which Django writes dates (IMF-fixdate, RFC 9110 §5.6.7).
pub(crate) fn imf_fixdate() -> Vec<FormatItem<'static>> {
    format_description::parse(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT",
    )
    .expect("a valid format description")
}

/// The name that the test vectors give to an error.
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

/// The jar of a request that ended with an error.
pub(crate) fn ended_jar() -> CookieJar {
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut service = CookieLayer::new().layer(service_fn(move |request: Request<()>| {
        sender.send(jar_of(&request)).expect("a receiver");
        std::future::ready(Err::<Response<()>, _>("the request failed"))
    }));
    let result = ready_output(service.call(Request::new(())));
    assert_eq!(result.expect_err("an error"), "the request failed");
    receiver.recv().expect("the jar of the request")
}
