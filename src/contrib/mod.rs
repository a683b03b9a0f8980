//! Django's own cookies: sessions and logins, CSRF tokens, and flash messages.

#[cfg(feature = "csrf")]
mod csrf;
#[cfg(feature = "sessions")]
mod expiry;
#[cfg(any(feature = "sessions", feature = "messages"))]
mod json;
#[cfg(feature = "sessions")]
mod login;
#[cfg(feature = "messages")]
mod message;
#[cfg(feature = "messages")]
mod messages;
#[cfg(any(feature = "sessions", feature = "csrf"))]
mod random;
#[cfg(feature = "sessions")]
mod session;
#[cfg(feature = "sessions")]
mod session_data;
#[cfg(feature = "sessions")]
mod sessions;
#[cfg(feature = "csrf")]
mod token;

#[cfg(feature = "csrf")]
pub use csrf::Csrf;
#[cfg(feature = "sessions")]
pub use expiry::SessionExpiry;
#[cfg(feature = "messages")]
pub use message::{Message, MessageLevel};
#[cfg(feature = "messages")]
pub use messages::Messages;
#[cfg(feature = "sessions")]
pub use session::Session;
#[cfg(feature = "sessions")]
pub use sessions::Sessions;
