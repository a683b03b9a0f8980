//! `Sessions`: Django's session cookie, and the keys and expiry of sessions.

use std::borrow::Cow;

use cookie::time::{Duration, OffsetDateTime};
use cookie::{Cookie, SameSite};

use crate::contrib::expiry::SessionExpiry;
use crate::contrib::random::random_string;
use crate::contrib::session::Session;
use crate::display::display_name;
use crate::error::CookieError;
use crate::jar::CookieJar;
use crate::set_cookie::lifetime::Lifetime;
use crate::signing::SecretKey;

/// Django's `VALID_KEY_CHARS`.
const KEY_CHARS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl CookieJar {
    /// Returns access to Django's sessions, with the layer's
    /// [`secret_key`](crate::CookieLayer::secret_key), which must be Django's `SECRET_KEY`.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let jar = layer.jar(&http::Request::new(()));
    /// assert_eq!(jar.sessions().key(), None);
    /// # Ok::<(), CookieError>(())
    /// ```
    ///
    /// See [`Sessions`] for an example that finds the user who is logged in.
    pub fn sessions(&self) -> Sessions {
        Sessions {
            jar: self.clone(),
            name: Cow::Borrowed("sessionid"),
            max_age: None,
            now: None,
        }
    }
}

/// Reads and writes the sessions of a Django site: `django.contrib.sessions`.
///
/// This type does not access the database. Your code loads the session's row by its session key,
/// and this type verifies and decodes the row. Django's setting `SESSION_ENGINE` selects the
/// engine, which defines where sessions are stored:
///
/// | engine | where a session is stored | read | write |
/// |---|---|---|---|
/// | `db` (default), `cached_db` (`db` with a cache) | table `django_session` | [`key`](Self::key), [`decode`](Self::decode) | [`encode`](Self::encode), [`set_key`](Self::set_key) |
/// | `file` | the file `sessionid` + session key in the directory `SESSION_FILE_PATH` | [`key`](Self::key), [`decode`](Self::decode) | [`encode`](Self::encode), [`set_key`](Self::set_key) |
/// | `signed_cookies` | the cookie itself | [`from_cookie`](Self::from_cookie) | [`set_cookie`](Self::set_cookie) |
/// | `cache` | a cache, as a pickle (Python's own binary format) | not possible | not possible |
///
/// # Who is logged in
///
/// A session contains an HMAC of the password hash in the user's row. The check compares the two.
/// So a changed password ends the user's other sessions, both in Django and here.
///
/// ```
/// use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
/// # struct User { name: String, password: String, is_active: bool }
/// # struct Database { row: String }
/// # impl Database {
/// #     // SELECT session_data FROM django_session WHERE session_key = ? AND expire_date > ?
/// #     fn session_data(&self, key: &str) -> Option<String> { Some(self.row.clone()) }
/// #     // SELECT username, password, is_active FROM auth_user WHERE id = ?
/// #     fn user(&self, id: &str) -> Option<User> {
/// #         Some(User { name: "ann".into(), password: "pbkdf2_sha256$…".into(), is_active: true })
/// #     }
/// # }
///
/// // session_data: SELECT session_data FROM django_session
/// //               WHERE session_key = ? AND expire_date > ?, with the current time in UTC
/// // user:         SELECT username, password, is_active FROM auth_user WHERE id = ?
/// fn logged_in_user(jar: &CookieJar, db: &Database) -> Result<Option<User>, CookieError> {
///     let sessions = jar.sessions();
///     let Some(data) = sessions.key().and_then(|key| db.session_data(key)) else {
///         return Ok(None);
///     };
///     let session = match sessions.decode(data) {
///         Ok(session) => session,
///         // The session was forged or has expired: nobody is logged in.
///         Err(error) if error.status().is_client_error() => return Ok(None),
///         Err(error) => return Err(error),
///     };
///     let Some(user) = session.user_id().and_then(|id| db.user(&id)) else {
///         return Ok(None);
///     };
///     let is_login = user.is_active && sessions.is_login(&session, &user.password)?;
///     Ok(is_login.then_some(user))
/// }
///
/// // The layer has Django's SECRET_KEY and SECRET_KEY_FALLBACKS.
/// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
/// # let mut session = tower_django_cookies::Session::new();
/// # let sessions = layer.jar(&http::Request::new(())).sessions();
/// # let backend = "django.contrib.auth.backends.ModelBackend";
/// # sessions.log_in(&mut session, "42", backend, "pbkdf2_sha256$…")?;
/// # let db = Database { row: sessions.encode(&session)? };
/// # let request = http::Request::builder().header("cookie", "sessionid=0123456789abcdef");
/// # let jar = layer.jar(&request.body(()).unwrap());
/// assert_eq!(logged_in_user(&jar, &db)?.unwrap().name, "ann");
/// # Ok::<(), CookieError>(())
/// ```
///
/// With several authentication backends, also compare [`Session::backend`] with Django's setting
/// `AUTHENTICATION_BACKENDS`. `Sessions` is `Send`, so an async handler can hold it across the `.await`
/// of a database query.
///
/// If the user exists and is active but [`is_login`](Self::is_login) returns `false`, the password was
/// changed. Django then deletes the session. Do the same, and do not show its contents.
///
/// # Write a session
///
/// Store a changed session with an `UPDATE`, never with an upsert. If the `UPDATE` matches no row,
/// the user has logged out in the meantime, and an upsert would log the user in again. Django's
/// `SessionStore.save` raises `UpdateError` in this case. With `MySQL`, set the client flag
/// `CLIENT_FOUND_ROWS`, as Django does. Without it, an `UPDATE` that writes equal data reports no row.
///
/// ```sql
/// UPDATE django_session SET session_data = ?, expire_date = ? WHERE session_key = ?
/// ```
///
/// For a visitor without a session, insert a row with a [new key](Self::new_key), and set the cookie
/// with [`set_key`](Self::set_key). Never insert a row with a key from a request.
///
/// ```sql
/// INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, ?, ?)
/// ```
///
/// `session_data` is the result of [`encode`](Self::encode), and `expire_date` is the result of
/// [`expires_at`](Self::expires_at). With the engine `cached_db`, also delete the session from
/// Django's cache. Otherwise, Django keeps reading the copy in the cache.
///
/// # Log out
///
/// In the handler of a `POST` with a valid CSRF token, first delete the row, and then the cookie with
/// [`delete_cookie`](Self::delete_cookie). If the row is not deleted, a copy of the cookie stays valid.
///
/// ```sql
/// DELETE FROM django_session WHERE session_key = ?
/// ```
///
/// # The cookie
///
/// [Declare](crate::CookieLayer::declare) the session cookie with Django's settings
/// `SESSION_COOKIE_…`. A declaration without Max-Age corresponds to Django's setting
/// `SESSION_EXPIRE_AT_BROWSER_CLOSE = True`.
/// If the cookie is not declared, it has Django's defaults: `sessionid`, two weeks, `Path=/`,
/// `HttpOnly` and `SameSite=Lax`.
///
/// The README of the example `beside_django` shows how to take over a path of a Django site. It has a
/// table of these settings, the SQL for each database, and a list of common mistakes.
#[derive(Clone, Debug)]
#[must_use]
pub struct Sessions {
    pub(super) jar: CookieJar,
    pub(super) name: Cow<'static, str>,
    max_age: Option<Duration>,
    /// `None` means the system clock.
    pub(super) now: Option<OffsetDateTime>,
}

impl Sessions {
    /// Sets the name of the session cookie: Django's `SESSION_COOKIE_NAME`. The default is
    /// `sessionid`.
    ///
    /// ```
    /// # use tower_django_cookies::CookieLayer;
    /// # let request = http::Request::builder().header("cookie", "shop=f81d4fae7dec").body(())?;
    /// # let jar = CookieLayer::new().jar(&request);
    /// // Cookie: shop=f81d4fae7dec
    /// assert_eq!(jar.sessions().cookie_name("shop").key(), Some("f81d4fae7dec"));
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn cookie_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets how long a session is valid after it was last stored: Django's `SESSION_COOKIE_AGE`.
    ///
    /// The default is the declared Max-Age of the session cookie, or else two weeks, as in Django. A
    /// session can have another [expiry](Session::set_expiry).
    ///
    /// ```
    /// use tower_django_cookies::time::{Duration, OffsetDateTime};
    /// # use tower_django_cookies::{CookieError, CookieLayer, Session};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// let now = OffsetDateTime::now_utc();
    /// let sessions = jar.sessions().max_age(Duration::DAY).with_time(now);
    /// assert_eq!(sessions.expires_at(&Session::new())?, now + Duration::DAY);
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Uses `now` as the current time, for tests of expiry. The cookie's `expires` attribute still
    /// uses the system clock.
    ///
    /// ```
    /// use tower_django_cookies::SessionExpiry;
    /// use tower_django_cookies::time::{Duration, OffsetDateTime};
    /// # use tower_django_cookies::{CookieError, CookieLayer, Session};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// let mut session = Session::new();
    /// session.set_expiry(SessionExpiry::Inactivity(Duration::HOUR));
    /// let data = jar.sessions().encode(&session)?;
    ///
    /// let later = OffsetDateTime::now_utc() + Duration::hours(2);
    /// let error = jar.sessions().with_time(later).decode(data).unwrap_err();
    /// assert!(matches!(error, CookieError::SessionExpired { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn with_time(mut self, now: OffsetDateTime) -> Self {
        self.now = Some(now);
        self
    }

    /// Returns the session key in the cookie, for the engines `db`, `cached_db` and `file`: Django's
    /// `request.session.session_key`. The key borrows from this `Sessions`,
    /// so keep the `Sessions` in a variable.
    ///
    /// Returns `None` if there is no cookie, or if its value cannot be a key that Django generated.
    /// Such a key has at least 8 characters, and only `a`–`z` and `0`–`9`, so it is safe in a file
    /// name. If the request has several cookies of this name, the last one with a valid key is
    /// used.
    ///
    /// ```
    /// # use tower_django_cookies::CookieLayer;
    /// # let jar = |cookie| {
    /// #     let request = http::Request::builder().header("cookie", cookie).body(()).unwrap();
    /// #     CookieLayer::new().jar(&request)
    /// # };
    /// let jar1 = jar("sessionid=f81d4fae7dec11d0a76500a0c91e6bf6");
    /// assert_eq!(jar1.sessions().key(), Some("f81d4fae7dec11d0a76500a0c91e6bf6"));
    /// let jar2 = jar("sessionid=../../etc/passwd");
    /// assert_eq!(jar2.sessions().key(), None);
    /// ```
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        let mut last = None;
        for value in self.jar.get_all(&self.name) {
            if is_key(value) {
                last = Some(value);
            }
        }
        last
    }

    /// Returns a new random session key of 32 characters: Django's `_get_new_session_key`.
    ///
    /// # Errors
    ///
    /// [`CookieError::NoRandomBytes`] if the operating system returns no random bytes.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, Sessions};
    ///
    /// assert_eq!(Sessions::new_key()?.len(), 32);
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn new_key() -> Result<String, CookieError> {
        random_string(32, KEY_CHARS)
    }

    /// Sets the session cookie to the key of a session that you have stored, for the engines `db`,
    /// `cached_db` and `file`.
    ///
    /// The lifetime of the cookie is the session's [expiry](Session::expiry).
    ///
    /// # Errors
    ///
    /// The errors of [`CookieJar::set`], and [`CookieError::UnreadableEntry`] if the session's expiry
    /// cannot be read.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer, Session, Sessions};
    /// # let jar = CookieLayer::new().jar(&http::Request::new(()));
    ///
    /// let key = Sessions::new_key()?;
    /// // INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, ?, ?)
    /// jar.sessions().set_key(&key, &Session::new())?;
    /// assert_eq!(jar.queued()[0].value(), key);
    /// assert_eq!(jar.queued()[0].http_only(), Some(true));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn set_key(&self, key: &str, session: &Session) -> Result<(), CookieError> {
        self.set_value(key.to_owned(), session)
    }

    /// Deletes the session cookie, as Django does after a logout. Also delete the session's row or file.
    ///
    /// # Errors
    ///
    /// The errors of [`CookieJar::delete`].
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let jar = CookieLayer::new().jar(&http::Request::new(()));
    /// // DELETE FROM django_session WHERE session_key = ?
    /// jar.sessions().delete_cookie()?;
    /// assert_eq!(jar.queued()[0].name(), "sessionid");
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn delete_cookie(&self) -> Result<(), CookieError> {
        let cookie = Cookie::build(self.name.to_string());
        let cookie = if self.is_declared() {
            cookie
        } else {
            cookie.same_site(SameSite::Lax)
        };
        self.jar.delete(cookie)
    }

    /// Returns when a session that is stored now expires, for the column `expire_date`: Django's
    /// `get_expiry_date`.
    ///
    /// With `SQLite`, Django compares this column as text. So write it in UTC and with all digits, as in
    /// `2026-11-27 07:03:24.000000`. `OffsetDateTime::to_string` writes fewer digits.
    ///
    /// # Errors
    ///
    /// [`CookieError::UnreadableEntry`] if the session's expiry cannot be read.
    ///
    /// ```
    /// use tower_django_cookies::time::{Duration, OffsetDateTime};
    /// use tower_django_cookies::{CookieError, CookieLayer, Session};
    /// # let jar = CookieLayer::new().jar(&http::Request::new(()));
    ///
    /// let now = OffsetDateTime::now_utc();
    /// let expire_date = jar.sessions().with_time(now).expires_at(&Session::new())?;
    /// assert_eq!(expire_date - now, Duration::weeks(2));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn expires_at(&self, session: &Session) -> Result<OffsetDateTime, CookieError> {
        Ok(match session.expiry()? {
            SessionExpiry::At(date) => date,
            SessionExpiry::Inactivity(duration) => self.now().saturating_add(duration),
            SessionExpiry::Default | SessionExpiry::BrowserClose => {
                self.now().saturating_add(self.age())
            }
        })
    }

    pub(super) fn set_value(&self, value: String, session: &Session) -> Result<(), CookieError> {
        let is_declared = self.is_declared();
        let mut cookie = Cookie::new(self.name.to_string(), value);
        match session.expiry()? {
            // A declared cookie has the declared lifetime.
            SessionExpiry::Default if is_declared => {}
            SessionExpiry::Default => cookie.set_max_age(self.age()),
            SessionExpiry::BrowserClose => cookie.set_expires(None),
            SessionExpiry::Inactivity(duration) => cookie.set_max_age(duration),
            SessionExpiry::At(date) => {
                let left = date - self.now();
                let is_rounded_up = left.subsec_nanoseconds() < 0;
                let seconds = left.whole_seconds() - i64::from(is_rounded_up);
                cookie.set_max_age(Duration::seconds(seconds));
            }
        }
        if !is_declared {
            cookie.set_http_only(true);
            cookie.set_same_site(SameSite::Lax);
        }
        self.jar.set(cookie)
    }

    fn is_declared(&self) -> bool {
        let declaration = self.jar.config().declaration_to_set(&self.name);
        !matches!(declaration, Ok(None))
    }

    /// Django's `SESSION_COOKIE_AGE`.
    pub(super) fn age(&self) -> Duration {
        let declared = || {
            let declaration = self.jar.config().declaration_to_set(&self.name).ok()??;
            match declaration.lifetime()? {
                Lifetime::MaxAge(max_age) => Some(max_age),
                _ => None,
            }
        };
        self.max_age.or_else(declared).unwrap_or(Duration::weeks(2))
    }

    pub(super) fn now(&self) -> OffsetDateTime {
        self.now.unwrap_or_else(OffsetDateTime::now_utc)
    }

    /// The layer's secret key and its fallbacks.
    pub(super) fn keys(&self) -> Result<(&SecretKey, &[SecretKey]), CookieError> {
        let keys = self.jar.config().signing.keys();
        keys.ok_or_else(|| CookieError::MissingKey {
            name: display_name(&self.name),
            setting: "secret_key",
        })
    }
}

/// Django's `_validate_session_key`, but allows only characters that Django uses in new keys.
fn is_key(value: &str) -> bool {
    value.len() >= 8 && value.bytes().all(|byte| KEY_CHARS.contains(&byte))
}
