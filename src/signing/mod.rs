//! `django.core.signing`: Django reads what this module signs, and this module reads what Django signs.
//!
//! For cookies use [`CookieJar::signed`](crate::CookieJar::signed), which uses this module with the
//! keys and salts of Django's `set_signed_cookie`.
//!
//! ```
//! use tower_django_cookies::signing::{SecretKey, Signer};
//!
//! // signing.Signer(key="django", salt="example").sign("hello")
//! let key = SecretKey::try_from("django")?;
//! let signer = Signer::new(key).salt("example");
//! let signed = signer.sign("hello");
//! assert_eq!(signer.unsign(&signed)?, "hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod derived;
mod error;
mod key;
#[cfg(feature = "dumps")]
mod object;
mod salted_hmac;
mod signer;
mod timestamp;

#[cfg(feature = "dumps")]
pub use error::PayloadReason;
pub use error::SignatureError;
pub(crate) use error::whole_seconds;
pub use key::{EmptyKey, SecretKey};
#[cfg(feature = "dumps")]
pub(crate) use object::{decode, encode};
#[cfg(feature = "dumps")]
pub use object::{dumps, loads};
#[cfg(any(feature = "sessions", feature = "messages"))]
pub(crate) use object::{pack, to_json, unpack};
pub use salted_hmac::{SaltedHmac, salted_hmac};
#[cfg(feature = "dumps")]
pub(crate) use signer::DEFAULT_INFLATE_LIMIT;
pub use signer::Signer;
pub use timestamp::TimestampSigner;
