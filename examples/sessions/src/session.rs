//! The middleware: passes tower-sessions' `Session` to handlers, saves it, and sets the cookie with its id in the
//! `CookieJar`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{Response, Result};
use tower_django_cookies::{Cookie, CookieJar, Expiration};
use tower_sessions::session::{Error, Id};
use tower_sessions::{Expiry, Session, SessionStore};

/// The configuration of [`manage`]. The scope of the cookie is that of its declaration.
#[derive(Clone, Debug)]
pub struct Sessions<Store> {
    pub store: Arc<Store>,
    /// The name of the declared cookie.
    pub cookie: &'static str,
    /// The lifetime of sessions for which a handler does not set another one.
    pub expiry: Expiry,
    /// Also saves sessions that were not modified, so that reading a session extends it.
    pub always_save: bool,
}

/// Puts a [`Session`] into the request. Saves it and sets the cookie if the session was modified. Deletes the cookie if the
/// session was flushed, if the store does not know its id, or if the cookie contains no id.
///
/// # Errors
///
/// Status 500 if the session cannot be saved, and the status of the [`CookieError`](tower_django_cookies::CookieError) if
/// browsers would reject the cookie. The response then sets no session cookie.
pub async fn manage<Store: SessionStore + Clone>(
    State(config): State<Sessions<Store>>,
    jar: CookieJar,
    mut request: Request,
    next: Next,
) -> Result<Response> {
    let name = config.cookie;
    let cookie = jar.get(name);
    let id: Option<Id> = cookie.and_then(|text| text.parse().ok());
    // This does not load the session. Its methods do.
    let session = Session::new(id, config.store, Some(config.expiry));
    request.extensions_mut().insert(session.clone());

    let response = next.run(request).await;

    if session.is_empty().await {
        if cookie.is_some() {
            jar.delete(name)?;
        }
    } else if (session.is_modified() || config.always_save) && !response.status().is_server_error()
    {
        if id.is_some() && session.id().is_none() {
            // A session that was flushed and then changed would be stored with its previous id (session fixation). An error
            // here only means that the store cannot delete that id again.
            session.cycle_id().await.ok();
        }
        session.save().await.map_err(internal_error)?;
        // The id is missing if a task that the handler started has flushed the session in the meantime.
        let id = session.id().ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        let cookie = Cookie::build((name, id.to_string()));
        jar.set(match session.expiry() {
            Some(Expiry::OnInactivity(duration)) => cookie.max_age(duration),
            Some(Expiry::AtDateTime(date)) => cookie.expires(date),
            // Without this, `set` would use the lifetime of the declaration.
            Some(Expiry::OnSessionEnd) | None => cookie.expires(Expiration::Session),
        })?;
    }
    Ok(response)
}

/// Logs the error, and responds with status 500.
#[expect(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
pub(crate) fn internal_error(error: Error) -> StatusCode {
    eprintln!("session: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}
