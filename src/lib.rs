//! Cookies for axum, hyper and any Tower service, with Django's semantics. You need not know Django.
//!
//! [`CookieLayer`] puts a [`CookieJar`] into each request, and writes the cookies that handlers set and
//! delete to the response.
//!
#![cfg_attr(feature = "axum-core", doc = "```")]
#![cfg_attr(not(feature = "axum-core"), doc = "```ignore")]
//! use axum::{Router, body::Body, routing::get};
//! use http::Request;
//! use tower::ServiceExt;
//! use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
//!
//! async fn home(jar: CookieJar) -> Result<&'static str, CookieError> {
//!     if jar.contains("visited") {
//!         return Ok("Welcome back!");
//!     }
//!     jar.set(("visited", "True"))?;
//!     Ok("Welcome to my website!")
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = Router::new().route("/", get(home)).layer(CookieLayer::new());
//!
//! let response = app.oneshot(Request::new(Body::empty())).await?;
//! assert_eq!(response.headers()["set-cookie"], "visited=True; Path=/");
//! # Ok(())
//! # }
//! ```
//!
//! A browser deletes a cookie only if name, Domain and Path are those that it was set with. So
//! [declare](CookieLayer::declare) a cookie with its Domain and Path. A `set` or `delete` that
//! contradicts the declaration returns an error. So does a `set` of a cookie that browsers would drop.
//!
//! # Guide
//!
//! | to | read |
//! |---|---|
//! | set a first cookie, in axum or hyper | [getting started](guide/getting_started/index.html) |
//! | place the layer among others | [where to put the layer](guide/where_to_put_the_layer/index.html) |
//! | log users out, and move a cookie | [scopes](guide/scopes/index.html) |
//! | protect values | [signed and private cookies](guide/signed_and_private/index.html) |
//! | test a login and a logout | [testing](guide/testing/index.html) |
//! | run behind a proxy or a cache | [proxies and caches](guide/proxies_and_caches/index.html) |
//! | handle errors, and find lost cookies | [errors](guide/errors/index.html), [events](guide/events/index.html) |
//! | move from another library | [axum-extra](guide/coming_from_axum_extra/index.html), [tower-cookies](guide/coming_from_tower_cookies/index.html), [moving values](guide/moving_values/index.html) |
//! | use tonic, Lambda, leptos, WebAssembly | [where it runs](guide/where_it_runs/index.html) |
//! | share cookies with a Django site | [Django](guide/django/index.html), [differences](guide/differences/index.html) |
//! | check promises and costs | [security](guide/security/index.html), [performance](guide/performance/index.html) |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `axum-core` (default) | [`CookieJar`] as an axum extractor, [`CookieError`] as a response |
//! | `signed` | Django's [signed cookies](guide/signed_and_private/index.html): `CookieJar::signed`, `signing` |
//! | `dumps` | signed JSON: `SignedJar::set_json` and `get_json`, `signing::dumps` and `loads`; enables `signed` |
//! | `private` | [encrypted cookies](guide/signed_and_private/index.html), without a timestamp: `CookieJar::private` |
//! | `sessions` | Django's [sessions and logins](guide/django/index.html): `CookieJar::sessions`; enables `dumps` |
//! | `csrf` | Django's CSRF tokens: `CookieJar::csrf` |
//! | `messages` | Django's flash messages: `CookieJar::messages`; enables `dumps` |
//! | `tracing` | [events](guide/events/index.html) for cookies that are queued, flushed, discarded or refused; never with a value |
//! | `test-util` | [`test::Client`](guide/testing/index.html): a browser for tests of your services |
//! | `wasm-bindgen` | on [`wasm32-unknown-unknown`](guide/where_it_runs/index.html): the time and the random bytes of JavaScript |
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
// In the documentation only. Examples and links of the pages need these features.
#[cfg(all(
    doc,
    feature = "axum-core",
    feature = "csrf",
    feature = "messages",
    feature = "private",
    feature = "sessions",
    feature = "test-util",
    feature = "tracing"
))]
pub mod guide;
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
