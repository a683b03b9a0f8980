//! `SignedJar`: Django's signed cookies.

use std::time::{Duration, SystemTime};

use cookie::Cookie;

use crate::error::{CookieError, shown};
use crate::jar::CookieJar;
use crate::jar::secure::Seal;
use crate::set_cookie::Value;
use crate::signing::{SignatureError, TimestampSigner};

impl CookieJar {
    /// The same jar for signed cookies, with the layer's
    /// [`secret_key`](crate::CookieLayer::secret_key).
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
    /// let jar = layer.jar(&http::Request::new(()));
    /// jar.signed().salt("login").set(("user", "42"))?;
    /// assert!(jar.queued()[0].value().starts_with("42:"));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn signed(&self) -> SignedJar {
        SignedJar::new(self.clone())
    }
}

/// A [`CookieJar`] whose cookies clients can read but not make up: Django's
/// `set_signed_cookie` and `get_signed_cookie`.
///
/// A Django site with the same `SECRET_KEY` reads what is set here, and the other way round. A
/// signature fits one name and one salt. Scopes, declarations and errors are those of the plain
/// jar; to delete a cookie use [`CookieJar::delete`].
///
/// ```
/// use tower_django_cookies::{CookieError, CookieLayer};
///
/// let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
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
#[derive(Clone, Debug)]
#[must_use]
pub struct SignedJar {
    jar: CookieJar,
    salt: String,
    max_age: Option<Duration>,
    /// `None` is the system's clock.
    now: Option<SystemTime>,
}

impl SignedJar {
    pub(crate) fn new(jar: CookieJar) -> Self {
        Self {
            jar,
            salt: String::new(),
            max_age: None,
            now: None,
        }
    }

    /// Names the purpose of the cookie: what is signed with one salt fits no other. None unless it
    /// is said, as in Django.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
    /// # let jar = layer.jar(&http::Request::new(()));
    /// jar.signed().salt("login").set(("user", "42"))?;
    /// # let signed = jar.queued()[0].value().to_owned();
    /// # let header = format!("user={signed}");
    /// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
    /// assert!(jar.signed().get("user").is_err());
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn salt(mut self, salt: impl Into<String>) -> Self {
        self.salt = salt.into();
        self
    }

    /// How long ago [`get`](Self::get) lets a value have been signed; any time unless it is said.
    ///
    /// It is not the lifetime of the cookie, which the client may ignore; say that too, in `set`.
    /// Until then a copy of the value is good, even after a logout. With `Duration::ZERO` all have
    /// expired but those of this very moment.
    ///
    /// ```
    /// use std::time::Duration;
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
    /// # let jar = layer.jar(&http::Request::new(()));
    /// # jar.signed().set(("user", "42"))?;
    /// # let header = format!("user={}", jar.queued()[0].value());
    /// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
    ///
    /// let two_weeks = Duration::from_secs(14 * 24 * 60 * 60);
    /// assert_eq!(jar.signed().max_age(two_weeks).get("user")?, "42");
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Signs and reads as if it were `now`: for tests of what expires.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
    /// # let jar = layer.jar(&http::Request::new(()));
    ///
    /// let week = Duration::from_secs(7 * 24 * 60 * 60);
    /// jar.signed().with_time(SystemTime::now() - 2 * week).set(("user", "42"))?;
    /// # let header = format!("user={}", jar.queued()[0].value());
    /// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
    ///
    /// // In the next request:
    /// let error = jar.signed().max_age(week).get("user").unwrap_err();
    /// assert!(matches!(error, CookieError::SignatureExpired { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn with_time(mut self, now: SystemTime) -> Self {
        self.now = Some(now);
        self
    }

    /// The value of a signed cookie: Django's `request.get_signed_cookie`.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingCookie`] if the request has no such cookie, [`CookieError::BadSignature`] if
    /// it was forged or signed with another key, name or salt, [`CookieError::SignatureExpired`] if
    /// it was signed longer than [`max_age`](Self::max_age) ago, and [`CookieError::MissingKey`] if
    /// the layer has no [`secret_key`](crate::CookieLayer::secret_key).
    ///
    /// A forged cookie comes back with each request, and so does one whose key was dropped: treat
    /// it as missing, and delete it.
    pub fn get(&self, name: &str) -> Result<String, CookieError> {
        Seal::get(self, &self.jar, name)
    }

    /// Signs the cookie's value and queues it: Django's `response.set_signed_cookie`.
    ///
    /// # Errors
    ///
    /// Those of [`CookieJar::set`], and [`CookieError::MissingKey`] if the layer has no
    /// [`secret_key`](crate::CookieLayer::secret_key).
    pub fn set<'c>(&self, cookie: impl Into<Cookie<'c>>) -> Result<(), CookieError> {
        Seal::set(self, &self.jar, &cookie.into())
    }

    fn signer(&self, name: &str) -> Result<&TimestampSigner, CookieError> {
        let signer = self.jar.settings().signing.signer();
        signer.map_err(|setting| CookieError::MissingKey {
            name: shown(name),
            setting,
        })
    }
}

impl Seal for SignedJar {
    fn seal(&self, name: &str, value: &str) -> Result<String, CookieError> {
        let signer = self.signer(name)?;
        Ok(signer.sign_salted(&salt(name, &self.salt), self.now, value))
    }

    fn written(sealed: &str) -> Value<'_> {
        Value::Quoted(sealed)
    }

    /// Django's `_unsign_cookie`.
    fn open(&self, name: &str, sealed: &str) -> Result<String, CookieError> {
        let signer = self.signer(name)?;
        let open = |salt: &str| signer.verify_salted(salt, self.now, sealed, self.max_age);
        let mut opened = open(&salt(name, &self.salt));
        if matches!(opened, Err(SignatureError::BadSignature))
            && self.jar.settings().signing.legacy_salt_fallback()
        {
            opened = open(&[name, &self.salt].concat());
        }
        opened.map(str::to_owned).map_err(|error| match error {
            SignatureError::SignatureExpired { age, max_age } => CookieError::SignatureExpired {
                name: name.into(),
                age,
                max_age,
            },
            _ => CookieError::BadSignature { name: name.into() },
        })
    }
}

/// Django's `_cookie_signer_salt`: the length keeps `("a", "bc")` and `("ab", "c")` apart.
fn salt(name: &str, salt: &str) -> String {
    let len = salt.chars().count().to_string();
    ["django.http.cookies.v2:", &len, ":", salt, name].concat()
}
