//! The crate reads what Django signs, and signs the same bytes as Django. `tests/django/vectors.py`
//! made the vectors with real Django.
#![cfg(feature = "signed")]

mod support;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use support::{assert_matches, from_hex, request, response_cookies};
use tower_django_cookies::signing::{EmptyKey, SecretKey, SignatureError, Signer, TimestampSigner};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{CookieError, CookieLayer};

fn secret_key(key: impl AsRef<[u8]>) -> SecretKey {
    SecretKey::try_from(key.as_ref()).expect("a key that is not empty")
}

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
    value: Option<String>,
    set_cookie: Option<String>,
    #[cfg(feature = "dumps")]
    object: Option<Value>,
}

impl Vector {
    fn key(&self) -> SecretKey {
        secret_key(from_hex(&self.key))
    }

    fn fallbacks(&self) -> impl Iterator<Item = SecretKey> {
        self.fallbacks.iter().map(|key| secret_key(from_hex(key)))
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
        let signer = match self.max_age() {
            Some(max_age) => signer.max_age(max_age),
            None => signer,
        };
        if let Some(now) = self.now() {
            return signer.with_time(now);
        }
        assert_eq!(self.max_age, None, "{}: not a date", self.case);
        signer
    }

    /// The time of the case, or `None` after the year 9999: Django signs then too, but the crate has
    /// no such dates.
    fn now(&self) -> Option<OffsetDateTime> {
        let now = Duration::seconds_f64(self.now.expect("a time"));
        OffsetDateTime::UNIX_EPOCH.checked_add(now)
    }

    fn max_age(&self) -> Option<Duration> {
        self.max_age.map(Duration::seconds_f64)
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
        if case.now().is_some() {
            assert_eq!(signer.sign(value), case.signed, "{}", case.case);
        }
        assert_eq!(
            signer.unsign(&case.signed).as_deref(),
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
            Signer::new(secret_key("key")).separator(&sep).map(drop),
            TimestampSigner::new(secret_key("key"))
                .separator(&sep)
                .map(drop),
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
            _ => case.timestamp_signer().unsign(&case.signed),
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
    TimestampSigner::new(secret_key(key)).salt(salt)
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
        if let Some(now) = case.now() {
            let signed = signer.clone().with_time(now).sign(value);
            assert_eq!(signed, case.signed, "{}", case.case);
        }
        let headers = response_cookies(&CookieLayer::new(), |jar| {
            jar.set((&*name, &*case.signed)).expect(&case.case);
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
        let layer = CookieLayer::new().secret_key(case.key()).expect(&case.case);
        let salt = case.salt.as_deref().unwrap_or_default();
        let jar = layer.jar(&http::Request::new(()));
        let before = OffsetDateTime::now_utc();
        jar.signed()
            .salt(salt)
            .set((&*name, value))
            .expect(&case.case);
        let after = OffsetDateTime::now_utc();
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
            .and_then(|layer| layer.secret_key_fallbacks(case.fallbacks()))
            .expect(&case.case)
            .signed_cookie_legacy_salt_fallback(legacy);
        let jar = layer.jar(&request(from_hex(&header)));
        let mut signed = jar.signed().salt(case.salt.as_deref().unwrap_or_default());
        if let Some(max_age) = case.max_age() {
            // The jar reads at the current time, so a cookie that must be accepted may be a minute
            // older. The vectors of `unsign` test the exact limit.
            let since = OffsetDateTime::now_utc() - case.now().expect("a date");
            assert!(since.is_positive(), "{}: a time in the past", case.case);
            let grace = Duration::seconds(if case.raises.is_none() { 60 } else { 0 });
            signed = signed.max_age(max_age + since + grace);
        }
        let found = signed.get(&name);
        let differs = case.differs.as_ref();
        if let Some(value) = differs.and_then(|differs| differs.value.as_deref()) {
            assert_eq!(found.as_deref(), Ok(value), "{}", case.case);
            continue;
        }
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
    let layer = CookieLayer::new()
        .secret_key("a secret that nobody guesses")
        .expect("a key");
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
    let signer = TimestampSigner::new(secret_key("s3cret")).fallbacks([secret_key("s3cret too")]);
    let text = format!("{signer:?} {:?}", secret_key("s3cret"));
    assert!(
        text.contains("SecretKey(..)") && !text.contains("s3cret"),
        "{text}"
    );
}

#[test]
fn secret_key_from_any_empty_source_is_empty_key() {
    let text = String::new();
    let bytes: Vec<u8> = Vec::new();
    let results = [
        ("&str", SecretKey::try_from("")),
        ("&&str", SecretKey::try_from(&"")),
        ("String", SecretKey::try_from(text.clone())),
        ("&String", SecretKey::try_from(&text)),
        ("&[u8]", SecretKey::try_from(&bytes[..])),
        ("&&[u8]", SecretKey::try_from(&&bytes[..])),
        ("Vec<u8>", SecretKey::try_from(bytes.clone())),
        ("&Vec<u8>", SecretKey::try_from(&bytes)),
        ("[u8; 0]", SecretKey::try_from([0_u8; 0])),
        ("&[u8; 0]", SecretKey::try_from(b"")),
    ];
    for (source, result) in results {
        assert_eq!(result.map(drop), Err(EmptyKey), "{source}");
    }
}

#[test]
fn secret_key_from_any_source_has_the_same_bytes() {
    let text = "k\0é".to_owned();
    let bytes = text.as_bytes().to_vec();
    let signed = Signer::new(secret_key(&bytes)).sign("hello");
    let results = [
        ("&str", SecretKey::try_from(&*text)),
        ("&&str", SecretKey::try_from(&&*text)),
        ("String", SecretKey::try_from(text.clone())),
        ("&String", SecretKey::try_from(&text)),
        ("&[u8]", SecretKey::try_from(&bytes[..])),
        ("&&[u8]", SecretKey::try_from(&&bytes[..])),
        ("Vec<u8>", SecretKey::try_from(bytes.clone())),
        ("&Vec<u8>", SecretKey::try_from(&bytes)),
        ("[u8; 4]", SecretKey::try_from(*b"k\0\xc3\xa9")),
        ("&[u8; 4]", SecretKey::try_from(b"k\0\xc3\xa9")),
        ("&SecretKey", Ok(SecretKey::from(&secret_key(&bytes)))),
    ];
    for (source, result) in results {
        let signer = Signer::new(result.expect(source));
        assert_eq!(signer.sign("hello"), signed, "{source}");
    }
}

const NEGATIVE_DURATIONS: [Duration; 4] = [
    Duration::nanoseconds(-1),
    Duration::seconds(-1),
    Duration::weeks(-100),
    Duration::MIN,
];

/// Differences between the time of reading and the time of signing.
const AGES: [Duration; 4] = [
    Duration::ZERO,
    Duration::milliseconds(250),
    Duration::HOUR,
    // The clock of the signing server is ahead.
    Duration::hours(-1),
];

#[test]
fn unsign_with_negative_max_age_is_signature_expired() {
    let signed_at = date(1_790_000_000);
    for (max_age, age) in NEGATIVE_DURATIONS
        .into_iter()
        .flat_map(|max_age| AGES.map(|age| (max_age, age)))
    {
        let signer = TimestampSigner::new(secret_key("key")).max_age(max_age);
        let signed = signer.clone().with_time(signed_at).sign("hello");
        let error = signer
            .with_time(signed_at + age)
            .unsign(&signed)
            .expect_err("expired");
        assert_matches!(
            error,
            SignatureError::SignatureExpired { age: found, max_age: limit, .. }
                if (*found, *limit) == (age.max(Duration::ZERO), max_age)
        );
    }
}

#[test]
fn signed_get_with_negative_max_age_is_signature_expired() {
    let layer = CookieLayer::new().secret_key("key").expect("a key");
    let signed_at = date(1_790_000_000);
    let jar = layer.jar(&http::Request::new(()));
    let signed = jar.signed().with_time(signed_at);
    signed.set(("user", "42")).expect("set");
    let jar = layer.jar(&request(format!("user={}", jar.queued()[0].value())));
    assert_eq!(jar.signed().get("user").as_deref(), Ok("42"));
    for (max_age, age) in NEGATIVE_DURATIONS
        .into_iter()
        .flat_map(|max_age| AGES.map(|age| (max_age, age)))
    {
        let signed = jar.signed().with_time(signed_at + age).max_age(max_age);
        let error = signed.get("user").expect_err("expired");
        assert_matches!(
            error,
            CookieError::SignatureExpired { name, age: found, max_age: limit, .. }
                if name == "user" && (*found, *limit) == (age.max(Duration::ZERO), max_age)
        );
    }
}

#[test]
fn signature_expired_text_shows_durations_with_age_rounded_up() {
    let layer = CookieLayer::new().secret_key("key").expect("a key");
    let signed_at = date(1_790_000_000);
    let cases = [
        (Duration::HOUR, Duration::MINUTE, "1h ago", "age is 1m;"),
        (
            Duration::HOUR + Duration::NANOSECOND,
            Duration::HOUR,
            "1h1s ago",
            "age is 1h;",
        ),
        (
            Duration::milliseconds(59_250),
            Duration::SECOND,
            "1m ago",
            "age is 1s;",
        ),
        (
            Duration::weeks(2) + Duration::milliseconds(999),
            Duration::weeks(2),
            "14d1s ago",
            "age is 14d;",
        ),
        (
            Duration::milliseconds(1_250),
            Duration::milliseconds(500),
            "2s ago",
            "age is 500ms;",
        ),
        (
            Duration::ZERO,
            Duration::seconds(-1),
            "0s ago",
            "age is -1s;",
        ),
    ];
    for (age, max_age, age_text, max_age_text) in cases {
        let signer = TimestampSigner::new(secret_key("key")).max_age(max_age);
        let signed = signer.clone().with_time(signed_at).sign("hello");
        let error = signer
            .with_time(signed_at + age)
            .unsign(&signed)
            .expect_err("expired");
        assert_matches!(error, SignatureError::SignatureExpired { .. });
        let text = error.to_string();
        assert!(
            text.contains(&format!("signed {age_text}")) && text.contains(max_age_text),
            "{text}"
        );

        let jar = layer.jar(&http::Request::new(()));
        let signed = jar.signed().with_time(signed_at);
        signed.set(("user", "42")).expect("set");
        let jar = layer.jar(&request(format!("user={}", jar.queued()[0].value())));
        let signed = jar.signed().with_time(signed_at + age).max_age(max_age);
        let error = signed.get("user").expect_err("expired");
        assert_matches!(error, CookieError::SignatureExpired { .. });
        let text = error.to_string();
        assert!(
            text.contains(&format!("signed {age_text}")) && text.contains(max_age_text),
            "{text}"
        );
    }
}

fn date(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).expect("a date")
}

#[cfg(feature = "dumps")]
mod objects {
    use super::*;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
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

    /// Any crate of a build can enable this feature of `serde_json`, `preserve_order`.
    fn preserves_order() -> bool {
        let value: Value = serde_json::from_str(r#"{"b":1,"a":2}"#).expect("JSON");
        value.to_string().starts_with(r#"{"b""#)
    }

    /// The same for the feature `arbitrary_precision`, with which a number keeps its text.
    fn has_arbitrary_precision() -> bool {
        serde_json::from_str::<Value>("1e400").is_ok()
    }

    /// Replaces numbers that are not 64-bit integers with floats, as `serde_json` does without
    /// `arbitrary_precision`.
    fn rounded(value: Value) -> Value {
        match value {
            Value::Number(number) if number.to_string() == "-0" => Value::from(-0.0),
            Value::Number(number) if !number.is_i64() && !number.is_u64() => {
                number.as_f64().map_or(Value::Number(number), Value::from)
            }
            Value::Array(values) => values.into_iter().map(rounded).collect(),
            Value::Object(entries) => {
                let entries = entries.into_iter();
                entries.map(|(key, value)| (key, rounded(value))).collect()
            }
            value => value,
        }
    }

    /// Asserts that two signed texts are equal. If `Value` does not preserve the order of keys, the bytes
    /// of the JSON may be in another order, and then the signatures differ.
    #[track_caller]
    fn assert_same_text(found: &str, expected: &str, case: &str) {
        if found == expected {
            return;
        }
        assert!(!preserves_order(), "{case}: {found}, not {expected}");
        let sorted_json = |signed: &str| {
            let payload = signed.trim_start_matches("cart=");
            let payload = payload.split(':').next().expect("a payload");
            let mut json =
                base64::Engine::decode(&BASE64_URL_SAFE_NO_PAD, payload).expect("base64");
            json.sort_unstable();
            json
        };
        assert_eq!(sorted_json(found), sorted_json(expected), "{case}");
    }

    #[test]
    fn objects_with_the_salt_of_dumps_have_the_text_of_django() {
        for vector in vectors::<Dump>("dumps") {
            let (signer, case) = (vector.signer(), &vector.case);
            let loaded: Value = signer.unsign_object(&case.signed).expect(&case.case);
            assert_eq!(loaded, vector.object, "{}", case.case);
            let signer = if vector.compress {
                signer.compress()
            } else {
                signer
            };
            let dumped = signer.sign_object(&vector.object).expect(&case.case);
            if vector.compressed {
                assert!(dumped.starts_with('.'), "{}", case.case);
                let loaded: Value = signer.unsign_object(&dumped).expect(&case.case);
                assert_eq!(loaded, vector.object, "{}", case.case);
            } else if case.now().is_some() {
                assert_same_text(&dumped, &case.signed, &case.case);
            }
        }
    }

    #[test]
    fn set_json_writes_and_get_json_reads_the_cookie_of_django() {
        #[derive(Deserialize)]
        struct JsonCookie {
            name: String,
            object: Value,
            set_cookie: String,
            #[serde(flatten)]
            case: Vector,
        }
        for JsonCookie {
            name,
            object,
            set_cookie,
            case,
        } in vectors("json_cookie")
        {
            let layer = CookieLayer::new().secret_key(case.key()).expect(&case.case);
            let salt = case.salt.as_deref().unwrap_or_default();
            if let Some(now) = case.now() {
                let headers = response_cookies(&layer, |jar| {
                    let signed = jar.signed().salt(salt).with_time(now);
                    signed.set_json(&*name, &object).expect(&case.case);
                });
                assert_same_text(&headers[0], &set_cookie, &case.case);
            }
            let jar = layer.jar(&request(format!("{name}={}", case.signed)));
            let found: Value = jar.signed().salt(salt).get_json(&name).expect(&case.case);
            assert_eq!(found, object, "{}", case.case);
        }
    }

    #[test]
    fn dumps_and_loads_use_the_default_salt_of_django() {
        for vector in vectors::<Dump>("dumps") {
            let (key, case) = (vector.case.key(), &vector.case);
            let loaded = signing::loads::<Value>(&key, &case.signed);
            if case.salt.is_some() {
                let error = Err(SignatureError::BadSignature);
                assert_eq!(loaded, error, "{}", case.case);
                continue;
            }
            assert_eq!(loaded.as_ref(), Ok(&vector.object), "{}", case.case);

            // `dumps` signs at the current time.
            let before = OffsetDateTime::now_utc();
            let dumped = signing::dumps(&key, &vector.object).expect(&case.case);
            let after = OffsetDateTime::now_utc();
            let expected = [before, after].map(|now| {
                let signer = vector.signer().with_time(now);
                signer.sign_object(&vector.object).expect(&case.case)
            });
            assert!(
                expected.contains(&dumped),
                "{}: {dumped}, not {expected:?}",
                case.case
            );
            if !vector.compressed {
                let payload =
                    |signed: &str| signed.split(':').next().expect("a payload").to_owned();
                assert_same_text(&payload(&dumped), &payload(&case.signed), &case.case);
            }
        }
    }

    #[test]
    fn sign_object_and_unsign_object_write_and_read_the_text_of_django() {
        for vector in vectors::<Dump>("sign_object") {
            let (signer, case) = (vector.case.signer(), &vector.case);
            let read: Value = signer.unsign_object(&case.signed).expect(&case.case);
            assert_eq!(read, vector.object, "{}", case.case);
            let signer = if vector.compress {
                signer.compress()
            } else {
                signer
            };
            let signed = signer.sign_object(&vector.object).expect(&case.case);
            assert_eq!(signed.starts_with('.'), vector.compressed, "{}", case.case);
            if !vector.compressed {
                assert_same_text(&signed, &case.signed, &case.case);
            }
        }
    }

    #[test]
    fn loads_accepts_and_rejects_the_same_text_as_django() {
        for vector in vectors::<Dump>("loads") {
            let (signer, case) = (vector.signer(), &vector.case);
            let loaded = signer.unsign_object::<Value>(&case.signed);
            if case.salt.is_none() && case.fallbacks.is_empty() && case.max_age.is_none() {
                let by_key = signing::loads::<Value>(&case.key(), &case.signed);
                assert_eq!(by_key, loaded, "{}", case.case);
            }
            let Some(error) = case.error() else {
                let ours = case
                    .differs
                    .as_ref()
                    .and_then(|differs| differs.object.clone());
                assert_eq!(
                    loaded.map(rounded),
                    Ok(rounded(ours.unwrap_or(vector.object))),
                    "{}",
                    case.case
                );
                continue;
            };
            // With `arbitrary_precision`, numbers beyond the range of a float can be read.
            if error == "BadPayload:Json" && has_arbitrary_precision() {
                if let Ok(Value::Number(number)) = &loaded {
                    assert_eq!(number.as_f64().filter(|float| float.is_finite()), None);
                    continue;
                }
            }
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
        let signer = Signer::new(secret_key("a secret that nobody guesses")).compress();
        let signed = signer.sign_object(&"a".repeat(1000)).expect("signed");
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
        let signer = Signer::new(secret_key("key"));
        let json = r#"{ "a": "é🍪" }"#.to_owned();
        let raw = serde_json::value::RawValue::from_string(json).expect("JSON");
        // Python's `json.dumps` escapes in the same way.
        let json = r#"{ "a": "\u00e9\ud83c\udf6a" }"#;
        let payload = base64::Engine::encode(&BASE64_URL_SAFE_NO_PAD, json);
        let signed = signer.sign_object(&raw).expect("signed");
        assert_eq!(signed, signer.sign(&payload));
    }

    /// Python's floats have 64 bits. The texts are what its `json.dumps` writes for floats with the
    /// same digits.
    #[test]
    fn sign_object_of_f32_writes_the_f64_with_the_same_digits() {
        let signer = Signer::new(secret_key("key"));
        for (float, json) in [(0.1_f32, "0.1"), (1e16, "1e+16"), (-1.5e-7, "-1.5e-07")] {
            let payload = base64::Engine::encode(&BASE64_URL_SAFE_NO_PAD, json);
            let signed = signer.sign_object(&float).expect("signed");
            assert_eq!(signed, signer.sign(&payload));
        }
    }

    /// The second column is what `json.dumps(json.loads(text))` returns in Python, except for `-0`, which
    /// Python reads as an integer and `serde_json` as a float.
    #[test]
    fn sign_object_of_parsed_number_writes_it_as_python_does() {
        let signer = Signer::new(secret_key("a secret that nobody guesses"));
        for (text, expected) in [
            ("1e-7", "1e-07"),
            ("1E5", "100000.0"),
            ("1.10", "1.1"),
            ("0.00001", "1e-05"),
            ("-1.5e-5", "-1.5e-05"),
            ("1e16", "1e+16"),
            ("0.1e1", "1.0"),
            ("-0.0", "-0.0"),
            ("-0", "-0.0"),
            ("42", "42"),
        ] {
            let number: Value = serde_json::from_str(text).expect(text);
            let signed = signer.sign_object(&number).expect(text);
            let expected = base64::Engine::encode(&BASE64_URL_SAFE_NO_PAD, expected);
            assert_eq!(signed.split(':').next(), Some(&*expected), "{text}");
        }
        // Only `arbitrary_precision` keeps such a number.
        let text = "123456789012345678901234567890";
        let number: Value = serde_json::from_str(text).expect(text);
        let expected = if has_arbitrary_precision() {
            text
        } else {
            "1.2345678901234568e+29"
        };
        let signed = signer.sign_object(&number).expect(text);
        let expected = base64::Engine::encode(&BASE64_URL_SAFE_NO_PAD, expected);
        assert_eq!(signed.split(':').next(), Some(&*expected), "{text}");
        // Python writes `Infinity`, which `serde_json` cannot read. It may add the sign of the exponent.
        if has_arbitrary_precision() {
            let number: Value = serde_json::from_str("1e400").expect("a number");
            let signed = signer.sign_object(&number).expect("JSON");
            let written = ["1e400", "1e+400"]
                .map(|json| base64::Engine::encode(&BASE64_URL_SAFE_NO_PAD, json) + ":");
            let is_number = |written: &String| signed.starts_with(written);
            assert!(written.iter().any(is_number), "{signed}");
        }
    }

    /// JSON has no such numbers. Python's `json.dumps` writes `NaN` and `Infinity`, which other parsers
    /// of JSON refuse.
    #[test]
    fn dumps_of_nan_or_infinity_writes_null() {
        let key = secret_key("a secret that nobody guesses");
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let dumped = signing::dumps(&key, &number).expect("JSON");
            assert_eq!(signing::loads(&key, &dumped), Ok(Value::Null), "{number}");
        }
    }

    /// The limit is that of `serde_json`.
    #[test]
    fn loads_of_127_levels_is_read_and_of_128_levels_is_bad_payload() {
        let key = secret_key("a secret that nobody guesses");
        let nested = |levels| {
            let mut value = Value::Null;
            for _ in 0..levels {
                value = Value::Array(vec![value]);
            }
            signing::dumps(&key, &value).expect("JSON")
        };
        assert!(signing::loads::<Value>(&key, &nested(127)).is_ok());
        assert_eq!(
            signing::loads::<Value>(&key, &nested(128)),
            Err(SignatureError::BadPayload(PayloadReason::Json))
        );
    }

    #[test]
    fn sign_object_of_map_with_tuple_keys_is_unserializable() {
        let map = std::collections::BTreeMap::from([((1, 2), 3)]);
        let result = Signer::new(secret_key("key")).sign_object(&map);
        assert_eq!(
            result,
            Err(SignatureError::BadPayload(PayloadReason::Unserializable))
        );
    }
}
