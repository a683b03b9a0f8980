//! A test client like Django's, for any Tower service.
//!
//! ```
//! use http::{Request, Response};
//! use tower::ServiceBuilder;
//! use tower_django_cookies::test::Client;
//! use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};
//!
//! async fn app(request: Request<String>) -> Result<Response<String>, CookieError> {
//!     let jar = CookieJar::from_extensions(request.extensions())?;
//!     match request.uri().path() {
//!         "/app/login" => jar.set(("session", "f81d4fae"))?,
//!         "/app/logout" => jar.delete("session")?,
//!         _ => {}
//!     }
//!     let greeting = if jar.contains("session") { "logged in" } else { "logged out" };
//!     Ok(Response::new(greeting.to_owned()))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cookies = CookieLayer::new().declare(Cookie::build("session").path("/app"))?;
//! let mut browser = Client::new(ServiceBuilder::new().layer(cookies).service_fn(app));
//!
//! browser.get("/app/login").await?;
//! assert_eq!(browser.get("/app").await?.body().text()?, "logged in");
//!
//! browser.get("/app/logout").await?;
//! browser.assert_deleted("session");
//! assert_eq!(browser.get("/app").await?.body().text()?, "logged out");
//! # Ok(())
//! # }
//! ```

mod address;
mod assertions;
mod body;
mod client;
mod error;
mod eviction;
mod pause;
mod policy;
mod received;
mod redirect;
mod requests;
mod store;

pub use body::Body;
pub use client::Client;
pub use error::{ClientError, RejectReason, RejectedCookie};
