//! The routes and their handlers, and the declaration of the session cookie.

use axum::Router;
use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::middleware::from_fn;
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{MethodRouter, get};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

use crate::fields::Fields;
use crate::guard::guard;
use crate::outcome::{Action, Outcome, Problem, render_page};

/// The page is served under two paths, to show the effect of a cookie's Path.
const BASE_PATHS: [&str; 2] = ["/", "/app/"];

pub(crate) fn router() -> Result<Router, CookieError> {
    let actions: [(&str, MethodRouter); 7] = [
        ("", get(home)),
        ("set", get(home).post(set)),
        ("delete", get(home).post(delete)),
        ("login", get(home).post(login)),
        ("logout", get(home).post(logout)),
        ("wrong-logout", get(home).post(wrong_logout)),
        ("previous-login", get(home).post(previous_login)),
    ];
    let mut pages = Router::new();
    for base in BASE_PATHS {
        for (action, handlers) in &actions {
            pages = pages.route(&format!("{base}{action}"), handlers.clone());
        }
    }
    Ok(pages
        .layer(cookie_layer()?)
        .layer(from_fn(render_page))
        .route("/style.css", get(style))
        .layer(from_fn(guard)))
}

/// The page shows this code in its section on the declared cookie.
fn cookie_layer() -> Result<CookieLayer, CookieError> {
    let session = Cookie::build("session")
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax);
    CookieLayer::new()
        .declare(session)?
        .retire(Cookie::build("session").path("/app"))
}

async fn home() -> Outcome {
    Outcome::new(Action::View, Ok::<_, Problem>(()))
}

async fn set(jar: CookieJar, form: Result<Form<Fields>, FormRejection>) -> Outcome {
    Outcome::of_form(form, Action::Set, |cookie| jar.set(cookie))
}

async fn delete(jar: CookieJar, form: Result<Form<Fields>, FormRejection>) -> Outcome {
    Outcome::of_form(form, Action::Delete, |cookie| jar.delete(cookie))
}

async fn login(jar: CookieJar) -> Outcome {
    Outcome::new(
        Action::Session(r#"jar.set(("session", "f81d4fae"))"#),
        jar.set(("session", "f81d4fae")),
    )
}

async fn logout(jar: CookieJar) -> Outcome {
    Outcome::new(
        Action::Session(r#"jar.delete("session")"#),
        jar.delete("session"),
    )
}

/// A browser would keep the session cookie, so `delete` returns an error.
async fn wrong_logout(jar: CookieJar) -> Outcome {
    Outcome::new(
        Action::Session(r#"jar.delete(Cookie::build("session").path("/account"))"#),
        jar.delete(Cookie::build("session").path("/account")),
    )
}

/// Sets the cookie as a previous version of the site did: without the jar, at the retired scope.
async fn previous_login() -> impl IntoResponse {
    let cookie = "session=previous; HttpOnly; Path=/app; SameSite=Lax";
    let outcome = Outcome::new(
        Action::Session(r#"headers.append(SET_COOKIE, "session=previous; Path=/app; …")"#),
        Ok::<_, Problem>(()),
    );
    (AppendHeaders([(SET_COOKIE, cookie)]), outcome)
}

async fn style() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("style.css"),
    )
}
