//! `Verified`: the value of a signed cookie, the time of its signature, and whether it needs renewal.

use std::fmt;

use cookie::time::OffsetDateTime;

/// The value of a signed cookie, from [`SignedJar::verify`](crate::SignedJar::verify).
///
/// `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified {
    pub(super) value: String,
    pub(super) signed_at: OffsetDateTime,
    pub(super) needs_renewal: bool,
}

impl Verified {
    /// Returns the value.
    ///
    /// See [`SignedJar::verify`](crate::SignedJar::verify) for an example.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns the value, without a copy.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// # jar.signed().set(("user", "42"))?;
    /// # let header = format!("user={}", jar.queued()[0].value());
    /// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
    /// let user: String = jar.signed().verify("user")?.into_value();
    /// assert_eq!(user, "42");
    /// # Ok::<(), CookieError>(())
    /// ```
    #[must_use]
    pub fn into_value(self) -> String {
        self.value
    }

    /// Returns the time at which the value was signed, in whole seconds.
    ///
    /// It is the clock time of the server that signed the value, and can be in the future. If
    /// [`OffsetDateTime`] cannot represent the time, this is the nearest time that it can represent.
    ///
    /// See [`SignedJar::verify`](crate::SignedJar::verify) for an example.
    #[must_use]
    pub fn signed_at(&self) -> OffsetDateTime {
        self.signed_at
    }

    /// Returns `true` if the value was signed with one of the
    /// [`secret_key_fallbacks`](crate::CookieLayer::secret_key_fallbacks) or with the
    /// [legacy salt](crate::CookieLayer::signed_cookie_legacy_salt_fallback).
    ///
    /// Set such a cookie again. When no cookie signed with the fallback is left, you can remove the
    /// fallback from the layer.
    ///
    /// See [`SignedJar::verify`](crate::SignedJar::verify) for an example.
    #[must_use]
    pub fn needs_renewal(&self) -> bool {
        self.needs_renewal
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("signed_at", &self.signed_at)
            .field("needs_renewal", &self.needs_renewal)
            .finish_non_exhaustive()
    }
}
