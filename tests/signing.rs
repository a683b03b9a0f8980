//! What Django signs is read here, and what is signed here is what Django signs, byte for byte:
//! `tests/django/vectors.py` asked it.
#![cfg(feature = "signed")]

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use support::{from_hex, request, sent};
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

/// What all kinds have, each some of it.
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

    /// The crate's error where it isn't Django's, else Django's.
    fn error(&self) -> Option<&str> {
        let ours = self
            .differs
            .as_ref()
            .and_then(|differs| differs.error.as_deref());
        ours.or(self.raises.as_deref())
    }
}

fn name_of(error: &SignatureError) -> String {
    let text = format!("{error:?}");
    let end = text.find([' ', '(']).unwrap_or(text.len());
    text[..end].to_owned()
}

#[test]
fn signer_signs_as_django_does() {
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
fn timestamp_signer_signs_as_django_does_at_any_time() {
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
fn separators_are_unsafe_where_django_says_so() {
    #[derive(Deserialize)]
    struct Separator {
        sep: String,
        safe: bool,
    }
    for Separator { sep, safe } in vectors("separators") {
        let signer = Signer::new("key").separator(&sep);
        assert_eq!(signer.is_ok(), safe, "{sep:?}");
        let timestamped = TimestampSigner::new("key").separator(&sep).map(drop);
        let unsafe_separator = SignatureError::UnsafeSeparator { separator: sep };
        assert_eq!(
            timestamped,
            if safe { Ok(()) } else { Err(unsafe_separator) }
        );
    }
}

#[test]
fn unsigning_accepts_and_refuses_what_django_does() {
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
                assert_eq!(name_of(&found), error, "{}", case.case);
            }
            None => assert_eq!(Ok(case.value.expect("a value")), unsigned, "{}", case.case),
        }
    }
}

/// Django's `get_cookie_signer`, from the documented salt and key.
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
fn signed_cookies_are_set_as_django_sets_them() {
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
        // At Django's time with the signer that stands below the jar …
        let signer = cookie_signer(&case, &name);
        let at_djangos_time = signer.clone().with_time(case.now()).sign(value);
        assert_eq!(at_djangos_time, case.signed, "{}", case.case);
        let plain = sent(&CookieLayer::new(), |jar| {
            jar.set((&*name, &*at_djangos_time)).expect(&case.case);
        });
        let differs = case
            .differs
            .as_ref()
            .and_then(|differs| differs.set_cookie.clone());
        assert_eq!(
            plain,
            [differs.or(set_cookie).expect("a field")],
            "{}",
            case.case
        );

        // … and now, with the jar.
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
fn signed_cookies_are_read_as_django_reads_them() {
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
            // The jar's clock is today's, so what may pass gets a minute; how ages compare to the
            // nanosecond is held by `unsign`.
            let since = SystemTime::now()
                .duration_since(case.now())
                .expect("a time that is past");
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

/// CVE-2026-6873: with the old salt, name and salt ran together.
#[test]
fn name_and_salt_do_not_run_together() {
    let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
    let jar = layer.jar(&http::Request::new(()));
    jar.signed().salt("bc").set(("a", "42")).expect("set");
    let value = jar.queued()[0].value().to_owned();
    for legacy in [false, true] {
        let layer = layer.clone().signed_cookie_legacy_salt_fallback(legacy);
        let jar = layer.jar(&request(format!("a={value}; ab={value}")));
        assert_eq!(jar.signed().salt("bc").get("a").as_deref(), Ok("42"));
        for (name, salt) in [("ab", "c"), ("a", ""), ("a", "b"), ("ab", ""), ("a", "bcd")] {
            let refused = jar.signed().salt(salt).get(name);
            assert_eq!(
                refused,
                Err(CookieError::BadSignature { name: name.into() }),
                "{name} {salt}"
            );
        }
    }
}

#[test]
fn keys_are_not_shown_and_empty_ones_are_refused() {
    let signer = TimestampSigner::new("s3cret").fallbacks(["s3cret too"]);
    let text = format!("{signer:?} {:?}", SecretKey::from("s3cret"));
    assert!(
        text.contains("SecretKey(..)") && !text.contains("s3cret"),
        "{text}"
    );
    for made in [
        || drop(Signer::new("")),
        || drop(TimestampSigner::new(Vec::new())),
        || drop(Signer::new("key").fallbacks(["fallback", ""])),
    ] {
        assert!(std::panic::catch_unwind(made).is_err());
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
        /// By a zlib, whose output is its own affair.
        #[serde(default)]
        compressed: bool,
        #[serde(flatten)]
        case: Vector,
    }

    impl Dump {
        /// The salt that `signing.dumps` has unless one is said.
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
    fn dumps_writes_what_django_writes_and_loads_reads_it() {
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
    fn sign_object_is_the_same_without_the_time() {
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
    fn loads_refuses_what_was_not_dumped() {
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
                SignatureError::BadPayload(PayloadReason::TooLong { limit }) => {
                    assert_eq!(limit, 1024 * 1024);
                    "BadPayload:TooLong".into()
                }
                SignatureError::BadPayload(reason) => format!("BadPayload:{reason:?}"),
                other => name_of(&other),
            };
            assert_eq!(found, error, "{}", case.case);
        }
    }

    #[test]
    fn no_more_is_inflated_than_the_limit_says() {
        let signer = Signer::new("a secret that nobody guesses");
        let signed = signer.sign_object(&"a".repeat(1000), true).expect("signed");
        let json = 1002;
        assert!(
            signer
                .clone()
                .inflate_limit(json)
                .unsign_object::<String>(&signed)
                .is_ok()
        );
        let refused = signer
            .inflate_limit(json - 1)
            .unsign_object::<String>(&signed);
        let reason = PayloadReason::TooLong { limit: json - 1 };
        assert_eq!(refused, Err(SignatureError::BadPayload(reason)));
        let limit = format!("more than {} bytes", json - 1);
        assert!(reason.to_string().contains(&limit), "{reason}");
    }

    #[test]
    fn json_from_elsewhere_is_signed_in_ascii() {
        let signer = Signer::new("key");
        let json = r#"{ "a": "é🍪" }"#.to_owned();
        let raw = serde_json::value::RawValue::from_string(json).expect("JSON");
        // Django's `json.dumps` escapes so.
        let json = r#"{ "a": "\u00e9\ud83c\udf6a" }"#;
        let payload = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, json);
        let signed = signer.sign_object(&raw, false).expect("signed");
        assert_eq!(signed, signer.sign(&payload));
    }

    /// Python has no others than of 64 bits; these texts are its `json.dumps`.
    #[test]
    fn a_float_of_32_bits_is_signed_as_that_of_64_with_its_digits() {
        let signer = Signer::new("key");
        for (float, json) in [(0.1_f32, "0.1"), (1e16, "1e+16"), (-1.5e-7, "-1.5e-07")] {
            let payload = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, json);
            let signed = signer.sign_object(&float, false).expect("signed");
            assert_eq!(signed, signer.sign(&payload));
        }
    }

    #[test]
    fn what_is_no_json_is_not_signed() {
        let no_json = std::collections::BTreeMap::from([((1, 2), 3)]);
        let refused = Signer::new("key").sign_object(&no_json, false);
        assert_eq!(
            refused,
            Err(SignatureError::BadPayload(PayloadReason::Unserializable))
        );
    }
}
