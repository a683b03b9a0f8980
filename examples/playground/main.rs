//! A web page for experiments with cookies, with axum. It shows the cookies that the browser sent,
//! the `Set-Cookie` headers of the response, and the errors of rejected calls.
//!
//! Run it with `cargo run --example playground [PORT]`, then open the URL it prints.
//!
//! In a project of your own, `Cargo.toml` needs:
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! serde = { version = "1", features = ["derive"] }
//! tokio = { version = "1", features = ["macros", "net", "rt-multi-thread", "signal"] }
//! tower-django-cookies = "0.1"
//! ```

mod app;
mod controls;
mod fields;
mod guard;
mod hints;
mod html;
mod outcome;
mod page;
mod result;
#[cfg(test)]
mod tests;

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app::router()?;

    let port = std::env::args()
        .nth(1)
        .map_or(Ok(3005_u16), |port| port.parse())
        .map_err(|error| format!("invalid port: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://localhost:{}/", listener.local_addr()?.port());
    tokio::select! {
        result = axum::serve(listener, app) => result?,
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}
