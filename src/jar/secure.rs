//! `Protect`: signs or encrypts a value when it is set, and verifies it when it is read.

use std::collections::VecDeque;

use crate::error::CookieError;
use crate::events;
use crate::jar::{CookieJar, IntoCookie};
use crate::set_cookie::Value;

/// The maximum number of cookies of one name that are verified. A client can send thousands in one
/// request.
const MAX_VERIFIED: usize = 8;

/// How a value is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Current,
    /// With the salt that Django used before 5.2.15.
    #[cfg(feature = "signed")]
    Legacy,
}

/// Protects values against forgery by clients.
pub(crate) trait Protect {
    type Verified;

    /// Fails if the layer has no key.
    fn check_key(&self, name: &str) -> Result<(), CookieError>;

    fn protect(&self, name: &str, value: &str) -> Result<String, CookieError>;

    /// Converts a protected value to the form in which it is written.
    fn to_value(protected: &str) -> Value<'_>;

    fn verify(
        &self,
        name: &str,
        protected: &str,
        scheme: Scheme,
    ) -> Result<Self::Verified, CookieError>;

    /// The accepted schemes, in the order in which they are tried.
    fn schemes(&self) -> &'static [Scheme] {
        &[Scheme::Current]
    }

    fn is_expired(_error: &CookieError) -> bool {
        false
    }

    fn get(&self, jar: &CookieJar, name: &str) -> Result<Self::Verified, CookieError> {
        self.check_key(name)
            .inspect_err(|error| events::refused("get", name, error))?;
        last_verified(
            jar,
            name,
            self.schemes(),
            Self::is_expired,
            |value, scheme| self.verify(name, value, scheme),
        )
    }

    fn set<'c>(&self, jar: &CookieJar, cookie: impl IntoCookie<'c>) -> Result<(), CookieError> {
        let cookie = cookie.into_cookie();
        let protected = self
            .protect(cookie.name(), cookie.value())
            .inspect_err(|error| events::refused("set", cookie.name(), error))?;
        jar.set_value(&cookie, Self::to_value(&protected))
    }
}

/// Returns the last cookie that verifies. Any host of the site can set a cookie of the same name at
/// another scope. That cookie must not log the user out.
///
/// Checks at most the last [`MAX_VERIFIED`] cookies, all of them with one scheme before the next scheme.
/// If none verifies, returns the error of an expired cookie if there is one, or else the error of the
/// last cookie. No event is emitted for a missing cookie.
pub(crate) fn last_verified<T>(
    jar: &CookieJar,
    name: &str,
    schemes: &[Scheme],
    is_expired: fn(&CookieError) -> bool,
    verify: impl Fn(&str, Scheme) -> Result<T, CookieError>,
) -> Result<T, CookieError> {
    // There is rarely more than one cookie, so the others are searched only if the last one fails.
    let mut error = match verify(jar.require(name)?, Scheme::Current) {
        Ok(verified) => return Ok(verified),
        Err(error) => error,
    };
    let mut values = VecDeque::with_capacity(MAX_VERIFIED);
    for value in jar.get_all(name) {
        if values.len() == MAX_VERIFIED {
            values.pop_front();
        }
        values.push_back(value);
    }
    for &scheme in schemes {
        let is_tried = usize::from(scheme == Scheme::Current);
        for value in values.iter().rev().skip(is_tried) {
            match verify(value, scheme) {
                Ok(verified) => return Ok(verified),
                Err(other) if is_expired(&other) && !is_expired(&error) => error = other,
                Err(_) => {}
            }
        }
    }
    events::refused("get", name, &error);
    Err(error)
}
