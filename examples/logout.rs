//! An axum app with a declared session cookie. One logout works. Another one uses the wrong Path
//! and returns an error.
//!
//! Run it with `cargo run --example logout [PORT]`, then open the URL it prints.
//!
//! In a project of your own, `Cargo.toml` needs:
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! tokio = { version = "1", features = ["macros", "net", "rt-multi-thread", "signal"] }
//! tower-django-cookies = "0.1"
//! ```

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

const MENU: &str = r#"
    <p><a href="/app/login">log in</a>
    <p><a href="/app/logout">log out</a>
    <p><a href="/app/wrong-logout">log out with the wrong Path</a>"#;

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
    // Unset attributes default to the declared ones: Path, Domain, HttpOnly and SameSite.
    jar.set(("session", "f81d4fae"))?;
    Ok(page("Logged in."))
}

async fn logout(jar: CookieJar) -> Result<Html<String>, CookieError> {
    jar.delete("session")?;
    Ok(page("Logged out."))
}

/// A browser would keep the session cookie, because the cookie was set with another Path. So
/// `delete` returns an error. Its message shows both scopes.
async fn wrong_logout(jar: CookieJar) -> Result<Html<String>, CookieError> {
    jar.delete(Cookie::build("session").path("/"))?;
    Ok(page("Unreachable: the delete failed."))
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
        .map_err(|error| format!("invalid port: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://localhost:{}/app", listener.local_addr()?.port());
    tokio::select! {
        result = axum::serve(listener, app) => result?,
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}
