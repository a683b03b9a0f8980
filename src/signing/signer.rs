//! `Signer`: `django.core.signing.Signer`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::signing::derived::{DerivedKeys, Key};
use crate::signing::{SecretKey, SignatureError};

/// Signs strings and verifies them: `django.core.signing.Signer`.
///
/// A signed value stays readable and is followed by its signature, an HMAC-SHA256. A value signed
/// with one salt does not verify with another salt, so use a different salt for each purpose.
///
/// ```
/// use tower_django_cookies::signing::{SecretKey, SignatureError, Signer};
///
/// let key = SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
/// let signer = Signer::new(key).salt("greeting");
/// let signed = signer.sign("hello");
/// assert_eq!(signer.unsign(&signed), Ok("hello".to_owned()));
///
/// let forged = signed.replace("hello", "HELLO");
/// assert_eq!(signer.unsign(&forged), Err(SignatureError::BadSignature));
/// # Ok::<(), tower_django_cookies::signing::EmptyKey>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    key: SecretKey,
    fallbacks: Vec<SecretKey>,
    derived: DerivedKeys,
    pub(super) salt: String,
    default_salt: &'static str,
    separator: String,
    #[cfg(feature = "dumps")]
    pub(super) inflate_limit: usize,
    #[cfg(feature = "dumps")]
    pub(super) compress: bool,
}

impl Signer {
    /// Creates a signer with Django's defaults: the salt `django.core.signing.Signer` and the
    /// separator `:`.
    #[must_use]
    pub fn new(key: SecretKey) -> Self {
        Self::with_default_salt(key, "django.core.signing.Signer")
    }

    pub(super) fn with_default_salt(key: SecretKey, default_salt: &'static str) -> Self {
        Self {
            key,
            fallbacks: Vec::new(),
            derived: DerivedKeys::default(),
            salt: default_salt.to_owned(),
            default_salt,
            separator: ":".to_owned(),
            #[cfg(feature = "dumps")]
            inflate_limit: DEFAULT_INFLATE_LIMIT,
            #[cfg(feature = "dumps")]
            compress: false,
        }
    }

    /// Sets the salt, which names the purpose. If it is empty, the default salt is used, as in
    /// Django.
    ///
    /// ```
    /// use tower_django_cookies::signing::{SecretKey, SignatureError, Signer};
    ///
    /// let signer = Signer::new(SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?);
    /// let signed = signer.clone().salt("login").sign("42");
    /// let error = signer.salt("password reset").unsign(&signed).unwrap_err();
    /// assert_eq!(error, SignatureError::BadSignature);
    /// # Ok::<(), tower_django_cookies::signing::EmptyKey>(())
    /// ```
    #[must_use]
    pub fn salt(mut self, salt: impl Into<String>) -> Self {
        self.salt = salt.into();
        if self.salt.is_empty() {
            self.default_salt.clone_into(&mut self.salt);
        }
        self
    }

    /// Sets the separator between the value and its signature. The default is `:`.
    ///
    /// # Errors
    ///
    /// [`SignatureError::UnsafeSeparator`] if it is empty, or contains only ASCII letters, digits
    /// and the characters ``-_=[\]^` ``, as in Django.
    ///
    /// ```
    /// use tower_django_cookies::signing::{SecretKey, SignatureError, Signer};
    ///
    /// let signer = Signer::new(SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?);
    /// assert!(signer.clone().separator("|")?.sign("hello").starts_with("hello|"));
    ///
    /// let error = signer.separator("-").unwrap_err();
    /// assert!(matches!(error, SignatureError::UnsafeSeparator { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn separator(mut self, separator: impl Into<String>) -> Result<Self, SignatureError> {
        let separator = separator.into();
        // Python's `$` also matches before a newline at the end.
        let text = separator.strip_suffix('\n').unwrap_or(&separator);
        if text
            .bytes()
            .all(|byte| matches!(byte, b'A'..=b'z' | b'0'..=b'9' | b'-' | b'='))
        {
            return Err(SignatureError::UnsafeSeparator { separator });
        }
        self.separator = separator;
        Ok(self)
    }

    /// Sets previous keys, which still verify but do not sign: Django's `SECRET_KEY_FALLBACKS`.
    ///
    /// ```
    /// use tower_django_cookies::signing::{SecretKey, Signer};
    ///
    /// let previous = SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let signed = Signer::new(previous.clone()).sign("hello");
    ///
    /// let key = SecretKey::try_from("0e4f2b1c9d8a7f6e5d4c3b2a19080706")?;
    /// let signer = Signer::new(key).fallbacks([previous]);
    /// assert_eq!(signer.unsign(&signed), Ok("hello".to_owned()));
    /// assert_ne!(signer.sign("hello"), signed);
    /// # Ok::<(), tower_django_cookies::signing::EmptyKey>(())
    /// ```
    #[must_use]
    pub fn fallbacks(mut self, keys: impl IntoIterator<Item = SecretKey>) -> Self {
        self.fallbacks = keys.into_iter().collect();
        self.derived = DerivedKeys::default();
        self
    }

    /// Returns `value`, the separator and the signature.
    #[must_use]
    pub fn sign(&self, value: &str) -> String {
        self.sign_parts(&[&self.salt], &[value])
    }

    /// Does the same as [`sign`](Self::sign), but with this `salt` and for `parts` joined by the
    /// separator.
    pub(super) fn sign_parts(&self, salt: &[&str], parts: &[&str]) -> String {
        let len: usize = parts
            .iter()
            .map(|part| part.len() + self.separator.len())
            .sum();
        let mut signed = String::with_capacity(len + SIGNATURE_LEN);
        for part in parts {
            signed.push_str(part);
            signed.push_str(&self.separator);
        }
        let value = &signed[..len - self.separator.len()];
        let signature = signature(&self.derived.get(salt, 0, &self.key), value);
        signed.push_str(std::str::from_utf8(&signature).expect("base64"));
        signed
    }

    /// Returns the value, if it was signed with the key or one of the [fallbacks](Self::fallbacks).
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadSignature`] if there is no signature, or it does not match.
    pub fn unsign(&self, signed: &str) -> Result<String, SignatureError> {
        self.verify(&self.salt, signed).map(str::to_owned)
    }

    /// Does the same as [`unsign`](Self::unsign), but with this `salt` and without a copy.
    pub(super) fn verify<'a>(
        &self,
        salt: &str,
        signed: &'a str,
    ) -> Result<&'a str, SignatureError> {
        self.verify_with_key(&[salt], signed)
            .map(|(value, _)| value)
    }

    /// Does the same as [`verify`](Self::verify), and also returns the index of the key: 0 is the
    /// key, and 1 is the first fallback.
    pub(super) fn verify_with_key<'a>(
        &self,
        salt: &[&str],
        signed: &'a str,
    ) -> Result<(&'a str, usize), SignatureError> {
        let (value, given) = self.split(signed).ok_or(SignatureError::BadSignature)?;
        let keys = std::iter::once(&self.key).chain(&self.fallbacks);
        for (index, key) in keys.enumerate() {
            let derived = self.derived.get(salt, index, key);
            if signature(&derived, value).ct_eq(given.as_bytes()).into() {
                return Ok((value, index));
            }
        }
        Err(SignatureError::BadSignature)
    }

    /// Splits at the last separator.
    pub(super) fn split<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str)> {
        let mut chars = self.separator.chars();
        match (chars.next(), chars.next()) {
            // The search for a string would take 600 more instructions.
            (Some(separator), None) => text.rsplit_once(separator),
            _ => text.rsplit_once(self.separator.as_str()),
        }
    }
}

/// The default limit for the size of an inflated object: 1 MiB.
#[cfg(feature = "dumps")]
pub(crate) const DEFAULT_INFLATE_LIMIT: usize = 1024 * 1024;

/// The length of 32 bytes in base64 without padding.
const SIGNATURE_LEN: usize = 43;

/// Computes the signature as Django's `base64_hmac` does.
fn signature(key: &Key, value: &str) -> [u8; SIGNATURE_LEN] {
    let mac = Hmac::<Sha256>::new_from_slice(&**key).expect("HMAC takes keys of any length");
    let mac = mac.chain_update(value).finalize().into_bytes();
    let mut signature = [0; SIGNATURE_LEN];
    let len = URL_SAFE_NO_PAD.encode_slice(mac, &mut signature);
    debug_assert_eq!(len, Ok(SIGNATURE_LEN));
    signature
}
