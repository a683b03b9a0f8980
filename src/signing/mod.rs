//! `django.core.signing`: what one side signs, the other reads, Django 5.2 or this crate.
//!
//! For cookies use [`CookieJar::signed`](crate::CookieJar::signed), whose keys and salts are those
//! of Django's `set_signed_cookie`; here is what it stands on.
//!
//! ```
//! use tower_django_cookies::signing::{SignatureError, Signer};
//!
//! // signing.Signer(key="django", salt="example").sign("hello")
//! let signer = Signer::new("django").salt("example");
//! let signed = signer.sign("hello");
//! assert_eq!(signer.unsign(&signed)?, "hello");
//! # Ok::<(), SignatureError>(())
//! ```

mod derived;
mod error;
mod key;
#[cfg(feature = "dumps")]
mod object;
mod signer;
mod timestamp;

#[cfg(feature = "dumps")]
pub use error::PayloadReason;
pub use error::SignatureError;
pub use key::SecretKey;
#[cfg(feature = "dumps")]
pub use object::{dumps, loads};
pub use signer::Signer;
pub use timestamp::TimestampSigner;
