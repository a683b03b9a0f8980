//! A session with a Path and a Domain, a logout that works, and one that can't: axum.
//!
//! `cargo run --example logout [PORT]`, then open the URL it prints.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

const MENU: &str = r#"
    <p><a href="/app/login">log in</a>
    <p><a href="/app/logout">log out</a>
    <p><a href="/app/wrong-logout">log out with the wrong scope</a>"#;

fn page(text: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><title>logout</title><h1>{text}</h1>{MENU}"
    ))
}

async fn home(jar: CookieJar) -> Html<String> {
    page(if jar.contains("session") {
        "You are logged in."
    } else {
        "You are logged out."
    })
}

async fn login(jar: CookieJar) -> Result<Html<String>, CookieError> {
    // Path, Domain and HttpOnly are the declared ones.
    jar.set(("session", "f81d4fae"))?;
    Ok(page("Logged in."))
}

async fn logout(jar: CookieJar) -> Result<Html<String>, CookieError> {
    jar.delete("session")?;
    Ok(page("Logged out."))
}

/// A browser would keep the session, so the jar refuses, and the answer shows both scopes.
async fn wrong_logout(jar: CookieJar) -> Result<Html<String>, CookieError> {
    jar.delete(Cookie::build("session").path("/"))?;
    Ok(page("Never reached."))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cookies = CookieLayer::new()
        .declare(
            Cookie::build("session")
                .path("/app")
                .domain("localhost")
                .http_only(true)
                .same_site(SameSite::Lax),
        )?
        .deny_undeclared();
    let app = Router::new()
        .route("/app", get(home))
        .route("/app/login", get(login))
        .route("/app/logout", get(logout))
        .route("/app/wrong-logout", get(wrong_logout))
        .layer(cookies);

    let port = std::env::args()
        .nth(1)
        .map_or(Ok(3001_u16), |port| port.parse())
        .map_err(|error| format!("the argument is a port: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://localhost:{}/app", listener.local_addr()?.port());
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}
