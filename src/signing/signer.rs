//! `Signer`: `django.core.signing.Signer`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::signing::derived::{DerivedKeys, Key};
use crate::signing::{SecretKey, SignatureError};

/// Signs strings, and tells whether they were signed: `django.core.signing.Signer`.
///
/// What is signed stays readable; the signature, an HMAC-SHA256, follows it. A salt keeps what is
/// signed for one purpose from being taken for another.
///
/// ```
/// use tower_django_cookies::signing::{SignatureError, Signer};
///
/// let signer = Signer::new("a secret that nobody guesses").salt("greeting");
/// let signed = signer.sign("hello");
/// assert_eq!(signer.unsign(&signed), Ok("hello".to_owned()));
///
/// let forged = signed.replace("hello", "HELLO");
/// assert_eq!(signer.unsign(&forged), Err(SignatureError::BadSignature));
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
}

impl Signer {
    /// A signer with Django's defaults: the salt `django.core.signing.Signer`, the separator `:`.
    ///
    /// # Panics
    ///
    /// If the key is empty, so that anybody could sign with it.
    #[must_use]
    pub fn new(key: impl Into<SecretKey>) -> Self {
        Self::with_default_salt(key, "django.core.signing.Signer")
    }

    pub(super) fn with_default_salt(key: impl Into<SecretKey>, default_salt: &'static str) -> Self {
        Self {
            key: not_empty(key.into()),
            fallbacks: Vec::new(),
            derived: DerivedKeys::default(),
            salt: default_salt.to_owned(),
            default_salt,
            separator: ":".to_owned(),
            #[cfg(feature = "dumps")]
            inflate_limit: DEFAULT_INFLATE_LIMIT,
        }
    }

    /// Names the purpose; an empty salt is the default one, as in Django.
    ///
    /// ```
    /// use tower_django_cookies::signing::Signer;
    ///
    /// let signer = Signer::new("a secret that nobody guesses");
    /// let signed = signer.clone().salt("login").sign("42");
    /// assert!(signer.salt("password reset").unsign(&signed).is_err());
    /// ```
    #[must_use]
    pub fn salt(mut self, salt: impl Into<String>) -> Self {
        self.salt = salt.into();
        if self.salt.is_empty() {
            self.default_salt.clone_into(&mut self.salt);
        }
        self
    }

    /// Puts another separator than `:` between the value and its signature.
    ///
    /// # Errors
    ///
    /// [`SignatureError::UnsafeSeparator`] if it is empty, or has only characters that signatures
    /// and timestamps have too.
    ///
    /// ```
    /// use tower_django_cookies::signing::{SignatureError, Signer};
    ///
    /// let signer = Signer::new("a secret that nobody guesses").separator("|")?;
    /// assert!(signer.sign("hello").starts_with("hello|"));
    /// assert!(signer.separator("-").is_err());
    /// # Ok::<(), SignatureError>(())
    /// ```
    pub fn separator(mut self, separator: impl Into<String>) -> Result<Self, SignatureError> {
        let separator = separator.into();
        // Python's `$` matches before a newline at the end too.
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

    /// Former keys, which still verify but don't sign: Django's `SECRET_KEY_FALLBACKS`.
    ///
    /// # Panics
    ///
    /// If one is empty.
    ///
    /// ```
    /// use tower_django_cookies::signing::Signer;
    ///
    /// let signed = Signer::new("the former secret").sign("hello");
    /// let signer = Signer::new("the new secret").fallbacks(["the former secret"]);
    /// assert_eq!(signer.unsign(&signed), Ok("hello".to_owned()));
    /// assert_ne!(signer.sign("hello"), signed);
    /// ```
    #[must_use]
    pub fn fallbacks(mut self, keys: impl IntoIterator<Item = impl Into<SecretKey>>) -> Self {
        self.fallbacks = keys.into_iter().map(|key| not_empty(key.into())).collect();
        self.derived = DerivedKeys::default();
        self
    }

    /// `value`, the separator and the signature.
    #[must_use]
    pub fn sign(&self, value: &str) -> String {
        self.sign_parts(&self.salt, &[value])
    }

    /// [`sign`](Self::sign)s with another salt what `parts` are with separators between.
    pub(super) fn sign_parts(&self, salt: &str, parts: &[&str]) -> String {
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

    /// The value that was signed, with the key or one of the [fallbacks](Self::fallbacks).
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadSignature`] if there is no signature, or it doesn't match.
    pub fn unsign(&self, signed: &str) -> Result<String, SignatureError> {
        self.verify(&self.salt, signed).map(str::to_owned)
    }

    /// [`unsign`](Self::unsign) with another salt, without a copy.
    pub(super) fn verify<'a>(
        &self,
        salt: &str,
        signed: &'a str,
    ) -> Result<&'a str, SignatureError> {
        let (value, given) = self.split(signed).ok_or(SignatureError::BadSignature)?;
        let mut keys = std::iter::once(&self.key)
            .chain(&self.fallbacks)
            .enumerate();
        let matches = |(place, key)| {
            let derived = self.derived.get(salt, place, key);
            signature(&derived, value).ct_eq(given.as_bytes()).into()
        };
        if keys.any(matches) {
            Ok(value)
        } else {
            Err(SignatureError::BadSignature)
        }
    }

    /// Splits at the last separator.
    pub(super) fn split<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str)> {
        text.rsplit_once(self.separator.as_str())
    }
}

/// How much `loads` and `unsign_object` inflate unless they are told otherwise: 1 MiB.
#[cfg(feature = "dumps")]
const DEFAULT_INFLATE_LIMIT: usize = 1024 * 1024;

/// The length of 32 bytes in base64.
const SIGNATURE_LEN: usize = 43;

/// Django's `base64_hmac`.
fn signature(key: &Key, value: &str) -> [u8; SIGNATURE_LEN] {
    let mac = Hmac::<Sha256>::new_from_slice(&**key).expect("HMAC takes keys of any length");
    let mac = mac.chain_update(value).finalize().into_bytes();
    let mut signature = [0; SIGNATURE_LEN];
    let len = URL_SAFE_NO_PAD.encode_slice(mac, &mut signature);
    debug_assert_eq!(len, Ok(SIGNATURE_LEN));
    signature
}

fn not_empty(key: SecretKey) -> SecretKey {
    assert!(
        !key.is_empty(),
        "the secret key is empty, so that anybody could sign with it"
    );
    key
}
