//! Cookies for hyper, axum and any Tower service, with Django's semantics.
//!
//! [`CookieLayer`] puts a [`CookieJar`] into each request. It appends the cookies that are set and
//! deleted in the jar to the response, byte for byte as Django does. A browser deletes a cookie
//! only if its Domain and Path are those it was set with. So a cookie can be
//! [declared](CookieLayer::declare) with its Domain and Path once. A `set` or `delete` that
//! contradicts the declaration then returns an error. Without the declaration, the browser would
//! store a second cookie or ignore the delete.
//!
//! ```
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
//!
//! async fn home(request: Request<()>) -> Result<Response<&'static str>, CookieError> {
//!     let jar = CookieJar::from_extensions(request.extensions())?;
//!     if jar.contains("visited") {
//!         return Ok(Response::new("Welcome back!"));
//!     }
//!     jar.set(("visited", "True"))?;
//!     Ok(Response::new("Welcome to my website!"))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), CookieError> {
//! let service = ServiceBuilder::new().layer(CookieLayer::new()).service_fn(home);
//! let response = service.oneshot(Request::new(())).await?;
//! assert_eq!(response.headers()["set-cookie"], "visited=True; Path=/");
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `axum-core` | yes | [`CookieJar`] as an axum extractor, [`CookieError`] as a response |
//! | `signed` | no | Django's signed cookies (`CookieJar::signed`), and `signing` |
//! | `dumps` | no | signed JSON: `SignedJar::set_json` and `get_json`, `signing::dumps` and `loads`; enables `signed` |
//! | `private` | no | encrypted cookies, without a timestamp (`CookieJar::private`) |
//! | `sessions` | no | Django's sessions and logins (`CookieJar::sessions`); enables `dumps` |
//! | `csrf` | no | Django's CSRF tokens (`CookieJar::csrf`) |
//! | `messages` | no | Django's flash messages (`CookieJar::messages`); enables `dumps` |
//! | `tracing` | no | events of target `tower_django_cookies` for cookies that are queued, flushed, discarded or refused; never with a value |
//! | `test-util` | no | `test::Client`: a browser for tests of your services |
//! | `wasm-bindgen` | no | on `wasm32-unknown-unknown`, such as in Cloudflare Workers: the time and the random bytes of JavaScript |
//!
//! On `wasm32-unknown-unknown`, Rust has no clock and no random bytes. Without the feature
//! `wasm-bindgen`, a `set` with a lifetime and each use of `signed` panic there, and `sessions` and
//! `csrf` do not compile. `private` also needs a dependency of your app:
//! `getrandom = { version = "0.2", features = ["js"] }`. On WASI, nothing more is needed.
//!
//! [`Cookie`] and its parts come from the [`cookie`] crate, which is re-exported.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
#[cfg(any(feature = "sessions", feature = "csrf", feature = "messages"))]
mod contrib;
mod display;
mod error;
mod events;
#[cfg(feature = "axum-core")]
mod extract;
mod jar;
mod layer;
mod quote;
mod request;
mod scope;
mod set_cookie;
#[cfg(feature = "signed")]
pub mod signing;
#[cfg(feature = "test-util")]
pub mod test;
mod url_path;

pub use cookie::{self, Cookie, CookieBuilder, Expiration, SameSite, time};

#[cfg(feature = "csrf")]
pub use crate::contrib::Csrf;
#[cfg(feature = "messages")]
pub use crate::contrib::{Message, MessageLevel, Messages};
#[cfg(feature = "sessions")]
pub use crate::contrib::{Session, SessionExpiry, Sessions};
#[cfg(feature = "sessions")]
pub use crate::error::SessionReason;
pub use crate::error::{AttributeReason, CookieError, HostReason, SecureReason};
#[cfg(feature = "private")]
pub use crate::jar::PrivateJar;
pub use crate::jar::flush::Flush;
pub use crate::jar::{CookieJar, IntoCookie};
#[cfg(feature = "signed")]
pub use crate::jar::{SignedJar, Verified};
pub use crate::layer::{CookieLayer, CookieService, ResponseFuture};
pub use crate::request::host::HostSource;
pub use crate::request::{GetAll, Iter};
pub use crate::scope::Scope;

/// Guides for tasks. Begin with [getting started](crate::guide::getting_started), then read
/// [why logouts fail](crate::guide::scopes) and [how to test them](crate::guide::testing).
// The pages are in the documentation only. Their examples and links need these features.
#[cfg(all(
    doc,
    feature = "axum-core",
    feature = "private",
    feature = "sessions",
    feature = "test-util"
))]
pub mod guide {
    #[doc = include_str!("docs/coming_from_axum_extra.md")]
    pub mod coming_from_axum_extra {}

    #[doc = include_str!("docs/coming_from_tower_cookies.md")]
    pub mod coming_from_tower_cookies {}

    #[doc = include_str!("docs/errors.md")]
    pub mod errors {}

    #[doc = include_str!("docs/getting_started.md")]
    pub mod getting_started {}

    #[doc = include_str!("docs/moving_values.md")]
    pub mod moving_values {}

    #[doc = include_str!("docs/proxies_and_caches.md")]
    pub mod proxies_and_caches {}

    #[doc = include_str!("docs/scopes.md")]
    pub mod scopes {}

    #[doc = include_str!("docs/signed_and_private.md")]
    pub mod signed_and_private {}

    #[doc = include_str!("docs/testing.md")]
    pub mod testing {}

    #[doc = include_str!("docs/where_it_runs.md")]
    pub mod where_it_runs {}

    #[doc = include_str!("docs/where_to_put_the_layer.md")]
    pub mod where_to_put_the_layer {}
}

/// The README's examples are tested.
#[cfg(all(
    doctest,
    feature = "axum-core",
    feature = "signed",
    feature = "sessions",
    feature = "csrf",
    feature = "messages",
    feature = "test-util"
))]
#[doc = include_str!("../README.md")]
struct Readme;
