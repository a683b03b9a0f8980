//! `dumps` and `loads`: signed JSON.

use std::io::{self, Read, Write};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::{ZlibDecoder, ZlibEncoder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::signing::{PayloadReason, SignatureError, Signer, TimestampSigner};

/// Signs a value as JSON, with the time: `django.core.signing.dumps`.
///
/// Django's `loads` reads it if the signer has Django's salt for this, `django.core.signing`, or the
/// salt that `loads` is given. With `compress` the JSON goes through zlib where that is shorter, and
/// a `.` comes before it; then the bytes are zlib's affair, and may differ from Django's.
///
/// The JSON is Python's to the byte. NaN and the infinities become `null`, as always in
/// `serde_json`. What is nested in more than 127 levels can be signed, but [`loads`] refuses it.
///
/// # Errors
///
/// [`SignatureError::BadPayload`] if `value` can't be JSON, such as a map whose keys are tuples.
///
/// ```
/// use tower_django_cookies::signing::{self, SignatureError, TimestampSigner};
///
/// let signer = TimestampSigner::new("a secret that nobody guesses").salt("django.core.signing");
/// let signed = signing::dumps(&signer, &("Björk", 2.0), false)?;
/// let (name, number): (String, f64) = signing::loads(&signer, &signed, None)?;
/// assert_eq!((&*name, number), ("Björk", 2.0));
/// # Ok::<(), SignatureError>(())
/// ```
pub fn dumps<T: Serialize + ?Sized>(
    signer: &TimestampSigner,
    value: &T,
    compress: bool,
) -> Result<String, SignatureError> {
    signer.sign_object(value, compress)
}

/// Reads what [`dumps`] or Django's signed, if that was no longer than `max_age` ago:
/// `django.core.signing.loads`.
///
/// # Errors
///
/// Those of [`TimestampSigner::unsign`], and [`SignatureError::BadPayload`] if what was signed is
/// no JSON of this type, or inflates to more than the signer's
/// [limit](TimestampSigner::inflate_limit). Python's `NaN` and lone surrogates are no JSON.
///
/// ```
/// use std::time::Duration;
/// use tower_django_cookies::signing::{self, SignatureError, TimestampSigner};
///
/// let signer = TimestampSigner::new("a secret that nobody guesses").salt("django.core.signing");
/// let signed = signing::dumps(&signer, &[1, 2, 3], true)?;
/// let hour = Duration::from_secs(60 * 60);
/// assert_eq!(signing::loads::<Vec<u32>>(&signer, &signed, Some(hour))?, [1, 2, 3]);
/// # Ok::<(), SignatureError>(())
/// ```
pub fn loads<T: DeserializeOwned>(
    signer: &TimestampSigner,
    signed: &str,
    max_age: Option<Duration>,
) -> Result<T, SignatureError> {
    signer.unsign_object(signed, max_age)
}

impl Signer {
    /// Signs a value as JSON, as [`dumps`] does but without the time.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadPayload`] if `value` can't be JSON.
    ///
    /// ```
    /// use tower_django_cookies::signing::{SignatureError, Signer};
    ///
    /// let signer = Signer::new("a secret that nobody guesses");
    /// let signed = signer.sign_object(&["a", "b"], false)?;
    /// assert_eq!(signer.unsign_object::<Vec<String>>(&signed)?, ["a", "b"]);
    /// # Ok::<(), SignatureError>(())
    /// ```
    pub fn sign_object<T: Serialize + ?Sized>(
        &self,
        value: &T,
        compress: bool,
    ) -> Result<String, SignatureError> {
        Ok(self.sign(&encode(value, compress)?))
    }

    /// Reads what [`sign_object`](Self::sign_object) or Django's signed.
    ///
    /// # Errors
    ///
    /// Those of [`unsign`](Self::unsign), and [`SignatureError::BadPayload`] if what was signed is
    /// no JSON of this type, or inflates to more than the [limit](Self::inflate_limit).
    pub fn unsign_object<T: DeserializeOwned>(&self, signed: &str) -> Result<T, SignatureError> {
        decode(self.verify(&self.salt, signed)?, self.inflate_limit)
    }

    /// Inflates no payload to more than `bytes`; 1 MiB unless it is said.
    ///
    /// A payload is inflated only once its signature fits, but a few signed bytes may stand for
    /// gigabytes.
    ///
    /// ```
    /// use tower_django_cookies::signing::{SignatureError, Signer};
    ///
    /// let signer = Signer::new("a secret that nobody guesses").inflate_limit(100);
    /// let signed = signer.sign_object(&"a".repeat(1000), true)?;
    /// assert!(signer.unsign_object::<String>(&signed).is_err());
    /// # Ok::<(), SignatureError>(())
    /// ```
    #[must_use]
    pub fn inflate_limit(mut self, bytes: usize) -> Self {
        self.inflate_limit = bytes;
        self
    }
}

impl TimestampSigner {
    /// [`dumps`] as a method: Django's `TimestampSigner.sign_object`.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadPayload`] if `value` can't be JSON.
    pub fn sign_object<T: Serialize + ?Sized>(
        &self,
        value: &T,
        compress: bool,
    ) -> Result<String, SignatureError> {
        Ok(self.sign(&encode(value, compress)?))
    }

    /// [`loads`] as a method: Django's `TimestampSigner.unsign_object`.
    ///
    /// # Errors
    ///
    /// Those of [`unsign`](Self::unsign), and [`SignatureError::BadPayload`] if what was signed is
    /// no JSON of this type, or inflates to more than the [limit](Self::inflate_limit).
    pub fn unsign_object<T: DeserializeOwned>(
        &self,
        signed: &str,
        max_age: Option<Duration>,
    ) -> Result<T, SignatureError> {
        decode(self.verify(signed, max_age)?, self.signer.inflate_limit)
    }

    /// See [`Signer::inflate_limit`].
    #[must_use]
    pub fn inflate_limit(mut self, bytes: usize) -> Self {
        self.signer = self.signer.inflate_limit(bytes);
        self
    }
}

fn encode<T: Serialize + ?Sized>(value: &T, compress: bool) -> Result<String, SignatureError> {
    let mut json = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut json, PythonFormatter))
        .map_err(|_| SignatureError::BadPayload(PayloadReason::Unserializable))?;
    if compress {
        let mut deflated = Vec::new();
        ZlibEncoder::new(&*json, Compression::default())
            .read_to_end(&mut deflated)
            .expect("reading from memory doesn't fail");
        // As in Django: the `.` takes a byte.
        if deflated.len() + 1 < json.len() {
            return Ok(format!(".{}", URL_SAFE_NO_PAD.encode(deflated)));
        }
    }
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn decode<T: DeserializeOwned>(payload: &str, limit: usize) -> Result<T, SignatureError> {
    let reason = SignatureError::BadPayload;
    let (text, is_deflated) = match payload.strip_prefix('.') {
        Some(deflated) => (deflated, true),
        None => (payload, false),
    };
    let mut data = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| reason(PayloadReason::Base64))?;
    if is_deflated {
        if data.is_empty() {
            return Err(reason(PayloadReason::Zlib));
        }
        let mut inflated = Vec::new();
        // One byte more than the limit tells that there is more.
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        ZlibDecoder::new(&*data)
            .take(most)
            .read_to_end(&mut inflated)
            .map_err(|_| reason(PayloadReason::Zlib))?;
        if inflated.len() > limit {
            return Err(reason(PayloadReason::TooLong { limit }));
        }
        data = inflated;
    }
    // Django reads Latin-1; what `dumps` writes is ASCII.
    let json: String = data.into_iter().map(char::from).collect();
    serde_json::from_str(&json).map_err(|_| reason(PayloadReason::Json))
}

/// `json.dumps` with `separators=(",", ":")`: only ASCII, and floats as Python's `repr` has them.
struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_escaped(writer, fragment, |c| !matches!(c, ' '..='~'))
    }

    /// JSON that was finished elsewhere, with white space of its own.
    fn write_raw_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_escaped(writer, fragment, |c| !c.is_ascii())
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

/// Lays a float out as Python's `repr` does.
///
/// The digits are `shortest`'s: where two are equally short, it takes the even one as Python does,
/// while Rust's `scientific`, of which the exponent is, takes the greater.
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
