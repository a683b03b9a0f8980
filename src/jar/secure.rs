//! `Protect`: signs or encrypts a value when it is set, and verifies it when it is read.

use crate::error::CookieError;
use crate::events;
use crate::jar::{CookieJar, IntoCookie};
use crate::set_cookie::Value;

/// Protects values against forgery by clients.
pub(crate) trait Protect {
    /// Fails if the layer has no key.
    fn check_key(&self, name: &str) -> Result<(), CookieError>;

    fn protect(&self, name: &str, value: &str) -> Result<String, CookieError>;

    /// Converts a protected value to the form in which it is written.
    fn to_value(protected: &str) -> Value<'_>;

    fn verify(&self, name: &str, protected: &str) -> Result<String, CookieError>;

    fn get(&self, jar: &CookieJar, name: &str) -> Result<String, CookieError> {
        self.check_key(name)
            .inspect_err(|error| events::refused("get", name, error))?;
        self.verify(name, jar.require(name)?)
            .inspect_err(|error| events::refused("get", name, error))
    }

    fn set<'c>(&self, jar: &CookieJar, cookie: impl IntoCookie<'c>) -> Result<(), CookieError> {
        let cookie = cookie.into_cookie();
        let protected = self
            .protect(cookie.name(), cookie.value())
            .inspect_err(|error| events::refused("set", cookie.name(), error))?;
        jar.set_value(&cookie, Self::to_value(&protected))
    }
}
