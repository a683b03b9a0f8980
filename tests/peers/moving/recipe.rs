//! Reads the signed cookies of axum-extra and tower-cookies, and signs their values again in Django's
//! format.

use tower_django_cookies::cookie::{CookieJar as OldJar, Key};
use tower_django_cookies::{Cookie, CookieError, CookieJar};

// The guide shows the rest of this file.
pub fn user(jar: &CookieJar, old_key: &Key) -> Result<String, CookieError> {
    jar.signed().get("user").or_else(|error| {
        let old = jar.get_percent_decoded("user").unwrap_or_default();
        let old = Cookie::new("user", old.into_owned());
        let old = OldJar::new().signed(old_key).verify(old).ok_or(error)?;
        jar.signed().set(("user", old.value()))?;
        Ok(old.value().to_owned())
    })
}
