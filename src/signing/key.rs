//! `SecretKey`: the key that signs values.

use std::convert::Infallible;
use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// A secret to sign with: Django's `SECRET_KEY`. It is never empty.
///
/// Create it from a string or bytes with [`TryFrom`]. Its bytes are overwritten when it is dropped;
/// [`CookieLayer`](crate::CookieLayer#keys-in-memory) lists the copies that are not. `Debug` does not
/// show the bytes.
///
/// Anyone can try keys against a signed value, so use at least 32 random bytes.
///
/// ```
/// use tower_django_cookies::signing::{EmptyKey, SecretKey};
///
/// let key = SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
/// assert_eq!(format!("{key:?}"), "SecretKey(..)");
/// assert_eq!(SecretKey::try_from("").unwrap_err(), EmptyKey);
/// # Ok::<(), EmptyKey>(())
/// ```
#[derive(Clone)]
pub struct SecretKey(Zeroizing<Vec<u8>>);

/// The secret key is empty. Anyone could sign with an empty key.
///
/// ```
/// use tower_django_cookies::signing::{EmptyKey, SecretKey};
///
/// let error = SecretKey::try_from(&b""[..]).unwrap_err();
/// assert_eq!(error, EmptyKey);
/// assert!(error.to_string().starts_with("the secret key is empty"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the secret key is empty, and anyone could sign with it; use at least 32 random bytes, or omit an empty fallback"
)]
pub struct EmptyKey;

/// Lets a method accept a [`SecretKey`] as well as the types that convert into one.
impl From<Infallible> for EmptyKey {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl SecretKey {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn with_prefix(&self, prefix: &[u8]) -> Self {
        Self(Zeroizing::new([prefix, self.as_bytes()].concat()))
    }
}

impl TryFrom<Vec<u8>> for SecretKey {
    type Error = EmptyKey;

    fn try_from(key: Vec<u8>) -> Result<Self, EmptyKey> {
        if key.is_empty() {
            return Err(EmptyKey);
        }
        Ok(Self(Zeroizing::new(key)))
    }
}

impl TryFrom<String> for SecretKey {
    type Error = EmptyKey;

    fn try_from(key: String) -> Result<Self, EmptyKey> {
        key.into_bytes().try_into()
    }
}

macro_rules! try_from_borrowed {
    ($($key:ty),*) => {
        $(
            impl TryFrom<$key> for SecretKey {
                type Error = EmptyKey;

                fn try_from(key: $key) -> Result<Self, EmptyKey> {
                    let bytes: &[u8] = key.as_ref();
                    bytes.to_vec().try_into()
                }
            }
        )*
    };
}

try_from_borrowed!(&str, &&str, &String, &[u8], &&[u8], &Vec<u8>);

impl<const N: usize> TryFrom<[u8; N]> for SecretKey {
    type Error = EmptyKey;

    fn try_from(key: [u8; N]) -> Result<Self, EmptyKey> {
        Zeroizing::new(key).to_vec().try_into()
    }
}

impl<const N: usize> TryFrom<&[u8; N]> for SecretKey {
    type Error = EmptyKey;

    fn try_from(key: &[u8; N]) -> Result<Self, EmptyKey> {
        key.to_vec().try_into()
    }
}

impl From<&SecretKey> for SecretKey {
    fn from(key: &SecretKey) -> Self {
        key.clone()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}
