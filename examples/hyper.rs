//! The same app as the example `visited`, with hyper instead of axum, over HTTP/1 and HTTP/2.
//!
//! Run it with `cargo run --example hyper [PORT]`, then open the URL it prints.
//!
//! In a project of your own, `Cargo.toml` needs:
//!
//! ```toml
//! [dependencies]
//! http = "1"
//! http-body-util = "0.1"
//! hyper = "1"
//! hyper-util = { version = "0.1", features = ["http1", "http2", "server-auto", "service", "tokio"] }
//! tokio = { version = "1", features = ["macros", "net", "rt-multi-thread", "signal"] }
//! tower = { version = "0.5", features = ["util"] }
//! tower-django-cookies = { version = "0.1", default-features = false }
//! ```

use std::convert::Infallible;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

fn greet(request: &Request<Incoming>) -> Result<&'static str, CookieError> {
    let jar = CookieJar::from_extensions(request.extensions())?;
    if jar.contains("visited") {
        return Ok("Welcome back!");
    }
    jar.set(("visited", "True"))?;
    Ok("Welcome to my website!")
}

async fn home(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(match greet(&request) {
        Ok(text) => Response::new(text.into()),
        Err(error) => {
            let mut response = Response::new(error.to_string().into());
            *response.status_mut() = error.status();
            response
        }
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .service_fn(home);

    let port = std::env::args()
        .nth(1)
        .map_or(Ok(3002_u16), |port| port.parse())
        .map_err(|error| format!("invalid port: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/", listener.local_addr()?);
    loop {
        let connection = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            result = tokio::signal::ctrl_c() => return Ok(result?),
        };
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            let result = server
                .serve_connection(TokioIo::new(connection), service)
                .await;
            if let Err(error) = result {
                eprintln!("connection error: {error}");
            }
        });
    }
}
