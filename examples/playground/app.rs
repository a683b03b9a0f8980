//! The routes, and the declared session with its buttons.

use axum::Router;
use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::middleware::from_fn;
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{MethodRouter, get};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

use crate::answer::{Answer, Problem, Tried, show};
use crate::fields::Fields;
use crate::guard::guard;

/// The page lives at both, so that a cookie's Path can be seen to matter.
const PLACES: [&str; 2] = ["/", "/app/"];

pub(crate) fn router() -> Result<Router, CookieError> {
    let actions: [(&str, MethodRouter); 7] = [
        ("", get(home)),
        ("set", get(home).post(set)),
        ("delete", get(home).post(delete)),
        ("login", get(home).post(login)),
        ("logout", get(home).post(logout)),
        ("wrong-logout", get(home).post(wrong_logout)),
        ("former-login", get(home).post(former_login)),
    ];
    let mut pages = Router::new();
    for place in PLACES {
        for (action, handlers) in &actions {
            pages = pages.route(&format!("{place}{action}"), handlers.clone());
        }
    }
    Ok(pages
        .layer(cookies()?)
        .layer(from_fn(show))
        .route("/style.css", get(style))
        .layer(from_fn(guard)))
}

/// As the page says in its section on the declared session.
fn cookies() -> Result<CookieLayer, CookieError> {
    let session = Cookie::build("session")
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax);
    CookieLayer::new()
        .declare(session)?
        .retire(Cookie::build("session").path("/app"))
}

async fn home() -> Answer {
    Answer::new(Tried::Nothing, Ok::<_, Problem>(()))
}

async fn set(jar: CookieJar, form: Result<Form<Fields>, FormRejection>) -> Answer {
    Answer::to_form(form, Tried::Set, |cookie| jar.set(cookie))
}

async fn delete(jar: CookieJar, form: Result<Form<Fields>, FormRejection>) -> Answer {
    Answer::to_form(form, Tried::Delete, |cookie| jar.delete(cookie))
}

async fn login(jar: CookieJar) -> Answer {
    Answer::new(
        Tried::Session(r#"jar.set(("session", "f81d4fae"))"#),
        jar.set(("session", "f81d4fae")),
    )
}

async fn logout(jar: CookieJar) -> Answer {
    Answer::new(
        Tried::Session(r#"jar.delete("session")"#),
        jar.delete("session"),
    )
}

/// A browser would keep the session, so the jar refuses.
async fn wrong_logout(jar: CookieJar) -> Answer {
    Answer::new(
        Tried::Session(r#"jar.delete(Cookie::build("session").path("/account"))"#),
        jar.delete(Cookie::build("session").path("/account")),
    )
}

/// The twin that a former version of the site left at the retired scope, past the jar.
async fn former_login() -> impl IntoResponse {
    let twin = "session=former; HttpOnly; Path=/app; SameSite=Lax";
    let answer = Answer::new(
        Tried::Session("a login of the former site, which knew no jar"),
        Ok::<_, Problem>(()),
    );
    (AppendHeaders([(SET_COOKIE, twin)]), answer)
}

async fn style() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("style.css"),
    )
}
