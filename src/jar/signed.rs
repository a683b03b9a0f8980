//! `SignedJar`: Django's signed cookies.

use std::borrow::Cow;

use cookie::time::{Duration, OffsetDateTime};

use crate::display::display_name;
use crate::error::CookieError;
use crate::jar::secure::{Protect, Scheme};
use crate::jar::{CookieJar, IntoCookie, Verified};
use crate::set_cookie::Value;
use crate::signing::{SignatureError, TimestampSigner};

impl CookieJar {
    /// Returns a jar that signs and verifies values with the layer's
    /// [`secret_key`](crate::CookieLayer::secret_key).
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let jar = layer.jar(&http::Request::new(()));
    /// jar.signed().salt("login").set(("user", "42"))?;
    /// assert!(jar.queued()[0].value().starts_with("42:"));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn signed(&self) -> SignedJar {
        SignedJar::new(self.clone())
    }
}

/// The start of Django's `_cookie_signer_salt`.
const VERSION: &str = "django.http.cookies.v2:";
/// The `_cookie_signer_salt` of a cookie without a salt, without the name of the cookie.
const UNSALTED: &str = "django.http.cookies.v2:0:";

/// A [`CookieJar`] for cookies that clients can read but not forge: Django's `set_signed_cookie` and
/// `get_signed_cookie`.
///
/// A Django site with the same `SECRET_KEY` reads the cookies set here, and this jar reads Django's. A
/// signature is valid for one name and one salt. Scopes, declarations and errors are those of the
/// plain jar. To delete a signed cookie, use [`CookieJar::delete`].
///
/// ```
/// use tower_django_cookies::{CookieError, CookieLayer};
///
/// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
/// # let jar = layer.jar(&http::Request::new(()));
/// jar.signed().salt("login").set(("user", "42"))?;
/// # let queued = jar.queued();
/// # let request = http::Request::builder()
/// #     .header("cookie", format!("user={}", queued[0].value()))
/// #     .body(())
/// #     .unwrap();
/// # let jar = layer.jar(&request);
///
/// // In the next request:
/// assert_eq!(jar.signed().salt("login").get("user")?, "42");
/// let error = jar.signed().salt("other").get("user").unwrap_err();
/// assert!(matches!(error, CookieError::BadSignature { .. }));
/// # Ok::<(), CookieError>(())
/// ```
#[doc(alias = "SignedCookieJar")]
#[doc(alias = "SignedCookies")]
#[derive(Clone, Debug)]
#[must_use]
pub struct SignedJar {
    jar: CookieJar,
    /// Django's `_cookie_signer_salt` without the name of the cookie.
    salt: Cow<'static, str>,
    max_age: Option<Duration>,
    /// `None` is the system's clock.
    now: Option<OffsetDateTime>,
}

impl SignedJar {
    pub(crate) fn new(jar: CookieJar) -> Self {
        Self {
            jar,
            salt: UNSALTED.into(),
            max_age: None,
            now: None,
        }
    }

    /// Sets the salt, which names the purpose of the cookie. A value signed with one salt does not
    /// verify with another. The default is no salt, as in Django.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// jar.signed().salt("login").set(("user", "42"))?;
    /// # let signed = jar.queued()[0].value().to_owned();
    /// # let header = format!("user={signed}");
    /// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
    /// let error = jar.signed().get("user").unwrap_err();
    /// assert!(matches!(error, CookieError::BadSignature { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn salt(mut self, salt: impl Into<String>) -> Self {
        let salt = salt.into();
        // The length distinguishes `("a", "bc")` from `("ab", "c")`.
        self.salt = format!("{VERSION}{}:{salt}", salt.chars().count()).into();
        self
    }

    /// Sets the maximum age of a signed value. [`get`](Self::get) returns an error for an older
    /// value. The default is no maximum age.
    ///
    /// The cookie's lifetime is a separate setting, which clients may ignore. Set it too, in
    /// the declaration or on the cookie that is passed to [`set`](Self::set). Until a value reaches the maximum age, a copy
    /// of it stays valid, even after a logout. With zero, a value is valid only if its timestamp is
    /// not in the past. With a negative duration, no value is valid.
    ///
    /// ```
    /// use tower_django_cookies::time::Duration;
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// # jar.signed().set(("user", "42"))?;
    /// # let header = format!("user={}", jar.queued()[0].value());
    /// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
    ///
    /// assert_eq!(jar.signed().max_age(Duration::weeks(2)).get("user")?, "42");
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Signs and verifies with `now` as the current time: for tests of expiry.
    ///
    /// ```
    /// use tower_django_cookies::time::{Duration, OffsetDateTime};
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    ///
    /// let two_weeks_ago = OffsetDateTime::now_utc() - Duration::weeks(2);
    /// jar.signed().with_time(two_weeks_ago).set(("user", "42"))?;
    /// # let header = format!("user={}", jar.queued()[0].value());
    /// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
    ///
    /// // In the next request:
    /// let error = jar.signed().max_age(Duration::WEEK).get("user").unwrap_err();
    /// assert!(matches!(error, CookieError::SignatureExpired { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn with_time(mut self, now: OffsetDateTime) -> Self {
        self.now = Some(now);
        self
    }

    /// Returns the value of a signed cookie: Django's `request.get_signed_cookie`.
    ///
    /// # Errors
    ///
    /// - [`CookieError::MissingKey`] if the layer has no
    ///   [`secret_key`](crate::CookieLayer::secret_key).
    /// - [`CookieError::MissingCookie`] if the request has no such cookie.
    /// - [`CookieError::BadSignature`] if it was forged, or signed with another key, name or salt.
    /// - [`CookieError::SignatureExpired`] if it is older than [`max_age`](Self::max_age).
    ///
    /// The browser sends a forged or expired cookie again with each request. Treat it as missing,
    /// and delete it.
    ///
    /// If several cookies have this name, this method returns the value of the last one that has a valid
    /// signature and is not too old. It checks at most the last eight, and prefers the current salt to
    /// the legacy salt. If it accepts none of them, it returns [`CookieError::SignatureExpired`] if one
    /// of them has a valid signature, and otherwise [`CookieError::BadSignature`]. Django reads only the
    /// last cookie, so there another host of the site can log a user out by setting a cookie of the same
    /// name.
    pub fn get(&self, name: &str) -> Result<String, CookieError> {
        self.verify(name).map(Verified::into_value)
    }

    /// Returns the value of a signed cookie as [`get`](Self::get) does, with the time of its signature.
    ///
    /// A handler can use the time to renew a cookie. If the cookie is declared, `set` uses the declared
    /// scope, so the browser replaces the previous cookie. If the cookie was set at another scope before,
    /// [retire](crate::CookieLayer::retire) that scope. Otherwise the browser keeps the previous cookie
    /// and sends it after a logout too.
    ///
    /// If you renew cookies in a middleware, renew them before you call the inner service. The last
    /// operation counts, so a renewal after a logout would log the user in again.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get).
    ///
    /// ```
    /// use tower_django_cookies::time::{Duration, OffsetDateTime};
    /// use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};
    ///
    /// fn user(jar: &CookieJar) -> Result<Option<String>, CookieError> {
    ///     let signed = jar.signed().max_age(Duration::weeks(2));
    ///     let user = match signed.verify("user") {
    ///         Ok(user) => user,
    ///         Err(CookieError::MissingCookie { .. }) => return Ok(None),
    ///         Err(CookieError::BadSignature { .. } | CookieError::SignatureExpired { .. }) => {
    ///             jar.delete("user")?;
    ///             return Ok(None);
    ///         }
    ///         Err(error) => return Err(error), // such as `MissingKey`
    ///     };
    ///     let age = OffsetDateTime::now_utc() - user.signed_at();
    ///     // Users stay logged in if they return within two weeks. The previous key can be removed two
    ///     // weeks after it was replaced.
    ///     if age > Duration::DAY || user.needs_renewal() {
    ///         signed.set(("user", user.value()))?;
    ///     }
    ///     Ok(Some(user.into_value()))
    /// }
    ///
    /// let previous = "5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60";
    /// let layer = CookieLayer::new()
    ///     .secret_key("0e4f2b1c9d8a7f6e5d4c3b2a19080706")?
    ///     .secret_key_fallbacks([previous])?
    ///     .declare(Cookie::build("user").path("/app").max_age(Duration::weeks(2)))?;
    /// # let before = CookieLayer::new().secret_key(previous)?.jar(&http::Request::new(()));
    /// # before.signed().set(("user", "42"))?;
    /// # let header = format!("user={}", before.queued()[0].value());
    /// # let request = http::Request::builder().header("cookie", header).body(()).unwrap();
    /// let jar = layer.jar(&request); // The user has a cookie that was signed with the previous key.
    /// assert_eq!(user(&jar)?.as_deref(), Some("42"));
    /// assert_eq!(jar.queued()[0].path(), Some("/app"));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn verify(&self, name: &str) -> Result<Verified, CookieError> {
        Protect::get(self, &self.jar, name)
    }

    /// Signs the cookie's value and sets the cookie: Django's `response.set_signed_cookie`.
    ///
    /// # Errors
    ///
    /// The errors of [`CookieJar::set`], and [`CookieError::MissingKey`] if the layer has no
    /// [`secret_key`](crate::CookieLayer::secret_key).
    pub fn set<'c>(&self, cookie: impl IntoCookie<'c>) -> Result<(), CookieError> {
        Protect::set(self, &self.jar, cookie)
    }

    /// The salt that was passed to [`salt`](Self::salt), or an empty one.
    fn given_salt(&self) -> &str {
        let after_version = &self.salt[VERSION.len()..];
        after_version.split_once(':').map_or("", |(_, salt)| salt)
    }

    fn signer(&self, name: &str) -> Result<&TimestampSigner, CookieError> {
        let signer = self.jar.config().signing.signer();
        signer.ok_or_else(|| CookieError::MissingKey {
            name: display_name(name),
            setting: "secret_key",
        })
    }
}

impl Protect for SignedJar {
    type Verified = Verified;

    fn check_key(&self, name: &str) -> Result<(), CookieError> {
        self.signer(name).map(drop)
    }

    fn protect(&self, name: &str, value: &str) -> Result<String, CookieError> {
        let signer = self.signer(name)?;
        Ok(signer.sign_salted(&[&self.salt, name], self.now, value))
    }

    fn to_value(protected: &str) -> Value<'_> {
        Value::Quoted(protected)
    }

    /// Django's `_unsign_cookie`.
    fn verify(&self, name: &str, protected: &str, scheme: Scheme) -> Result<Verified, CookieError> {
        let salt = match scheme {
            Scheme::Current => [&self.salt, name],
            Scheme::Legacy => [name, self.given_salt()],
        };
        let unsigned = self
            .signer(name)?
            .verify_salted(&salt, self.now, protected, self.max_age)
            .map_err(|error| match error {
                SignatureError::SignatureExpired { age, max_age } => {
                    CookieError::SignatureExpired {
                        name: display_name(name),
                        age,
                        max_age,
                    }
                }
                _ => CookieError::BadSignature {
                    name: display_name(name),
                },
            })?;
        Ok(Verified {
            value: unsigned.value.to_owned(),
            signed_at: unsigned.signed_at(),
            needs_renewal: unsigned.is_of_fallback || scheme == Scheme::Legacy,
        })
    }

    fn schemes(&self) -> &'static [Scheme] {
        if self.jar.config().signing.legacy_salt_fallback() {
            &[Scheme::Current, Scheme::Legacy]
        } else {
            &[Scheme::Current]
        }
    }

    fn is_expired(error: &CookieError) -> bool {
        matches!(error, CookieError::SignatureExpired { .. })
    }
}
