//! `TimestampSigner`: `django.core.signing.TimestampSigner`.

use cookie::time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::signing::{SecretKey, SignatureError, Signer};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A [`Signer`] that also signs the time: `django.core.signing.TimestampSigner`.
///
/// ```
/// use tower_django_cookies::signing::{SecretKey, TimestampSigner};
/// use tower_django_cookies::time::Duration;
///
/// let key = SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
/// let signer = TimestampSigner::new(key).max_age(Duration::HOUR);
/// let signed = signer.sign("hello");
/// assert_eq!(signer.unsign(&signed), Ok("hello".to_owned()));
/// # Ok::<(), tower_django_cookies::signing::EmptyKey>(())
/// ```
#[derive(Clone, Debug)]
pub struct TimestampSigner {
    pub(super) signer: Signer,
    max_age: Option<Duration>,
    /// The time to use, or `None` for the time of the system's clock.
    now: Option<OffsetDateTime>,
}

impl TimestampSigner {
    /// Creates a signer with Django's defaults: the salt `django.core.signing.TimestampSigner`, the
    /// separator `:`, and no maximum age.
    #[must_use]
    pub fn new(key: SecretKey) -> Self {
        Self {
            signer: Signer::with_default_salt(key, "django.core.signing.TimestampSigner"),
            max_age: None,
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
    #[must_use]
    pub fn fallbacks(mut self, keys: impl IntoIterator<Item = SecretKey>) -> Self {
        self.signer = self.signer.fallbacks(keys);
        self
    }

    /// Sets the maximum age. [`unsign`](Self::unsign) refuses values that were signed longer ago.
    /// By default, there is no maximum age.
    ///
    /// A value signed in the future has the age zero, because clocks differ. Timestamps are rounded
    /// down to seconds, so the age of a value signed just now can be almost one second. A maximum
    /// age of zero therefore refuses nearly every value, and a negative one refuses every value.
    ///
    /// ```
    /// use tower_django_cookies::signing::{SecretKey, SignatureError, TimestampSigner};
    /// use tower_django_cookies::time::Duration;
    ///
    /// let key = SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let signer = TimestampSigner::new(key).max_age(-Duration::SECOND);
    /// let error = signer.unsign(&signer.sign("hello")).unwrap_err();
    /// assert!(matches!(error, SignatureError::SignatureExpired { .. }));
    /// # Ok::<(), tower_django_cookies::signing::EmptyKey>(())
    /// ```
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Signs and unsigns with `now` as the current time. This is for tests of expiry.
    ///
    /// ```
    /// use tower_django_cookies::signing::{SecretKey, SignatureError, TimestampSigner};
    /// use tower_django_cookies::time::{Duration, OffsetDateTime};
    ///
    /// let key = SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let signer = TimestampSigner::new(key).max_age(Duration::HOUR);
    /// let two_hours_ago = OffsetDateTime::now_utc() - Duration::hours(2);
    /// let signed = signer.clone().with_time(two_hours_ago).sign("hello");
    /// let error = signer.unsign(&signed).unwrap_err();
    /// assert!(matches!(error, SignatureError::SignatureExpired { .. }));
    /// # Ok::<(), tower_django_cookies::signing::EmptyKey>(())
    /// ```
    #[must_use]
    pub fn with_time(mut self, now: OffsetDateTime) -> Self {
        self.now = Some(now);
        self
    }

    /// Returns `value`, the time, and the signature of both, with separators between them.
    #[must_use]
    pub fn sign(&self, value: &str) -> String {
        self.sign_salted(&[&self.signer.salt], self.now, value)
    }

    /// Does the same as [`sign`](Self::sign), but with this `salt` and this time.
    pub(crate) fn sign_salted(
        &self,
        salt: &[&str],
        now: Option<OffsetDateTime>,
        value: &str,
    ) -> String {
        let mut digits = [0; MAX_DIGITS];
        let now = now.unwrap_or_else(OffsetDateTime::now_utc);
        let seconds = now.unix_timestamp();
        // `unix_timestamp` rounds down. Python's `int()` rounds towards zero.
        let is_rounded = seconds < 0 && now.nanosecond() > 0;
        let time = base62_encode(seconds + i64::from(is_rounded), &mut digits);
        self.signer.sign_parts(salt, &[value, time])
    }

    /// Returns the value that was signed, if it is not older than [`max_age`](Self::max_age).
    ///
    /// # Errors
    ///
    /// - [`SignatureError::BadSignature`] if there is no signature, or it does not match.
    /// - [`SignatureError::SignatureExpired`] if the value is older than the maximum age.
    /// - [`SignatureError::BadTimestamp`] if the value was signed without a valid timestamp; or if
    ///   there is a maximum age, and the timestamp is so large that Django raises an
    ///   `OverflowError`.
    pub fn unsign(&self, signed: &str) -> Result<String, SignatureError> {
        self.verify(signed).map(str::to_owned)
    }

    /// Does the same as [`unsign`](Self::unsign), but without a copy.
    pub(super) fn verify<'a>(&self, signed: &'a str) -> Result<&'a str, SignatureError> {
        self.verify_salted(&[&self.signer.salt], self.now, signed, self.max_age)
            .map(|unsigned| unsigned.value)
    }

    /// Does the same as [`unsign`](Self::unsign), but with this `salt`, time and maximum age, and
    /// without a copy.
    pub(crate) fn verify_salted<'a>(
        &self,
        salt: &[&str],
        now: Option<OffsetDateTime>,
        signed: &'a str,
        max_age: Option<Duration>,
    ) -> Result<Unsigned<'a>, SignatureError> {
        let (signed, key) = self.signer.verify_with_key(salt, signed)?;
        let (value, time) = self
            .signer
            .split(signed)
            .ok_or(SignatureError::BadTimestamp)?;
        let seconds = base62_decode(time).ok_or(SignatureError::BadTimestamp)?;
        let unsigned = Unsigned {
            value,
            seconds,
            is_of_fallback: key > 0,
        };
        let Some(max_age) = max_age else {
            return Ok(unsigned);
        };
        // Django raises an `OverflowError`.
        if time.trim_start_matches(['-', '0']).len() > FLOAT_DIGITS {
            return Err(SignatureError::BadTimestamp);
        }
        match age(seconds, now) {
            age if age > max_age => Err(SignatureError::SignatureExpired { age, max_age }),
            _ => Ok(unsigned),
        }
    }
}

/// A value whose signature was verified.
pub(crate) struct Unsigned<'a> {
    pub(crate) value: &'a str,
    /// The time of the signature, in seconds since 1970.
    pub(crate) seconds: i128,
    /// `true` if the value was signed with a fallback key.
    pub(crate) is_of_fallback: bool,
}

impl Unsigned<'_> {
    /// The time of the signature, or the nearest time that `OffsetDateTime` can represent.
    pub(crate) fn signed_at(&self) -> OffsetDateTime {
        let [earliest, latest] = [PrimitiveDateTime::MIN, PrimitiveDateTime::MAX]
            .map(|limit| i128::from(limit.assume_utc().unix_timestamp()));
        i64::try_from(self.seconds.clamp(earliest, latest))
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// Returns the nanoseconds from 1970 to `now`, or else to the time of the system's clock. They are
/// negative before 1970, as in Python.
fn since_epoch(now: Option<OffsetDateTime>) -> i128 {
    now.unwrap_or_else(OffsetDateTime::now_utc)
        .unix_timestamp_nanos()
}

/// Returns the age of a value that was signed `seconds` after 1970, or zero if that is in the
/// future.
fn age(seconds: i128, now: Option<OffsetDateTime>) -> Duration {
    let age = since_epoch(now)
        .saturating_sub(seconds.saturating_mul(SECOND))
        .max(0);
    let nanoseconds = i32::try_from(age % SECOND).unwrap_or_default();
    i64::try_from(age / SECOND).map_or(Duration::MAX, |seconds| Duration::new(seconds, nanoseconds))
}

/// One second, in nanoseconds.
const SECOND: i128 = 1_000_000_000;

/// A 64-bit number takes 11 digits, and there can be a sign.
const MAX_DIGITS: usize = 12;

/// Encodes as Django's `b62_encode` does, at the end of `digits`.
fn base62_encode(seconds: i64, digits: &mut [u8; MAX_DIGITS]) -> &str {
    let mut rest = seconds.unsigned_abs();
    digits.fill(b'-');
    let mut start = digits.len();
    while rest > 0 || start == digits.len() {
        start -= 1;
        digits[start] = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    start -= usize::from(seconds < 0);
    std::str::from_utf8(&digits[start..]).expect("ASCII")
}

/// A number with more digits in base 62 is too large for a Python float.
const FLOAT_DIGITS: usize = 172;

/// Decodes as Django's `b62_decode` does. It returns `None` where Django raises. Python's integers
/// are unbounded, but this function saturates.
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
