//! An axum app that greets new and returning visitors with different texts.
//!
//! Run it with `cargo run --example visited [PORT]`, then open the URL it prints.
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
use axum::routing::get;
use tokio::net::TcpListener;
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

async fn home(jar: CookieJar) -> Result<&'static str, CookieError> {
    if jar.contains("visited") {
        return Ok("Welcome back!");
    }
    jar.set(("visited", "True"))?;
    Ok("Welcome to my website!")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = Router::new()
        .route("/", get(home))
        .layer(CookieLayer::new());

    let port = std::env::args()
        .nth(1)
        .map_or(Ok(3000_u16), |port| port.parse())
        .map_err(|error| format!("invalid port: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/", listener.local_addr()?);
    tokio::select! {
        result = axum::serve(listener, app) => result?,
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}
