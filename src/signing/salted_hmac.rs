//! `salted_hmac`: `django.utils.crypto.salted_hmac` with SHA-256.

use std::fmt;
use std::fmt::Write;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::signing::SecretKey;

/// Computes an HMAC-SHA256 with a key that is derived from a salt and a secret key:
/// `django.utils.crypto.salted_hmac(salt, value, secret, algorithm="sha256")`.
///
/// The HMAC's key is the SHA-256 hash of the salt followed by the secret key. Each purpose needs
/// its own salt. To sign and verify values, use a [`Signer`](crate::signing::Signer) instead, which
/// verifies with previous keys too.
///
/// Django uses this HMAC for its password-reset links and for the password hash in a session:
///
/// ```
/// use tower_django_cookies::signing::{SecretKey, salted_hmac};
///
/// // salted_hmac("example", "hello", "django", algorithm="sha256").hexdigest()
/// let key = SecretKey::try_from("django")?;
/// let mac = salted_hmac("example", "hello", &key);
/// let hex = "1a754647b6c4451cdd1e4895815cfca18bab6f897cbc0a196490f81501edcd66";
/// assert_eq!(mac.hexdigest(), hex);
/// assert!(mac.matches_hex(hex));
/// # Ok::<(), tower_django_cookies::signing::EmptyKey>(())
/// ```
#[must_use]
pub fn salted_hmac(salt: impl AsRef<[u8]>, value: impl AsRef<[u8]>, key: &SecretKey) -> SaltedHmac {
    let derived = Sha256::new()
        .chain_update(salt)
        .chain_update(key.as_bytes())
        .finalize();
    let derived: Zeroizing<[u8; 32]> = Zeroizing::new(derived.into());
    SaltedHmac(hmac(&derived, value.as_ref()))
}

fn hmac(key: &[u8; 32], value: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(value).finalize().into_bytes().into()
}

/// The result of [`salted_hmac`].
///
/// It does not implement `PartialEq`: the duration of a comparison that stops at the first
/// difference would show an attacker the position of that difference.
/// [`matches_hex`](Self::matches_hex) takes the same time for all strings of 64 bytes. `Debug` does
/// not show the bytes.
///
/// ```
/// use tower_django_cookies::signing::{EmptyKey, SecretKey, salted_hmac};
///
/// let mac = salted_hmac("example", "hello", &SecretKey::try_from("django")?);
/// assert_eq!(mac.digest().len(), 32);
/// assert_eq!(mac.hexdigest().len(), 64);
/// assert!(!mac.matches_hex("00"));
/// assert_eq!(format!("{mac:?}"), "SaltedHmac(..)");
/// # Ok::<(), EmptyKey>(())
/// ```
#[derive(Clone)]
pub struct SaltedHmac([u8; 32]);

impl SaltedHmac {
    /// Returns the bytes: Python's `digest()`.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.0
    }

    /// Returns the bytes as 64 lower-case hexadecimal digits: Python's `hexdigest()`.
    #[must_use]
    pub fn hexdigest(&self) -> String {
        self.0
            .iter()
            .fold(String::with_capacity(64), |mut hex, byte| {
                // Writing to a string cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            })
    }

    /// Returns `true` if `hex` equals the [`hexdigest`](Self::hexdigest). The duration of the
    /// comparison does not depend on the position of a difference: Django's
    /// `constant_time_compare`.
    #[must_use]
    pub fn matches_hex(&self, hex: &str) -> bool {
        self.hexdigest().as_bytes().ct_eq(hex.as_bytes()).into()
    }
}

impl fmt::Debug for SaltedHmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaltedHmac(..)")
    }
}
