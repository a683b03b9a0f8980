//! Two handlers of a Worker, which `run.cjs` calls in Node: one sets cookies, and the other reads them.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, Uri};
use tower_django_cookies::cookie::Key;
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, Session};
use wasm_bindgen::prelude::wasm_bindgen;

/// Sets a cookie of each kind, deletes one, and returns the `Set-Cookie` headers.
///
/// # Errors
///
/// The message of a [`CookieError`].
#[wasm_bindgen]
pub fn set_cookies() -> Result<Vec<String>, String> {
    with_jar(&HeaderMap::new(), |jar| {
        jar.set(Cookie::build(("aged", "1")).max_age(Duration::hours(1)))?;
        let later = OffsetDateTime::now_utc() + Duration::hours(1);
        jar.set(Cookie::build(("dated", "2")).expires(later))?;
        jar.signed().set(("signed", "3"))?;
        jar.private().set(("private", "4"))?;
        jar.csrf().token()?;
        let mut session = Session::new();
        session.insert("user", "5")?;
        jar.sessions().set_cookie(&session)?;
        jar.delete("deleted")
    })
    .map(|(headers, ())| {
        let values = headers.get_all(SET_COOKIE).into_iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    })
    .map_err(|error| error.to_string())
}

/// Returns the values of the signed cookie, the private cookie and the session in the `Cookie` header, and
/// if a CSRF token was verified.
///
/// # Errors
///
/// The message of a [`CookieError`].
#[wasm_bindgen]
pub fn read_cookies(header: &str) -> Result<Vec<String>, String> {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, header.parse().map_err(|_| "not a header")?);
    with_jar(&headers, |jar| {
        let signed = jar.signed().max_age(Duration::minutes(1)).get("signed")?;
        let private = jar.private().get("private")?;
        let session = jar.sessions().from_cookie()?;
        let token = jar.csrf().token()?;
        let is_verified = jar.csrf().verify(&token);
        let user = session.get::<String>("user")?.unwrap_or_default();
        Ok(vec![signed, private, user, is_verified.to_string()])
    })
    .map(|(_, values)| values)
    .map_err(|error| error.to_string())
}

/// Calls the handler with a jar, and returns the response headers.
fn with_jar<T>(
    request: &HeaderMap,
    handler: impl FnOnce(&CookieJar) -> Result<T, CookieError>,
) -> Result<(HeaderMap, T), CookieError> {
    let layer = CookieLayer::new()
        .secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?
        .private_key(Key::from(&[7; 64]));
    let (jar, flush) = layer.open(request, &Uri::from_static("/"));
    let value = handler(&jar)?;
    let mut response = HeaderMap::new();
    flush.write_to(&mut response);
    Ok((response, value))
}
