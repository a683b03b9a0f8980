//! `dumps` and `loads`: signed JSON.

use std::io::{self, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::{ZlibDecoder, ZlibEncoder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::signing::{PayloadReason, SecretKey, SignatureError, Signer, TimestampSigner};

/// The salt of [`dumps`] and [`loads`], as in Django.
const SALT: &str = "django.core.signing";

/// Signs a value as JSON, with the time: `django.core.signing.dumps`.
///
/// It uses Django's default salt, `django.core.signing`. For another salt, previous keys, a maximum
/// age or compression, use [`TimestampSigner::sign_object`].
///
/// The JSON has the same bytes as Python's, except that NaN and the infinities become `null`, as
/// always in `serde_json`. A value with more than 127 levels of nesting can be signed, but
/// [`loads`] refuses it.
///
/// # Errors
///
/// [`SignatureError::BadPayload`] if `value` cannot be written as JSON, such as a map whose keys are
/// tuples.
///
/// ```
/// use tower_django_cookies::signing::{self, SecretKey};
///
/// let key = SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
/// let signed = signing::dumps(&key, &("Björk", 2.0))?;
/// let (name, number): (String, f64) = signing::loads(&key, &signed)?;
/// assert_eq!((&*name, number), ("Björk", 2.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn dumps<T: Serialize + ?Sized>(key: &SecretKey, value: &T) -> Result<String, SignatureError> {
    TimestampSigner::new(key.clone())
        .salt(SALT)
        .sign_object(value)
}

/// Reads a value that [`dumps`] or Django's `dumps` signed: `django.core.signing.loads`.
///
/// There is no maximum age. In a `serde_json::Value`, a number is a 64-bit integer or a float. It is
/// exact if any crate of the build enables `serde_json/arbitrary_precision`.
///
/// # Errors
///
/// The errors of [`TimestampSigner::unsign_object`], except [`SignatureError::SignatureExpired`].
///
/// ```
/// use tower_django_cookies::signing::{self, SecretKey, TimestampSigner};
/// use tower_django_cookies::time::Duration;
///
/// let key = SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
/// let signed = signing::dumps(&key, &[1, 2, 3])?;
/// assert_eq!(signing::loads::<Vec<u32>>(&key, &signed)?, [1, 2, 3]);
///
/// // With a maximum age:
/// let signer = TimestampSigner::new(key).salt("django.core.signing").max_age(Duration::HOUR);
/// assert_eq!(signer.unsign_object::<Vec<u32>>(&signed)?, [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn loads<T: DeserializeOwned>(key: &SecretKey, signed: &str) -> Result<T, SignatureError> {
    TimestampSigner::new(key.clone())
        .salt(SALT)
        .unsign_object(signed)
}

impl Signer {
    /// Signs a value as the same JSON as [`dumps`], but without the time: Django's
    /// `Signer.sign_object`.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadPayload`] if `value` cannot be written as JSON.
    ///
    /// ```
    /// use tower_django_cookies::signing::{SecretKey, Signer};
    ///
    /// let signer = Signer::new(SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?);
    /// let signed = signer.sign_object(&["a", "b"])?;
    /// assert_eq!(signer.unsign_object::<Vec<String>>(&signed)?, ["a", "b"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign_object<T: Serialize + ?Sized>(&self, value: &T) -> Result<String, SignatureError> {
        let payload = encode(value, self.compress).map_err(SignatureError::BadPayload)?;
        Ok(self.sign(&payload))
    }

    /// Reads a value that [`sign_object`](Self::sign_object) or Django's `sign_object` signed.
    ///
    /// # Errors
    ///
    /// The errors of [`unsign`](Self::unsign), and [`SignatureError::BadPayload`] if the signed
    /// text is not JSON of this type, or inflates to more than the [limit](Self::inflate_limit).
    pub fn unsign_object<T: DeserializeOwned>(&self, signed: &str) -> Result<T, SignatureError> {
        decode(self.verify(&self.salt, signed)?, self.inflate_limit)
            .map_err(SignatureError::BadPayload)
    }

    /// Compresses objects with zlib if the result is shorter: Django's `compress=True`.
    ///
    /// A compressed value starts with `.`. Its bytes depend on the zlib implementation and can
    /// differ from Django's, but Django can read them, and this signer can read Django's.
    ///
    /// ```
    /// use tower_django_cookies::signing::{SecretKey, Signer};
    ///
    /// let signer = Signer::new(SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?).compress();
    /// let signed = signer.sign_object(&"a".repeat(1000))?;
    /// assert!(signed.starts_with('.') && signed.len() < 100);
    /// assert_eq!(signer.unsign_object::<String>(&signed)?, "a".repeat(1000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn compress(mut self) -> Self {
        self.compress = true;
        self
    }

    /// Limits the size to which a compressed object inflates, in bytes. The default is 1 MiB.
    ///
    /// Only a value with a valid signature is inflated. It can inflate to several hundred times its
    /// length.
    ///
    /// ```
    /// use tower_django_cookies::signing::{PayloadReason, SecretKey, SignatureError, Signer};
    ///
    /// let signer = Signer::new(SecretKey::try_from("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?)
    ///     .compress()
    ///     .inflate_limit(100);
    /// let signed = signer.sign_object(&"a".repeat(1000))?;
    /// let error = signer.unsign_object::<String>(&signed).unwrap_err();
    /// assert_eq!(error, SignatureError::BadPayload(PayloadReason::TooLong { limit: 100 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn inflate_limit(mut self, bytes: usize) -> Self {
        self.inflate_limit = bytes;
        self
    }
}

impl TimestampSigner {
    /// Signs a value as JSON, with the time: Django's `TimestampSigner.sign_object`.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadPayload`] if `value` cannot be written as JSON.
    pub fn sign_object<T: Serialize + ?Sized>(&self, value: &T) -> Result<String, SignatureError> {
        let payload = encode(value, self.signer.compress).map_err(SignatureError::BadPayload)?;
        Ok(self.sign(&payload))
    }

    /// Reads a value that [`sign_object`](Self::sign_object) or Django's `sign_object` signed, if it
    /// is not older than [`max_age`](Self::max_age).
    ///
    /// # Errors
    ///
    /// The errors of [`unsign`](Self::unsign), and [`SignatureError::BadPayload`] if the signed
    /// text is not JSON of this type, or inflates to more than the [limit](Self::inflate_limit).
    /// Python's `NaN` and lone surrogates are not JSON.
    pub fn unsign_object<T: DeserializeOwned>(&self, signed: &str) -> Result<T, SignatureError> {
        decode(self.verify(signed)?, self.signer.inflate_limit).map_err(SignatureError::BadPayload)
    }

    /// See [`Signer::compress`].
    #[must_use]
    pub fn compress(mut self) -> Self {
        self.signer = self.signer.compress();
        self
    }

    /// See [`Signer::inflate_limit`].
    #[must_use]
    pub fn inflate_limit(mut self, bytes: usize) -> Self {
        self.signer = self.signer.inflate_limit(bytes);
        self
    }
}

pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    compress: bool,
) -> Result<String, PayloadReason> {
    Ok(pack(&to_json(value)?, compress))
}

/// Writes JSON as Python does.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, PayloadReason> {
    let mut json = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut json, PythonFormatter))
        .map_err(|_| PayloadReason::Unserializable)?;
    Ok(json)
}

/// Encodes the bytes of JSON as the payload to sign.
pub(crate) fn pack(json: &[u8], compress: bool) -> String {
    if compress {
        let mut deflated = Vec::new();
        ZlibEncoder::new(json, Compression::default())
            .read_to_end(&mut deflated)
            .expect("reading from memory cannot fail");
        // As in Django, the `.` counts as one byte.
        if deflated.len() + 1 < json.len() {
            return format!(".{}", URL_SAFE_NO_PAD.encode(deflated));
        }
    }
    URL_SAFE_NO_PAD.encode(json)
}

pub(crate) fn decode<T: DeserializeOwned>(payload: &str, limit: usize) -> Result<T, PayloadReason> {
    // Django decodes the JSON as Latin-1. `dumps` writes only ASCII.
    let json: String = unpack(payload, limit)?
        .into_iter()
        .map(char::from)
        .collect();
    serde_json::from_str(&json).map_err(|_| PayloadReason::Json)
}

/// Decodes a payload to the bytes of JSON.
pub(crate) fn unpack(payload: &str, limit: usize) -> Result<Vec<u8>, PayloadReason> {
    let (text, is_deflated) = match payload.strip_prefix('.') {
        Some(deflated) => (deflated, true),
        None => (payload, false),
    };
    let mut data = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| PayloadReason::Base64)?;
    if is_deflated {
        if data.is_empty() {
            return Err(PayloadReason::Zlib);
        }
        let mut inflated = Vec::new();
        // Reads one byte more than the limit, to detect that the limit is exceeded.
        let max = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        ZlibDecoder::new(&*data)
            .take(max)
            .read_to_end(&mut inflated)
            .map_err(|_| PayloadReason::Zlib)?;
        if inflated.len() > limit {
            return Err(PayloadReason::TooLong { limit });
        }
        data = inflated;
    }
    Ok(data)
}

/// Writes JSON as `json.dumps` does with `separators=(",", ":")`: only ASCII, and floats as in
/// Python's `repr`.
struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_escaped(writer, fragment, |c| !matches!(c, ' '..='~'))
    }

    /// Writes JSON from another serializer, and keeps its white space.
    fn write_raw_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_escaped(writer, fragment, |c| !c.is_ascii())
    }

    /// Writes a number of a [`Value`](serde_json::Value) if any crate of the build enables
    /// `serde_json/arbitrary_precision`: then the number is stored as text. The result is the same as
    /// without that feature, except that integers of any size are exact, and numbers beyond the range of
    /// a float are written as they are.
    fn write_number_str<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        number: &str,
    ) -> io::Result<()> {
        let is_integer = number != "-0" && !number.contains(['.', 'e', 'E']);
        match number.parse() {
            Ok(float) if !is_integer && f64::is_finite(float) => self.write_f64(writer, float),
            _ => writer.write_all(number.as_bytes()),
        }
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let mut shortest = Vec::new();
        CompactFormatter.write_f64(&mut shortest, value)?;
        write_float(writer, &shortest, &format!("{value:e}"))
    }

    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        let mut shortest = Vec::new();
        CompactFormatter.write_f32(&mut shortest, value)?;
        write_float(writer, &shortest, &format!("{value:e}"))
    }
}

fn write_escaped<W: ?Sized + Write>(
    writer: &mut W,
    text: &str,
    is_escaped: impl Fn(char) -> bool,
) -> io::Result<()> {
    let mut units = [0; 2];
    for c in text.chars() {
        if !is_escaped(c) {
            write!(writer, "{c}")?;
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            write!(writer, "\\u{unit:04x}")?;
        }
    }
    Ok(())
}

/// Writes a float as Python's `repr` does.
///
/// The digits come from `shortest`, and the exponent comes from `scientific`. If two
/// representations are equally short, `shortest` has the even one, as in Python. `scientific` has
/// the greater one, as in Rust's `{:e}`.
fn write_float<W: ?Sized + Write>(
    writer: &mut W,
    shortest: &[u8],
    scientific: &str,
) -> io::Result<()> {
    let mantissa = shortest
        .split(|&byte| byte == b'e')
        .next()
        .unwrap_or_default();
    let digits: String = mantissa
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .map(|&byte| char::from(byte))
        .collect();
    let digits = digits.trim_start_matches('0').trim_end_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    let exponent = scientific
        .split_once('e')
        .map_or("0", |(_, exponent)| exponent);
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if shortest.starts_with(b"-") {
        writer.write_all(b"-")?;
    }
    let places = digits.len();
    match usize::try_from(exponent) {
        Ok(whole) if whole < 16 && places <= whole + 1 => {
            write!(writer, "{digits}{}.0", "0".repeat(whole + 1 - places))
        }
        Ok(whole) if whole < 16 => {
            write!(writer, "{}.{}", &digits[..=whole], &digits[whole + 1..])
        }
        Err(_) if exponent >= -4 => {
            write!(
                writer,
                "0.{}{digits}",
                "0".repeat(exponent.unsigned_abs() as usize - 1)
            )
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(
                writer,
                "{first}{point}{rest}e{sign}{:02}",
                exponent.unsigned_abs()
            )
        }
    }
}
