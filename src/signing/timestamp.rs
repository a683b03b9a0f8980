//! `TimestampSigner`: `django.core.signing.TimestampSigner`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::signing::{SecretKey, SignatureError, Signer};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A [`Signer`] that signs the time too: `django.core.signing.TimestampSigner`.
///
/// ```
/// use std::time::Duration;
/// use tower_django_cookies::signing::TimestampSigner;
///
/// let signer = TimestampSigner::new("a secret that nobody guesses");
/// let signed = signer.sign("hello");
/// let hour = Duration::from_secs(60 * 60);
/// assert_eq!(signer.unsign(&signed, Some(hour)), Ok("hello".to_owned()));
/// ```
#[derive(Clone, Debug)]
pub struct TimestampSigner {
    pub(super) signer: Signer,
    /// `None` is the system's clock.
    now: Option<SystemTime>,
}

impl TimestampSigner {
    /// A signer with Django's defaults: the salt `django.core.signing.TimestampSigner`, the
    /// separator `:`.
    ///
    /// # Panics
    ///
    /// If the key is empty, so that anybody could sign with it.
    #[must_use]
    pub fn new(key: impl Into<SecretKey>) -> Self {
        Self {
            signer: Signer::with_default_salt(key, "django.core.signing.TimestampSigner"),
            now: None,
        }
    }

    /// See [`Signer::salt`].
    #[must_use]
    pub fn salt(mut self, salt: impl Into<String>) -> Self {
        self.signer = self.signer.salt(salt);
        self
    }

    /// See [`Signer::separator`].
    ///
    /// # Errors
    ///
    /// [`SignatureError::UnsafeSeparator`].
    pub fn separator(mut self, separator: impl Into<String>) -> Result<Self, SignatureError> {
        self.signer = self.signer.separator(separator)?;
        Ok(self)
    }

    /// See [`Signer::fallbacks`].
    ///
    /// # Panics
    ///
    /// If one is empty.
    #[must_use]
    pub fn fallbacks(mut self, keys: impl IntoIterator<Item = impl Into<SecretKey>>) -> Self {
        self.signer = self.signer.fallbacks(keys);
        self
    }

    /// Signs and unsigns as if it were `now`: for tests of what expires.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use tower_django_cookies::signing::{SignatureError, TimestampSigner};
    ///
    /// let signer = TimestampSigner::new("a secret that nobody guesses");
    /// let hour = Duration::from_secs(60 * 60);
    /// let signed = signer.clone().at(SystemTime::now() - 2 * hour).sign("hello");
    /// let error = signer.unsign(&signed, Some(hour)).unwrap_err();
    /// assert!(matches!(error, SignatureError::SignatureExpired { .. }));
    /// ```
    #[must_use]
    pub fn at(mut self, now: SystemTime) -> Self {
        self.now = Some(now);
        self
    }

    /// `value`, the time, and the signature over both, with separators between.
    #[must_use]
    pub fn sign(&self, value: &str) -> String {
        let seconds = self.now() / SECOND;
        let value = self.signer.separate(value, &base62_encode(seconds));
        self.signer.sign(&value)
    }

    /// The value that was signed, if that was no longer than `max_age` ago.
    ///
    /// A time in the future passes: clocks differ.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadSignature`] if there is no signature, or it doesn't match;
    /// [`SignatureError::SignatureExpired`] if it is older than `max_age`, and
    /// [`SignatureError::BadTimestamp`] if no time was signed.
    pub fn unsign(
        &self,
        signed: &str,
        max_age: Option<Duration>,
    ) -> Result<String, SignatureError> {
        self.verify(signed, max_age).map(str::to_owned)
    }

    /// [`unsign`](Self::unsign) without a copy.
    pub(super) fn verify<'a>(
        &self,
        signed: &'a str,
        max_age: Option<Duration>,
    ) -> Result<&'a str, SignatureError> {
        let (value, time) = self
            .signer
            .split(self.signer.verify(signed)?)
            .ok_or(SignatureError::BadTimestamp)?;
        let signed_at = base62_decode(time).ok_or(SignatureError::BadTimestamp)?;
        match max_age.map(|max_age| (self.age(signed_at), max_age)) {
            Some((age, max_age)) if age > max_age => {
                Err(SignatureError::SignatureExpired { age, max_age })
            }
            _ => Ok(value),
        }
    }

    /// Since 1970, in nanoseconds; negative before, as in Python.
    fn now(&self) -> i128 {
        let now = self.now.unwrap_or_else(SystemTime::now);
        let nanoseconds = |time: Duration| i128::try_from(time.as_nanos()).unwrap_or(i128::MAX);
        match now.duration_since(UNIX_EPOCH) {
            Ok(after) => nanoseconds(after),
            Err(before) => -nanoseconds(before.duration()),
        }
    }

    /// The time since `seconds` after 1970; none if that is to come.
    fn age(&self, seconds: i128) -> Duration {
        let age = self
            .now()
            .saturating_sub(seconds.saturating_mul(SECOND))
            .max(0);
        let nanoseconds = u32::try_from(age % SECOND).unwrap_or_default();
        u64::try_from(age / SECOND)
            .map_or(Duration::MAX, |seconds| Duration::new(seconds, nanoseconds))
    }
}

/// In nanoseconds.
const SECOND: i128 = 1_000_000_000;

/// Django's `b62_encode`.
fn base62_encode(number: i128) -> String {
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(BASE62[(rest % 62) as usize]));
        rest /= 62;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        digits.push('-');
    }
    digits.into_iter().rev().collect()
}

/// Django's `b62_decode`, which raises where this is `None`; it has no bounds, this ends at them.
fn base62_decode(text: &str) -> Option<i128> {
    if text.is_empty() {
        return None;
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let number = digits.bytes().try_fold(0_i128, |number, byte| {
        let digit = BASE62.iter().position(|&digit| digit == byte)?;
        Some(number.saturating_mul(62).saturating_add(digit as i128))
    })?;
    Some(if digits.len() < text.len() {
        -number
    } else {
        number
    })
}
