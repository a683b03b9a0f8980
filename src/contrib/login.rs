//! Logins in a session: `django.contrib.auth`.

use crate::contrib::session::Session;
use crate::contrib::sessions::Sessions;
use crate::error::CookieError;
use crate::signing::{SaltedHmac, SecretKey, salted_hmac};

/// Django's `SESSION_KEY`, `BACKEND_SESSION_KEY` and `HASH_SESSION_KEY`.
const USER_ID: &str = "_auth_user_id";
const BACKEND: &str = "_auth_user_backend";
const HASH: &str = "_auth_user_hash";

/// The salt of `AbstractBaseUser.get_session_auth_hash`.
const SALT: &str = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash";

impl Session {
    /// Returns the primary key of the user who logged in, as text: `_auth_user_id`.
    ///
    /// The user may have changed the password since then, which ends the session. So check
    /// [`Sessions::is_login`] before you trust this id.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, Session};
    ///
    /// let mut session = Session::new();
    /// assert_eq!(session.user_id(), None);
    /// session.insert("_auth_user_id", "42")?;
    /// assert_eq!(session.user_id().unwrap(), "42");
    /// # Ok::<(), CookieError>(())
    /// ```
    #[must_use]
    pub fn user_id(&self) -> Option<String> {
        let value = self.raw(USER_ID)?;
        if value.starts_with('"') {
            return self.get(USER_ID).ok()?;
        }
        // Django converts an integer too.
        let digits = value.strip_prefix('-').unwrap_or(value);
        let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit());
        is_integer.then(|| value.to_owned())
    }

    /// Returns the Python path of the authentication backend, which is the class that checked the
    /// user's credentials: `_auth_user_backend`.
    ///
    /// Django's default is `django.contrib.auth.backends.ModelBackend`. Django treats a user as
    /// logged out if the backend is not in its setting `AUTHENTICATION_BACKENDS`.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, Session};
    ///
    /// let mut session = Session::new();
    /// session.insert("_auth_user_backend", "django.contrib.auth.backends.ModelBackend")?;
    /// assert_eq!(session.backend().unwrap(), "django.contrib.auth.backends.ModelBackend");
    /// # Ok::<(), CookieError>(())
    /// ```
    #[must_use]
    pub fn backend(&self) -> Option<String> {
        self.get(BACKEND).ok()?
    }
}

impl Sessions {
    /// Returns `true` if the session belongs to a user with this password hash: the check of
    /// `django.contrib.auth.get_user`.
    ///
    /// `password_hash` is the column `password` of the user whose id is
    /// [`session.user_id()`](Session::user_id). A custom user model can override
    /// `get_session_auth_hash`; then pass the text that it hashes. The check tries the layer's
    /// [`secret_key`](crate::CookieLayer::secret_key) and its fallbacks, and compares in constant time.
    ///
    /// This function does not check whether the user is active, and it does not check the
    /// [backend](Session::backend).
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingKey`] if the layer has no [`secret_key`](crate::CookieLayer::secret_key).
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer, Session};
    ///
    /// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let sessions = layer.jar(&http::Request::new(())).sessions();
    /// let backend = "django.contrib.auth.backends.ModelBackend";
    /// let mut session = Session::new();
    /// sessions.log_in(&mut session, "42", backend, "pbkdf2_sha256$…")?;
    ///
    /// assert!(sessions.is_login(&session, "pbkdf2_sha256$…")?);
    /// assert!(!sessions.is_login(&session, "the password was changed")?);
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn is_login(&self, session: &Session, password_hash: &str) -> Result<bool, CookieError> {
        Ok(self.matching_key(session, password_hash)?.is_some())
    }

    /// Renews a login that only a fallback secret key verifies, as `django.contrib.auth.get_user`
    /// does. Returns `true` if it did. The session then contains the hash for the current secret
    /// key.
    ///
    /// After `true`, store the session under a [new session key](Sessions::new_key) and delete the
    /// row of the previous session key, as Django does. A login that is not renewed ends when you
    /// remove the fallback secret key. `false` means that the login needs no renewal, or that
    /// nobody is logged in.
    ///
    /// While only one of two servers uses the new secret key, each server renews again the logins
    /// that the other one has renewed. So change the secret key on both servers within a short
    /// time.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingKey`] if the layer has no [`secret_key`](crate::CookieLayer::secret_key).
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer, Session};
    /// # let jar = |layer: &CookieLayer| layer.jar(&http::Request::new(()));
    ///
    /// let previous = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let present = CookieLayer::new()
    ///     .secret_key("0e4f2b1c9d8a7f6e5d4c3b2a19080706")?
    ///     .secret_key_fallbacks(["5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60"])?;
    /// let mut session = Session::new();
    /// let backend = "django.contrib.auth.backends.ModelBackend";
    /// jar(&previous).sessions().log_in(&mut session, "42", backend, "pbkdf2_sha256$…")?;
    ///
    /// let sessions = jar(&present).sessions();
    /// assert!(sessions.renew_login(&mut session, "pbkdf2_sha256$…")?);
    /// assert!(!sessions.renew_login(&mut session, "pbkdf2_sha256$…")?);
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn renew_login(
        &self,
        session: &mut Session,
        password_hash: &str,
    ) -> Result<bool, CookieError> {
        match self.matching_key(session, password_hash)? {
            None | Some(0) => Ok(false),
            Some(_) => {
                let hash = login_hash(password_hash, self.keys()?.0).hexdigest();
                session.insert(HASH, &hash)?;
                Ok(true)
            }
        }
    }

    /// Logs a user in: `django.contrib.auth.login`.
    ///
    /// The session of an anonymous visitor keeps its contents, such as a basket. The session of
    /// another user is emptied first. So is a session of the same user with a different password
    /// hash.
    ///
    /// Afterwards, do what Django does:
    ///
    /// 1. With the engines `db`, `cached_db` and `file`, store the session under a [new session
    ///    key](Sessions::new_key), and delete the row or file of the previous one. Otherwise an
    ///    attacker who knew the previous key would be logged in too (session fixation).
    /// 2. Set the cookie, with [`set_key`](Self::set_key) or [`set_cookie`](Self::set_cookie).
    /// 3. Change the CSRF token, with `jar.csrf().rotate()` (feature `csrf`).
    ///
    /// To log the user out, delete the row and the cookie ([`delete_cookie`](Self::delete_cookie)).
    ///
    /// `user_id` is the user's primary key as text, and `backend` is usually
    /// `django.contrib.auth.backends.ModelBackend`. `password_hash` is the column `password`: see
    /// [`is_login`](Self::is_login). This function does not check a password.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingKey`] if the layer has no [`secret_key`](crate::CookieLayer::secret_key).
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer, Session, Sessions};
    ///
    /// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let jar = layer.jar(&http::Request::new(()));
    /// let sessions = jar.sessions();
    /// let backend = "django.contrib.auth.backends.ModelBackend";
    /// let mut session = Session::new();
    /// sessions.log_in(&mut session, "42", backend, "pbkdf2_sha256$…")?;
    ///
    /// let key = Sessions::new_key()?;
    /// let (session_data, expire_date) = (sessions.encode(&session)?, sessions.expires_at(&session)?);
    /// // INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, ?, ?)
    /// sessions.set_key(&key, &session)?;
    /// assert_eq!(session.user_id().unwrap(), "42");
    /// # let _ = (session_data, expire_date);
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn log_in(
        &self,
        session: &mut Session,
        user_id: &str,
        backend: &str,
        password_hash: &str,
    ) -> Result<(), CookieError> {
        let (key, _) = self.keys()?;
        let hash = login_hash(password_hash, key);
        if session.raw(USER_ID).is_some() {
            let is_same_user = session.user_id().as_deref() == Some(user_id);
            if !is_same_user || !hash.matches_hex(&given_hash(session)) {
                session.clear();
            }
        }
        session.insert(USER_ID, user_id)?;
        session.insert(BACKEND, backend)?;
        session.insert(HASH, &hash.hexdigest())
    }

    /// Keeps the user logged in after the password was changed: `update_session_auth_hash`.
    ///
    /// `password_hash` is the new one. All other sessions of the user end, because their login hash no
    /// longer matches. Store this session under a [new session key](Sessions::new_key) and delete
    /// the row of the previous session key, as Django does. If nobody is logged in, nothing
    /// changes.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingKey`] if the layer has no [`secret_key`](crate::CookieLayer::secret_key).
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer, Session};
    ///
    /// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let sessions = layer.jar(&http::Request::new(())).sessions();
    /// let backend = "django.contrib.auth.backends.ModelBackend";
    /// let mut session = Session::new();
    /// sessions.log_in(&mut session, "42", backend, "the previous hash")?;
    ///
    /// sessions.update_login(&mut session, "the new hash")?;
    /// assert!(sessions.is_login(&session, "the new hash")?);
    /// assert!(!sessions.is_login(&session, "the previous hash")?);
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn update_login(
        &self,
        session: &mut Session,
        password_hash: &str,
    ) -> Result<(), CookieError> {
        let (key, _) = self.keys()?;
        if session.raw(USER_ID).is_none() {
            return Ok(());
        }
        session.insert(HASH, &login_hash(password_hash, key).hexdigest())
    }

    /// The index of the secret key that verifies the session's password hash: 0 is the layer's key,
    /// 1 is its first fallback.
    fn matching_key(
        &self,
        session: &Session,
        password_hash: &str,
    ) -> Result<Option<usize>, CookieError> {
        let (key, fallbacks) = self.keys()?;
        if session.user_id().is_none() || session.backend().is_none() {
            return Ok(None);
        }
        let given = given_hash(session);
        let mut keys = std::iter::once(key).chain(fallbacks);
        Ok(keys.position(|key| login_hash(password_hash, key).matches_hex(&given)))
    }
}

/// Django's `get_session_auth_hash`.
fn login_hash(password_hash: &str, key: &SecretKey) -> SaltedHmac {
    salted_hmac(SALT, password_hash, key)
}

/// The hash in the session, or an empty string, which matches no hash.
fn given_hash(session: &Session) -> String {
    session.get(HASH).ok().flatten().unwrap_or_default()
}
