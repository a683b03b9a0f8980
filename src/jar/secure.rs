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

    fn accepts_legacy(&self) -> bool {
        false
    }

    fn is_expired(_error: &CookieError) -> bool {
        false
    }

    /// Returns the last cookie that verifies. So a cookie of the same name from another scope, which
    /// any host of the site can set, logs nobody out.
    fn get(&self, jar: &CookieJar, name: &str) -> Result<Self::Verified, CookieError> {
        self.check_key(name)
            .inspect_err(|error| events::refused("get", name, error))?;
        // There is rarely more than one, so the others are looked for only if the last one fails.
        self.verify(name, jar.require(name)?, Scheme::Current)
            .or_else(|error| self.verify_others(jar, name, error))
            .inspect_err(|error| events::refused("get", name, error))
    }

    /// Verifies what [`get`](Self::get) has not tried, after it failed with `error`.
    fn verify_others(
        &self,
        jar: &CookieJar,
        name: &str,
        mut error: CookieError,
    ) -> Result<Self::Verified, CookieError> {
        let mut values = VecDeque::with_capacity(MAX_VERIFIED);
        for value in jar.get_all(name) {
            if values.len() == MAX_VERIFIED {
                values.pop_front();
            }
            values.push_back(value);
        }
        let current = values.iter().rev().skip(1);
        let legacy = values.iter().rev().filter(|_| self.accepts_legacy());
        let attempts = current
            .map(|value| (value, Scheme::Current))
            .chain(legacy.map(|value| (value, Scheme::Legacy)));
        for (value, scheme) in attempts {
            match self.verify(name, value, scheme) {
                Ok(verified) => return Ok(verified),
                Err(other) if Self::is_expired(&other) && !Self::is_expired(&error) => {
                    error = other;
                }
                Err(_) => {}
            }
        }
        Err(error)
    }

    fn set<'c>(&self, jar: &CookieJar, cookie: impl IntoCookie<'c>) -> Result<(), CookieError> {
        let cookie = cookie.into_cookie();
        let protected = self
            .protect(cookie.name(), cookie.value())
            .inspect_err(|error| events::refused("set", cookie.name(), error))?;
        jar.set_value(&cookie, Self::to_value(&protected))
    }
}
