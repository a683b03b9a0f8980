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
    /// let signed = signer.clone().with_time(SystemTime::now() - 2 * hour).sign("hello");
    /// let error = signer.unsign(&signed, Some(hour)).unwrap_err();
    /// assert!(matches!(error, SignatureError::SignatureExpired { .. }));
    /// ```
    #[must_use]
    pub fn with_time(mut self, now: SystemTime) -> Self {
        self.now = Some(now);
        self
    }

    /// `value`, the time, and the signature over both, with separators between.
    #[must_use]
    pub fn sign(&self, value: &str) -> String {
        self.sign_salted(&self.signer.salt, self.now, value)
    }

    /// [`sign`](Self::sign)s with another salt and clock.
    pub(crate) fn sign_salted(&self, salt: &str, now: Option<SystemTime>, value: &str) -> String {
        let time = base62_encode(since_epoch(now) / SECOND);
        self.signer.sign_parts(salt, &[value, &time])
    }

    /// The value that was signed, if that was no longer than `max_age` ago.
    ///
    /// A time in the future passes: clocks differ.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadSignature`] if there is no signature, or it doesn't match;
    /// [`SignatureError::SignatureExpired`] if it is older than `max_age`, and
    /// [`SignatureError::BadTimestamp`] if no time was signed, or one that has no age.
    pub fn unsign(
        &self,
        signed: &str,
        max_age: Option<Duration>,
    ) -> Result<String, SignatureError> {
        self.verify_salted(&self.signer.salt, self.now, signed, max_age)
            .map(str::to_owned)
    }

    /// [`unsign`](Self::unsign) without a copy.
    #[cfg(feature = "dumps")]
    pub(super) fn verify<'a>(
        &self,
        signed: &'a str,
        max_age: Option<Duration>,
    ) -> Result<&'a str, SignatureError> {
        self.verify_salted(&self.signer.salt, self.now, signed, max_age)
    }

    /// [`unsign`](Self::unsign)s with another salt and clock, without a copy.
    pub(crate) fn verify_salted<'a>(
        &self,
        salt: &str,
        now: Option<SystemTime>,
        signed: &'a str,
        max_age: Option<Duration>,
    ) -> Result<&'a str, SignatureError> {
        let (value, time) = self
            .signer
            .split(self.signer.verify(salt, signed)?)
            .ok_or(SignatureError::BadTimestamp)?;
        let signed_at = base62_decode(time).ok_or(SignatureError::BadTimestamp)?;
        let Some(max_age) = max_age else {
            return Ok(value);
        };
        // Django's `OverflowError`.
        if time.trim_start_matches(['-', '0']).len() > FLOAT_DIGITS {
            return Err(SignatureError::BadTimestamp);
        }
        match age(signed_at, now) {
            age if age > max_age => Err(SignatureError::SignatureExpired { age, max_age }),
            _ => Ok(value),
        }
    }
}

/// Until `now`, or the system's clock, since 1970, in nanoseconds; negative before, as in Python.
fn since_epoch(now: Option<SystemTime>) -> i128 {
    let now = now.unwrap_or_else(SystemTime::now);
    let nanoseconds = |time: Duration| i128::try_from(time.as_nanos()).unwrap_or(i128::MAX);
    match now.duration_since(UNIX_EPOCH) {
        Ok(after) => nanoseconds(after),
        Err(before) => -nanoseconds(before.duration()),
    }
}

/// The time since `seconds` after 1970; none if that is to come.
fn age(seconds: i128, now: Option<SystemTime>) -> Duration {
    let age = since_epoch(now)
        .saturating_sub(seconds.saturating_mul(SECOND))
        .max(0);
    let nanoseconds = u32::try_from(age % SECOND).unwrap_or_default();
    u64::try_from(age / SECOND).map_or(Duration::MAX, |seconds| Duration::new(seconds, nanoseconds))
}

/// In nanoseconds.
const SECOND: i128 = 1_000_000_000;

/// Django's `b62_encode`.
fn base62_encode(seconds: i128) -> String {
    // A `Duration` holds no more.
    let mut rest = u64::try_from(seconds.unsigned_abs()).unwrap_or(u64::MAX);
    // A 64-bit number takes 11, and a sign.
    let mut digits = [b'-'; 12];
    let mut start = digits.len();
    while rest > 0 || start == digits.len() {
        start -= 1;
        digits[start] = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    start -= usize::from(seconds < 0);
    digits[start..].iter().copied().map(char::from).collect()
}

/// What has more of base 62 is beyond a float.
const FLOAT_DIGITS: usize = 172;

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
