//! Reads the session and the user of a request, and stores changes, for two of Django's engines.

use tower_django_cookies::{CookieJar, Session, Sessions};

use crate::database::{Database, User};
use crate::failure::Failure;

/// The only entry of Django's setting `AUTHENTICATION_BACKENDS`.
const BACKEND: &str = "django.contrib.auth.backends.ModelBackend";

/// Django's `SESSION_ENGINE`.
#[derive(Clone, Copy)]
pub(crate) enum Engine {
    Database,
    SignedCookies,
}

pub(crate) struct Site {
    pub(crate) database: Database,
    pub(crate) engine: Engine,
}

/// The session of a request.
pub(crate) struct Visit {
    pub(crate) session: Session,
    /// The user, if one is logged in.
    pub(crate) user: Option<User>,
    /// The key of the session's row, if it has one.
    key: Option<String>,
}

impl Site {
    /// Reads the session, and finds the user who is logged in. A session that is forged, truncated or
    /// expired is read as an empty one, as in Django.
    fn read(&self, jar: &CookieJar) -> Result<Visit, Failure> {
        let sessions = jar.sessions();
        let (key, session) = match (self.engine, sessions.key()) {
            (Engine::SignedCookies, _) => (None, sessions.from_cookie()),
            (Engine::Database, None) => (None, Ok(Session::new())),
            (Engine::Database, Some(key)) => match self.database.session_data(key)? {
                Some(data) => (Some(key.to_owned()), sessions.decode(data)),
                None => (None, Ok(Session::new())),
            },
        };
        let session = match session {
            Err(error) if error.status().is_client_error() => Session::new(),
            session => session?,
        };
        let user = self.user_of(&session)?;
        let hash = user.as_ref().map_or("", |user| &user.password);
        let is_login = sessions.is_login(&session, hash)?;
        let user = user.filter(|_| is_login);
        Ok(Visit { session, user, key })
    }

    /// Finds the active user whose id is in the session. Does not verify the login.
    fn user_of(&self, session: &Session) -> Result<Option<User>, Failure> {
        match session.user_id() {
            Some(id) if session.backend().as_deref() == Some(BACKEND) => {
                Ok(self.database.active_user("id", &id)?)
            }
            _ => Ok(None),
        }
    }

    /// Reads the session, and renews a login that was made with a previous secret key. Deletes the
    /// session if its login is not valid, for example after a changed password. Django's `get_user`
    /// does the same. As in Django, the session of an inactive user or of another backend is kept.
    pub(crate) fn visit(&self, jar: &CookieJar) -> Result<Visit, Failure> {
        let mut visit = self.read(jar)?;
        if let Some(user) = &visit.user {
            if jar
                .sessions()
                .renew_login(&mut visit.session, &user.password)?
            {
                self.save_with_new_key(jar, &mut visit)?;
            }
        } else if self.user_of(&visit.session)?.is_some() {
            self.log_out(jar, &mut visit)?;
        }
        Ok(visit)
    }

    /// Stores a changed session, as Django's `SessionMiddleware` does.
    pub(crate) fn save(&self, jar: &CookieJar, visit: &mut Visit) -> Result<(), Failure> {
        let (Engine::Database, Some(key)) = (self.engine, &visit.key) else {
            return self.save_with_new_key(jar, visit);
        };
        let (sessions, session) = (jar.sessions(), &visit.session);
        let (data, expires) = (sessions.encode(session)?, sessions.expires_at(session)?);
        if !self.database.update_session(key, &data, expires)? {
            return Err(Failure::SessionDeleted);
        }
        Ok(sessions.set_key(key, session)?)
    }

    /// Stores the session under a new session key and deletes the previous row: Django's
    /// `cycle_key`.
    fn save_with_new_key(&self, jar: &CookieJar, visit: &mut Visit) -> Result<(), Failure> {
        let (sessions, session) = (jar.sessions(), &visit.session);
        let Engine::Database = self.engine else {
            return Ok(sessions.set_cookie(session)?);
        };
        let (data, expires) = (sessions.encode(session)?, sessions.expires_at(session)?);
        let key = Sessions::new_key()?;
        if !self
            .database
            .insert_session(&key, &data, expires, visit.key.as_deref())?
        {
            return Err(Failure::SessionDeleted);
        }
        sessions.set_key(&key, session)?;
        visit.key = Some(key);
        Ok(())
    }

    /// Logs a user in, after the password was checked: Django's `login`.
    pub(crate) fn log_in(
        &self,
        jar: &CookieJar,
        visit: &mut Visit,
        user: User,
    ) -> Result<(), Failure> {
        let id = user.id.to_string();
        jar.sessions()
            .log_in(&mut visit.session, &id, BACKEND, &user.password)?;
        self.save_with_new_key(jar, visit)?;
        jar.csrf().rotate()?;
        self.database.set_last_login(user.id)?;
        visit.user = Some(user);
        Ok(())
    }

    /// Keeps the user logged in after a change of the password. All other sessions of the user end:
    /// Django's `update_session_auth_hash`.
    pub(crate) fn keep_login(
        &self,
        jar: &CookieJar,
        visit: &mut Visit,
        password: &str,
    ) -> Result<(), Failure> {
        jar.sessions().update_login(&mut visit.session, password)?;
        self.save_with_new_key(jar, visit)
    }

    /// Deletes the session: Django's `logout`.
    pub(crate) fn log_out(&self, jar: &CookieJar, visit: &mut Visit) -> Result<(), Failure> {
        if let Some(key) = visit.key.take() {
            self.database.delete_session(&key)?;
        }
        visit.user = None;
        visit.session = Session::new();
        Ok(jar.sessions().delete_cookie()?)
    }
}
