//! `SecretKey`: what signatures hang on.

use std::fmt;

use zeroize::Zeroizing;

/// A secret to sign with: Django's `SECRET_KEY`.
///
/// Its bytes are overwritten when it is dropped, though not what a hash keeps of them while it
/// works, and `Debug` doesn't show them. An empty key is refused where it is used.
///
/// ```
/// use tower_django_cookies::signing::SecretKey;
///
/// let key = SecretKey::from("a secret that nobody guesses");
/// assert_eq!(format!("{key:?}"), "SecretKey(..)");
/// ```
#[derive(Clone)]
pub struct SecretKey(Zeroizing<Vec<u8>>);

impl SecretKey {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is empty, and so no secret.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for SecretKey {
    fn from(key: Vec<u8>) -> Self {
        Self(Zeroizing::new(key))
    }
}

impl From<String> for SecretKey {
    fn from(key: String) -> Self {
        key.into_bytes().into()
    }
}

impl From<&[u8]> for SecretKey {
    fn from(key: &[u8]) -> Self {
        key.to_vec().into()
    }
}

impl<const N: usize> From<&[u8; N]> for SecretKey {
    fn from(key: &[u8; N]) -> Self {
        key.to_vec().into()
    }
}

impl From<&str> for SecretKey {
    fn from(key: &str) -> Self {
        key.as_bytes().into()
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
