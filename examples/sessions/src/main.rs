//! Serves the app.
//!
//! Run it with `cargo run --package sessions [PORT]`, then open the URL it prints. The package has its own `Cargo.toml`.

use tokio::net::TcpListener;
use tower_django_cookies::time::Duration;
use tower_sessions::{Expiry, MemoryStore};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args()
        .nth(1)
        .map_or(Ok(3005_u16), |port| port.parse())
        .map_err(|error| format!("invalid port: {error}"))?;
    let expiry = Expiry::OnInactivity(Duration::weeks(2));
    let app = sessions::app(MemoryStore::default(), expiry)?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/", listener.local_addr()?);
    tokio::select! {
        result = axum::serve(listener, app) => result?,
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}
