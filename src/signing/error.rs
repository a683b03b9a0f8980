//! `SignatureError`: what can be wrong with what was signed.

use std::time::Duration;

/// Why a signed string was refused, or a signer not made.
///
/// It shows neither key nor value nor signature.
///
/// ```
/// use tower_django_cookies::signing::{SignatureError, Signer};
///
/// let error = Signer::new("a secret that nobody guesses").unsign("forged").unwrap_err();
/// assert_eq!(error, SignatureError::BadSignature);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no signature, or it fits none of the keys: Django's `BadSignature`.
    #[error("the signature is missing or doesn't match; it was forged, or key or salt differ")]
    BadSignature,

    /// The signature fits, but there is no time in front of it.
    #[error("the signed value has no timestamp; unsign it with a `Signer`")]
    BadTimestamp,

    /// It was signed too long ago: Django's `SignatureExpired`.
    #[error("the signature is {age:?} old, older than {max_age:?}; sign the value anew")]
    SignatureExpired {
        /// How long ago it was signed.
        age: Duration,
        /// How old it may be.
        max_age: Duration,
    },

    /// The separator is empty, or could be part of what it separates.
    #[error(
        "{separator:?} is an unsafe separator; use one that has a character other than ASCII \
         letters and digits and any of -_=[\\]^`"
    )]
    UnsafeSeparator {
        /// The separator as given.
        separator: String,
    },

    /// The signature fits, but the payload can't be read, as it was signed by something else; or
    /// what is to be signed can't be written.
    #[cfg(feature = "dumps")]
    #[error("the payload {0}")]
    BadPayload(PayloadReason),
}

/// What is wrong with the payload of [`loads`](crate::signing::loads), or of `dumps`.
#[cfg(feature = "dumps")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadReason {
    /// It isn't URL-safe base64.
    Base64,
    /// It isn't a zlib stream, or an incomplete one.
    Zlib,
    /// It is longer than the limit when it is inflated.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// What was signed isn't JSON, or not of the type that was asked for.
    Json,
    /// What is to be signed can't be JSON.
    Unserializable,
}

#[cfg(feature = "dumps")]
impl std::fmt::Display for PayloadReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Base64 => f.write_str("isn't URL-safe base64; sign it with `dumps`"),
            Self::Zlib => f.write_str("isn't a whole zlib stream; sign it with `dumps`"),
            Self::TooLong { limit } => write!(
                f,
                "inflates to more than {limit} bytes; raise `inflate_limit` if it may"
            ),
            Self::Json => f.write_str("isn't JSON of the type that was asked for"),
            Self::Unserializable => {
                f.write_str("can't be written as JSON; a map's keys must be strings or numbers")
            }
        }
    }
}
