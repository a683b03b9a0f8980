//! An axum app with tower-sessions, whose session cookie is declared in a `CookieLayer`.

pub mod session;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{Html, Redirect, Result};
use axum::routing::{get, post};
use tower_django_cookies::{Cookie, CookieError, CookieLayer, SameSite};
use tower_sessions::{Expiry, Session, SessionStore};

use crate::session::{Sessions, internal_error};

/// Browsers store a cookie with this prefix only if it is `Secure` and `HttpOnly` and has no Domain, and only at `/`.
pub const COOKIE: &str = "__Host-Http-id";

async fn home(session: Session) -> Result<Html<String>> {
    let user: Option<String> = session.get("user").await.map_err(internal_error)?;
    let basket: u32 = session
        .get("basket")
        .await
        .map_err(internal_error)?
        .unwrap_or(0);
    let (greeting, path, button) = match user {
        Some(user) => (format!("Hello, {user}."), "/logout", "Log out"),
        None => ("You are not logged in.".to_owned(), "/login", "Log in"),
    };
    Ok(Html(format!(
        "<!doctype html><title>sessions</title><h1>{greeting}</h1><p>Apples in your basket: {basket}</p>\
         <form method=post action=/basket><button>Add an apple</button></form>\
         <form method=post action={path}><button>{button}</button></form>"
    )))
}

/// Visitors who are not logged in have a basket too, which they keep when they log in.
async fn add(session: Session) -> Result<Redirect> {
    let basket: Option<u32> = session.get("basket").await.map_err(internal_error)?;
    let basket = basket.unwrap_or(0).saturating_add(1);
    session
        .insert("basket", basket)
        .await
        .map_err(internal_error)?;
    Ok(Redirect::to("/"))
}

/// A real app checks a password first.
async fn login(session: Session) -> Result<Redirect> {
    // An attacker who knows the id of the visitor's session must not share the login (session fixation).
    session.cycle_id().await.map_err(internal_error)?;
    session
        .insert("user", "Ann")
        .await
        .map_err(internal_error)?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect> {
    session.flush().await.map_err(internal_error)?;
    Ok(Redirect::to("/"))
}

/// The app, which stores its sessions in `store`.
///
/// # Errors
///
/// This declaration never fails. In your app, `declare` returns an error if browsers would reject the cookie.
pub fn app(store: impl SessionStore + Clone, expiry: Expiry) -> Result<Router, CookieError> {
    let cookie = Cookie::build(COOKIE).same_site(SameSite::Lax);
    let cookies = CookieLayer::new()
        .declare(cookie)?
        .deny_undeclared()
        .vary_on_cookie()
        .cache_control_private();
    let sessions = Sessions {
        store: Arc::new(store),
        cookie: COOKIE,
        expiry,
        always_save: false,
    };
    Ok(Router::new()
        .route("/", get(home))
        .route("/basket", post(add))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .layer(from_fn_with_state(sessions, session::manage))
        // The last layer is the outermost.
        .layer(cookies))
}
