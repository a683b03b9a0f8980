//! A page to try cookies with in a browser: what it sends, what is set, what is refused: axum.
//!
//! `cargo run --example playground [PORT]`, then open the URL it prints.

mod answer;
mod app;
mod controls;
mod fields;
mod guard;
mod html;
mod page;
#[cfg(test)]
mod tests;

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app::router()?;

    let port = std::env::args()
        .nth(1)
        .map_or(Ok(3005_u16), |port| port.parse())
        .map_err(|error| format!("the argument is a port: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://localhost:{}/", listener.local_addr()?.port());
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}
