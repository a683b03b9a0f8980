//! `SignatureError`: the errors of signing.

use cookie::time::Duration;

/// Why a signed value was refused, why a value could not be signed, or why a separator was refused.
///
/// Neither `Debug` nor `Display` shows a key, a value or a signature.
///
/// ```
/// use tower_django_cookies::signing::{SecretKey, SignatureError, Signer};
///
/// let key = SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
/// let error = Signer::new(key).unsign("forged").unwrap_err();
/// assert_eq!(error, SignatureError::BadSignature);
/// # Ok::<(), tower_django_cookies::signing::EmptyKey>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no signature, or it matches none of the keys: Django's `BadSignature`.
    #[error(
        "the signature is missing or does not match; the value was forged, or signed with another \
         key or salt"
    )]
    BadSignature,

    /// The signature matches, but the signed value has no timestamp, or one from which no age can
    /// be computed.
    #[error(
        "the signed value has no valid timestamp; if it was signed without one, unsign it with a \
         `Signer`"
    )]
    BadTimestamp,

    /// The value is older than the maximum age: Django's `SignatureExpired`.
    #[error(
        "signed {} ago, and the maximum age is {max_age}; sign the value again",
        whole_seconds(age)
    )]
    #[non_exhaustive]
    SignatureExpired {
        /// The time since the value was signed.
        age: Duration,
        /// The maximum age.
        max_age: Duration,
    },

    /// The separator is empty, or has only characters that Django does not allow as a separator.
    #[error(
        "{separator:?} is an unsafe separator; use one that contains a character other than ASCII \
         letters, digits and -_=[\\]^`"
    )]
    UnsafeSeparator {
        /// The separator as given.
        separator: String,
    },

    /// The signature matches but the payload cannot be read, or a value cannot be written as JSON.
    #[cfg(feature = "dumps")]
    #[error("the payload {0}")]
    BadPayload(PayloadReason),
}

/// The reason for a [`SignatureError::BadPayload`].
#[cfg(feature = "dumps")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadReason {
    /// It is not URL-safe base64.
    Base64,
    /// It is not a complete zlib stream.
    Zlib,
    /// It inflates to more than the limit.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// It is not JSON, or not of the requested type.
    Json,
    /// The value to sign cannot be written as JSON.
    Unserializable,
}

#[cfg(feature = "dumps")]
impl std::fmt::Display for PayloadReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Base64 => f.write_str(
                "is not URL-safe base64; sign the value with `sign_object`, `dumps` or `set_json`",
            ),
            Self::Zlib => f.write_str(
                "is not a complete zlib stream; sign the value with `sign_object`, `dumps` or \
                 `set_json`",
            ),
            Self::TooLong { limit } => write!(
                f,
                "inflates to more than {limit} bytes; sign a smaller value, or raise \
                 `inflate_limit` of the signer"
            ),
            Self::Json => f.write_str(
                "is not JSON of the requested type; read it as the type that was signed",
            ),
            Self::Unserializable => {
                f.write_str("cannot be written as JSON; use strings or numbers as the keys of maps")
            }
        }
    }
}

/// Rounds up to whole seconds. So an age above the maximum age is never shown as equal to it.
pub(crate) fn whole_seconds(duration: &Duration) -> Duration {
    let is_rounded_up = duration.subsec_nanoseconds() > 0;
    let seconds = duration.whole_seconds();
    Duration::seconds(seconds.saturating_add(i64::from(is_rounded_up)))
}
