//! The crate reads what Django signs, and signs the same bytes as Django. `tests/django/vectors.py`
//! made the vectors with real Django.
#![cfg(feature = "signed")]

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use support::{from_hex, request, response_cookies};
use tower_django_cookies::signing::{SecretKey, SignatureError, Signer, TimestampSigner};
use tower_django_cookies::{CookieError, CookieLayer};

/// The cases of one kind.
fn vectors<T: DeserializeOwned>(kind: &str) -> Vec<T> {
    let mut vectors: Value = serde_json::from_str(include_str!("django/signing.json"))
        .expect("signing.json is well-formed");
    let cases: Vec<T> = serde_json::from_value(vectors[kind].take()).expect("cases of the kind");
    assert!(!cases.is_empty(), "{kind}");
    cases
}

/// A case. Each kind of cases has some of these keys.
#[derive(Deserialize)]
struct Vector {
    case: String,
    key: String,
    #[serde(default)]
    fallbacks: Vec<String>,
    salt: Option<String>,
    sep: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    signed: String,
    now: Option<f64>,
    max_age: Option<f64>,
    raises: Option<String>,
    differs: Option<Differs>,
}

#[derive(Deserialize)]
struct Differs {
    error: Option<String>,
    set_cookie: Option<String>,
    #[cfg(feature = "dumps")]
    object: Option<Value>,
}

impl Vector {
    fn key(&self) -> SecretKey {
        from_hex(&self.key).into()
    }

    fn fallbacks(&self) -> impl Iterator<Item = SecretKey> {
        self.fallbacks.iter().map(|key| from_hex(key).into())
    }

    fn signer(&self) -> Signer {
        let signer = Signer::new(self.key()).fallbacks(self.fallbacks());
        let signer = match &self.salt {
            Some(salt) => signer.salt(salt),
            None => signer,
        };
        match &self.sep {
            Some(sep) => signer.separator(sep).expect(&self.case),
            None => signer,
        }
    }

    fn timestamp_signer(&self) -> TimestampSigner {
        let signer = TimestampSigner::new(self.key()).fallbacks(self.fallbacks());
        let signer = match &self.salt {
            Some(salt) => signer.salt(salt),
            None => signer,
        };
        let signer = match &self.sep {
            Some(sep) => signer.separator(sep).expect(&self.case),
            None => signer,
        };
        signer.with_time(self.now())
    }

    fn now(&self) -> SystemTime {
        let now = self.now.expect("a time");
        let since = Duration::from_secs_f64(now.abs());
        if now < 0.0 {
            UNIX_EPOCH - since
        } else {
            UNIX_EPOCH + since
        }
    }

    fn max_age(&self) -> Option<Duration> {
        self.max_age.map(Duration::from_secs_f64)
    }

    /// The crate's error if it differs from Django's, otherwise Django's.
    fn error(&self) -> Option<&str> {
        let ours = self
            .differs
            .as_ref()
            .and_then(|differs| differs.error.as_deref());
        ours.or(self.raises.as_deref())
    }
}

/// The name that the vectors give to an error.
fn error_name(error: &SignatureError) -> &'static str {
    match error {
        SignatureError::BadSignature => "BadSignature",
        SignatureError::BadTimestamp => "BadTimestamp",
        SignatureError::SignatureExpired { .. } => "SignatureExpired",
        other => panic!("unexpected {other:?}"),
    }
}

#[test]
fn signer_signs_and_unsigns_as_django_does() {
    for case in vectors::<Vector>("sign") {
        let value = case.value.as_deref().expect("a value");
        let signer = case.signer();
        assert_eq!(signer.sign(value), case.signed, "{}", case.case);
        assert_eq!(
            signer.unsign(&case.signed).as_deref(),
            Ok(value),
            "{}",
            case.case
        );
    }
}

#[test]
fn timestamp_signer_signs_and_unsigns_as_django_does_at_any_time() {
    for case in vectors::<Vector>("timestamp") {
        let value = case.value.as_deref().expect("a value");
        let signer = case.timestamp_signer();
        assert_eq!(signer.sign(value), case.signed, "{}", case.case);
        assert_eq!(
            signer.unsign(&case.signed, None).as_deref(),
            Ok(value),
            "{}",
            case.case
        );
    }
}

#[test]
fn separator_that_django_rejects_is_unsafe_separator() {
    #[derive(Deserialize)]
    struct Separator {
        sep: String,
        safe: bool,
    }
    for Separator { sep, safe } in vectors("separators") {
        for result in [
            Signer::new("key").separator(&sep).map(drop),
            TimestampSigner::new("key").separator(&sep).map(drop),
        ] {
            match result {
                Ok(()) => assert!(safe, "{sep:?}"),
                Err(SignatureError::UnsafeSeparator { separator }) => {
                    assert!(!safe && separator == sep, "{sep:?}");
                }
                Err(error) => panic!("{sep:?}: {error}"),
            }
        }
    }
}

#[test]
fn unsign_accepts_and_rejects_the_same_text_as_django() {
    #[derive(Deserialize)]
    struct Unsign {
        kind: String,
        #[serde(flatten)]
        case: Vector,
    }
    for Unsign { kind, case } in vectors("unsign") {
        let unsigned = match &*kind {
            "signer" => case.signer().unsign(&case.signed),
            _ => case.timestamp_signer().unsign(&case.signed, case.max_age()),
        };
        match case.error() {
            Some(error) => {
                let found = unsigned.expect_err(&case.case);
                assert_eq!(error_name(&found), error, "{}", case.case);
            }
            None => assert_eq!(Ok(case.value.expect("a value")), unsigned, "{}", case.case),
        }
    }
}

/// Makes the same signer as Django's `get_cookie_signer`.
fn cookie_signer(case: &Vector, name: &str) -> TimestampSigner {
    let salt = case.salt.as_deref().unwrap_or_default();
    let salt = format!(
        "django.http.cookies.v2:{}:{salt}{name}",
        salt.chars().count()
    );
    let key = [&b"django.http.cookies"[..], &from_hex(&case.key)].concat();
    TimestampSigner::new(key).salt(salt)
}

#[test]
fn signed_set_writes_the_header_of_django() {
    #[derive(Deserialize)]
    struct Signed {
        name: String,
        set_cookie: Option<String>,
        #[serde(flatten)]
        case: Vector,
    }
    for Signed {
        name,
        set_cookie,
        case,
    } in vectors("cookie")
    {
        let value = case.value.as_deref().expect("a value");
        // First with a signer like the jar's, at the time of the vector.
        let signer = cookie_signer(&case, &name);
        let signed = signer.clone().with_time(case.now()).sign(value);
        assert_eq!(signed, case.signed, "{}", case.case);
        let headers = response_cookies(&CookieLayer::new(), |jar| {
            jar.set((&*name, &*signed)).expect(&case.case);
        });
        let differs = case
            .differs
            .as_ref()
            .and_then(|differs| differs.set_cookie.clone());
        assert_eq!(
            headers,
            [differs.or(set_cookie).expect("a header")],
            "{}",
            case.case
        );

        // Then with the jar, at the current time.
        let layer = CookieLayer::new().secret_key(case.key());
        let salt = case.salt.as_deref().unwrap_or_default();
        let jar = layer.jar(&http::Request::new(()));
        let before = SystemTime::now();
        jar.signed()
            .salt(salt)
            .set((&*name, value))
            .expect(&case.case);
        let after = SystemTime::now();
        let expected = [before, after].map(|now| signer.clone().with_time(now).sign(value));
        let found = jar.queued()[0].value().to_owned();
        assert!(
            expected.contains(&found),
            "{}: {found}, not {expected:?}",
            case.case
        );
    }
}

#[test]
fn signed_get_reads_cookies_as_django_does() {
    #[derive(Deserialize)]
    struct Get {
        header: String,
        name: String,
        legacy: bool,
        #[serde(flatten)]
        case: Vector,
    }
    for Get {
        header,
        name,
        legacy,
        case,
    } in vectors("get_cookie")
    {
        let layer = CookieLayer::new()
            .secret_key(case.key())
            .secret_key_fallbacks(case.fallbacks())
            .signed_cookie_legacy_salt_fallback(legacy);
        let jar = layer.jar(&request(from_hex(&header)));
        let mut signed = jar.signed().salt(case.salt.as_deref().unwrap_or_default());
        if let Some(max_age) = case.max_age() {
            // The jar reads at the current time, so a cookie that must be accepted may be a minute
            // older. The vectors of `unsign` test the exact limit.
            let since = SystemTime::now()
                .duration_since(case.now())
                .expect("a time in the past");
            let grace = Duration::from_secs(if case.raises.is_none() { 60 } else { 0 });
            signed = signed.max_age(max_age + since + grace);
        }
        let found = signed.get(&name);
        let Some(error) = case.error() else {
            assert_eq!(Ok(case.value.expect("a value")), found, "{}", case.case);
            continue;
        };
        let found = match found.expect_err(&case.case) {
            CookieError::MissingCookie { .. } => "KeyError",
            CookieError::BadSignature { .. } => "BadSignature",
            CookieError::SignatureExpired { .. } => "SignatureExpired",
            other => panic!("{}: {other}", case.case),
        };
        assert_eq!(found, error, "{}", case.case);
    }
}

/// CVE-2026-6873: the legacy salt joins the name and the salt without a separator.
#[test]
fn signature_with_other_split_of_name_and_salt_is_bad_signature() {
    let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
    let jar = layer.jar(&http::Request::new(()));
    jar.signed().salt("bc").set(("a", "42")).expect("set");
    let value = jar.queued()[0].value().to_owned();
    for legacy in [false, true] {
        let layer = layer.clone().signed_cookie_legacy_salt_fallback(legacy);
        let jar = layer.jar(&request(format!("a={value}; ab={value}")));
        assert_eq!(jar.signed().salt("bc").get("a").as_deref(), Ok("42"));
        for (name, salt) in [("ab", "c"), ("a", ""), ("a", "b"), ("ab", ""), ("a", "bcd")] {
            let result = jar.signed().salt(salt).get(name);
            assert!(
                matches!(&result, Err(CookieError::BadSignature { name: of, .. }) if of == name),
                "{name} {salt}: {result:?}"
            );
        }
    }
}

#[test]
fn debug_of_keys_and_signers_redacts_the_keys() {
    let signer = TimestampSigner::new("s3cret").fallbacks(["s3cret too"]);
    let text = format!("{signer:?} {:?}", SecretKey::from("s3cret"));
    assert!(
        text.contains("SecretKey(..)") && !text.contains("s3cret"),
        "{text}"
    );
}

#[test]
fn signer_with_empty_key_panics() {
    for make in [
        || drop(Signer::new("")),
        || drop(TimestampSigner::new(Vec::new())),
        || drop(Signer::new("key").fallbacks(["fallback", ""])),
    ] {
        let panic = std::panic::catch_unwind(make).expect_err("a panic");
        let message = panic.downcast_ref::<&str>().copied().unwrap_or_default();
        assert!(message.contains("key is empty"), "{message}");
    }
}

#[cfg(feature = "dumps")]
mod objects {
    use super::*;
    use tower_django_cookies::signing::{self, PayloadReason};

    #[derive(Deserialize)]
    struct Dump {
        #[serde(default)]
        object: Value,
        #[serde(default)]
        compress: bool,
        /// By Python's zlib. Another implementation may write other bytes.
        #[serde(default)]
        compressed: bool,
        #[serde(flatten)]
        case: Vector,
    }

    impl Dump {
        /// A signer with the case's salt, or with the default salt of `signing.dumps`.
        fn signer(&self) -> TimestampSigner {
            let signer = self.case.timestamp_signer();
            if self.case.salt.is_none() {
                signer.salt("django.core.signing")
            } else {
                signer
            }
        }
    }

    #[test]
    fn dumps_and_loads_write_and_read_the_text_of_django() {
        for vector in vectors::<Dump>("dumps") {
            let (signer, case) = (vector.signer(), &vector.case);
            let loaded: Value = signing::loads(&signer, &case.signed, None).expect(&case.case);
            assert_eq!(loaded, vector.object, "{}", case.case);
            let dumped =
                signing::dumps(&signer, &vector.object, vector.compress).expect(&case.case);
            if vector.compressed {
                assert!(dumped.starts_with('.'), "{}", case.case);
                let loaded: Value = signing::loads(&signer, &dumped, None).expect(&case.case);
                assert_eq!(loaded, vector.object, "{}", case.case);
            } else {
                assert_eq!(dumped, case.signed, "{}", case.case);
            }
        }
    }

    #[test]
    fn sign_object_and_unsign_object_write_and_read_the_text_of_django() {
        for vector in vectors::<Dump>("sign_object") {
            let (signer, case) = (vector.case.signer(), &vector.case);
            let read: Value = signer.unsign_object(&case.signed).expect(&case.case);
            assert_eq!(read, vector.object, "{}", case.case);
            let signed = signer
                .sign_object(&vector.object, vector.compress)
                .expect(&case.case);
            assert_eq!(signed.starts_with('.'), vector.compressed, "{}", case.case);
            if !vector.compressed {
                assert_eq!(signed, case.signed, "{}", case.case);
            }
        }
    }

    #[test]
    fn loads_accepts_and_rejects_the_same_text_as_django() {
        for vector in vectors::<Dump>("loads") {
            let (signer, case) = (vector.signer(), &vector.case);
            let loaded = signing::loads::<Value>(&signer, &case.signed, case.max_age());
            let Some(error) = case.error() else {
                let ours = case
                    .differs
                    .as_ref()
                    .and_then(|differs| differs.object.clone());
                assert_eq!(loaded, Ok(ours.unwrap_or(vector.object)), "{}", case.case);
                continue;
            };
            let found = match loaded.expect_err(&case.case) {
                SignatureError::BadPayload(reason) => match reason {
                    PayloadReason::Base64 => "BadPayload:Base64",
                    PayloadReason::Zlib => "BadPayload:Zlib",
                    PayloadReason::TooLong { limit } => {
                        assert_eq!(limit, 1024 * 1024);
                        "BadPayload:TooLong"
                    }
                    PayloadReason::Json => "BadPayload:Json",
                    other => panic!("{}: {other:?}", case.case),
                },
                other => error_name(&other),
            };
            assert_eq!(found, error, "{}", case.case);
        }
    }

    #[test]
    fn unsign_object_beyond_inflate_limit_is_too_long() {
        let signer = Signer::new("a secret that nobody guesses");
        let signed = signer.sign_object(&"a".repeat(1000), true).expect("signed");
        let json_len = 1002;
        let signer = signer.inflate_limit(json_len);
        assert_eq!(signer.unsign_object(&signed), Ok("a".repeat(1000)));
        let limit = json_len - 1;
        let result = signer.inflate_limit(limit).unsign_object::<String>(&signed);
        let reason = PayloadReason::TooLong { limit };
        assert_eq!(result, Err(SignatureError::BadPayload(reason)));
        let text = format!("more than {limit} bytes");
        assert!(reason.to_string().contains(&text), "{reason}");
    }

    #[test]
    fn sign_object_of_raw_json_escapes_non_ascii_characters() {
        let signer = Signer::new("key");
        let json = r#"{ "a": "é🍪" }"#.to_owned();
        let raw = serde_json::value::RawValue::from_string(json).expect("JSON");
        // Python's `json.dumps` escapes in the same way.
        let json = r#"{ "a": "\u00e9\ud83c\udf6a" }"#;
        let payload = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, json);
        let signed = signer.sign_object(&raw, false).expect("signed");
        assert_eq!(signed, signer.sign(&payload));
    }

    /// Python's floats have 64 bits. The texts are what its `json.dumps` writes for floats with the
    /// same digits.
    #[test]
    fn sign_object_of_f32_writes_the_f64_with_the_same_digits() {
        let signer = Signer::new("key");
        for (float, json) in [(0.1_f32, "0.1"), (1e16, "1e+16"), (-1.5e-7, "-1.5e-07")] {
            let payload = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, json);
            let signed = signer.sign_object(&float, false).expect("signed");
            assert_eq!(signed, signer.sign(&payload));
        }
    }

    #[test]
    fn sign_object_of_map_with_tuple_keys_is_unserializable() {
        let map = std::collections::BTreeMap::from([((1, 2), 3)]);
        let result = Signer::new("key").sign_object(&map, false);
        assert_eq!(
            result,
            Err(SignatureError::BadPayload(PayloadReason::Unserializable))
        );
    }
}
