//! Signed cookies of axum-extra and tower-cookies: reads and writes them as long as a rollback is possible, and then signs them
//! anew.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tower_django_cookies::cookie::{CookieJar as OldJar, Key};
use tower_django_cookies::{Cookie, CookieError, CookieJar};

// The guide shows the rest of this file.
pub fn log_in(jar: &CookieJar, old_key: &Key, user: &str) -> Result<(), CookieError> {
    let mut old = OldJar::new();
    old.signed_mut(old_key).add(("user", user.to_owned()));
    let signed = old.get("user").map_or("", Cookie::value);
    let encoded = utf8_percent_encode(signed, NON_ALPHANUMERIC).to_string();
    jar.set_verbatim(("user", encoded))
}

pub fn user(jar: &CookieJar, old_key: &Key) -> Result<String, CookieError> {
    jar.signed().get("user").or_else(|error| {
        let old = jar.get_percent_decoded("user").unwrap_or_default();
        let old = Cookie::new("user", old.into_owned());
        let old = OldJar::new().signed(old_key).verify(old).ok_or(error)?;
        Ok(old.value().to_owned())
    })
}

pub fn user_signed_anew(jar: &CookieJar, old_key: &Key) -> Result<String, CookieError> {
    jar.signed().get("user").or_else(|_| {
        let user = user(jar, old_key)?;
        jar.signed().set(("user", &*user))?;
        Ok(user)
    })
}
