//! Reads and writes signed sessions in database rows, files and cookies.

use cookie::time::Duration;

use crate::contrib::expiry::SessionExpiry;
use crate::contrib::json::{JsonError, from_latin1, to_latin1};
use crate::contrib::session::Session;
use crate::contrib::sessions::Sessions;
use crate::display::display_name;
use crate::error::{CookieError, SessionReason};
use crate::events;
use crate::jar::secure::{Scheme, last_verified};
use crate::signing::{
    DEFAULT_INFLATE_LIMIT, PayloadReason, SignatureError, TimestampSigner, pack, unpack,
};

/// `django.contrib.sessions.SessionStore`, the salt of the engines `db`, `cached_db` and `file`.
const STORE_SALT: &str = "django.contrib.sessions.SessionStore";
/// The salt of the engine `signed_cookies`.
const COOKIE_SALT: &str = "django.contrib.sessions.backends.signed_cookies";

impl Sessions {
    /// Verifies and decodes a session from the column `session_data` or from a session file: Django's
    /// `SessionStore.decode`.
    ///
    /// If the session has its own [expiry](Session::set_expiry), it is checked here. (Django's
    /// engine `file` ignores an expiry in seconds.) Your code must check the expiry of other
    /// sessions. A row expires at its `expire_date`, which your `SELECT` checks. A file expires
    /// `SESSION_COOKIE_AGE` after it was last modified.
    ///
    /// # Errors
    ///
    /// Django treats a forged, expired or pickled session as an empty one.
    ///
    /// - [`CookieError::MissingKey`] if the layer has no [`secret_key`](crate::CookieLayer::secret_key).
    /// - [`CookieError::BadSignature`] if the data were forged, or signed with another key.
    /// - [`CookieError::SessionExpired`] if the session's own expiry has passed.
    /// - [`CookieError::UnreadableEntry`] if that expiry cannot be read.
    /// - [`CookieError::InvalidSession`] if the data are pickled, as by the engine `cache`, are not
    ///   a JSON object, are nested more than 1000 levels deep, or inflate to more than 1 MiB.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer, Session};
    ///
    /// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let sessions = layer.jar(&http::Request::new(())).sessions();
    /// let mut session = Session::new();
    /// session.insert("visits", &1)?;
    /// let data = sessions.encode(&session)?;
    /// assert_eq!(sessions.decode(&data)?.get("visits")?, Some(1));
    ///
    /// let error = sessions.decode(format!("x{data}")).unwrap_err();
    /// assert!(matches!(error, CookieError::BadSignature { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn decode(&self, session_data: impl AsRef<[u8]>) -> Result<Session, CookieError> {
        let data = session_data.as_ref();
        self.signer()
            .and_then(|signer| {
                // A pickle starts with 0x80, or with `gA` in base64, which Django's database cache
                // uses.
                if data.starts_with(b"\x80") || data.starts_with(b"gA") {
                    return Err(self.invalid(SessionReason::Pickled));
                }
                let text = std::str::from_utf8(data).map_err(|_| self.bad_signature())?;
                self.verify(&signer, STORE_SALT, text, None)
            })
            .inspect_err(|error| match error {
                CookieError::BadSignature { .. } => events::session_refused(&self.name, error),
                error => events::refused("get", &self.name, error),
            })
    }

    /// Encodes and signs a session for the column `session_data` or for a session file: Django's
    /// `SessionStore.encode`.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingKey`] if the layer has no [`secret_key`](crate::CookieLayer::secret_key), and
    /// [`CookieError::InvalidSession`] if the session takes more than 1 MiB as JSON.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer, Session};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// let session_data = jar.sessions().encode(&Session::new())?;
    /// assert!(session_data.starts_with("e30:")); // `{}` in base64
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn encode(&self, session: &Session) -> Result<String, CookieError> {
        let signer = self.signer()?;
        self.sign(&signer, STORE_SALT, session)
    }

    /// Verifies and decodes the session in the session cookie, for the engine `signed_cookies`: Django's
    /// `signed_cookies.SessionStore.load`.
    ///
    /// A session that is older than [`max_age`](Self::max_age) is refused, as in Django. A session
    /// whose own expiry has passed is refused too; Django relies on the browser for this. If the
    /// request has several cookies of this name, the last valid one among the last 8 is used.
    ///
    /// # Errors
    ///
    /// The errors of [`decode`](Self::decode), [`CookieError::MissingCookie`] if the request has no
    /// session cookie, and [`CookieError::SignatureExpired`] if the session is too old. If the
    /// error has [status](CookieError::status) 400, treat the session as empty.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieJar, CookieLayer, Session};
    ///
    /// fn session(jar: &CookieJar) -> Result<Session, CookieError> {
    ///     match jar.sessions().from_cookie() {
    ///         Err(error) if error.status().is_client_error() => Ok(Session::new()),
    ///         other => other,
    ///     }
    /// }
    ///
    /// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// assert!(session(&layer.jar(&http::Request::new(())))?.is_empty());
    /// # Ok::<(), CookieError>(())
    /// ```
    #[allow(
        clippy::wrong_self_convention,
        reason = "the opposite of `set_cookie`, not a conversion"
    )]
    pub fn from_cookie(&self) -> Result<Session, CookieError> {
        let max_age = self.age();
        let signer = self
            .signer()
            .inspect_err(|error| events::refused("get", &self.name, error))?;
        let is_expired = |error: &CookieError| {
            matches!(
                error,
                CookieError::SignatureExpired { .. } | CookieError::SessionExpired { .. }
            )
        };
        last_verified(
            &self.jar,
            &self.name,
            &[Scheme::Current],
            is_expired,
            |value, _| self.verify(&signer, COOKIE_SALT, value, Some(max_age)),
        )
    }

    /// Sets the session cookie to the session itself, for the engine `signed_cookies`.
    ///
    /// The lifetime of the cookie is the session's [expiry](Session::expiry).
    ///
    /// Clients can read the session, so do not store secrets in it. A copy of the cookie stays
    /// valid until it is older than [`max_age`](Self::max_age), even after a logout.
    ///
    /// # Errors
    ///
    /// The errors of [`CookieJar::set`](crate::CookieJar::set), such as [`CookieError::TooLong`];
    /// [`CookieError::MissingKey`]
    /// if the layer has no [`secret_key`](crate::CookieLayer::secret_key); and
    /// [`CookieError::UnreadableEntry`] if the session's expiry cannot be read.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer, Session};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// let mut session = Session::new();
    /// session.insert("visits", &1)?;
    /// jar.sessions().set_cookie(&session)?;
    /// # let header = format!("sessionid={}", jar.queued()[0].value());
    /// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
    ///
    /// // In the next request:
    /// assert_eq!(jar.sessions().from_cookie()?.get("visits")?, Some(1));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn set_cookie(&self, session: &Session) -> Result<(), CookieError> {
        let signer = self
            .signer()
            .inspect_err(|error| events::refused("set", &self.name, error))?;
        let value = self
            .sign(&signer, COOKIE_SALT, session)
            .inspect_err(|error| events::refused("set", &self.name, error))?;
        self.set_value(value, session)
    }

    fn signer(&self) -> Result<TimestampSigner, CookieError> {
        let (key, fallbacks) = self.keys()?;
        Ok(TimestampSigner::new(key.clone()).fallbacks(fallbacks.iter().cloned()))
    }

    fn sign(
        &self,
        signer: &TimestampSigner,
        salt: &str,
        session: &Session,
    ) -> Result<String, CookieError> {
        let json = to_latin1(&session.to_json());
        if json.len() > DEFAULT_INFLATE_LIMIT {
            return Err(self.invalid(SessionReason::TooLong));
        }
        Ok(signer.sign_salted(&[salt], self.now, &pack(&json, true)))
    }

    fn verify(
        &self,
        signer: &TimestampSigner,
        salt: &str,
        signed: &str,
        max_age: Option<Duration>,
    ) -> Result<Session, CookieError> {
        let verified = signer.verify_salted(&[salt], self.now, signed, max_age);
        let unsigned = verified.map_err(|error| match error {
            SignatureError::SignatureExpired { age, max_age } => CookieError::SignatureExpired {
                name: display_name(&self.name),
                age,
                max_age,
            },
            _ => self.bad_signature(),
        })?;
        let json =
            unpack(unsigned.value, DEFAULT_INFLATE_LIMIT).map_err(|reason| match reason {
                PayloadReason::TooLong { .. } => self.invalid(SessionReason::TooLong),
                _ => self.invalid(SessionReason::NotJson),
            })?;
        if json.starts_with(b"\x80") {
            return Err(self.invalid(SessionReason::Pickled));
        }
        let session = Session::from_json(&from_latin1(&json)).map_err(|error| {
            self.invalid(match error {
                JsonError::Syntax => SessionReason::NotJson,
                JsonError::OtherType => SessionReason::NotObject,
                JsonError::TooDeep => SessionReason::TooDeep,
            })
        })?;
        let is_expired = match session.expiry()? {
            SessionExpiry::Default | SessionExpiry::BrowserClose => false,
            SessionExpiry::At(date) => date <= self.now(),
            SessionExpiry::Inactivity(duration) => {
                let end = unsigned.seconds.saturating_mul(1_000_000_000);
                let end = end.saturating_add(duration.whole_nanoseconds());
                end <= self.now().unix_timestamp_nanos()
            }
        };
        if is_expired {
            return Err(CookieError::SessionExpired {
                name: display_name(&self.name),
            });
        }
        Ok(session)
    }

    fn bad_signature(&self) -> CookieError {
        CookieError::BadSignature {
            name: display_name(&self.name),
        }
    }

    fn invalid(&self, reason: SessionReason) -> CookieError {
        CookieError::InvalidSession {
            name: display_name(&self.name),
            reason,
        }
    }
}
