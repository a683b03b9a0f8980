//! Signed text is accepted with the same key and salt, by the crate and by Django, and all other
//! text is rejected. Django reads the text in `tests/django/verify_signed.py`.
#![cfg(feature = "signed")]

mod support;

use std::fs::File;
use std::io::Write;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
#[cfg(feature = "dumps")]
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use support::{request, response_cookies, to_hex};
use tower_django_cookies::signing::{SecretKey, SignatureError, Signer, TimestampSigner};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{CookieError, CookieLayer};

fn secret_key(key: impl AsRef<[u8]>) -> SecretKey {
    SecretKey::try_from(key.as_ref()).expect("a key that is not empty")
}

/// If `SIGNED_LINES` is the path of a file, the test writes a line for each signed text to it, and
/// `.ci/run` checks that Django reads all of them.
#[test]
fn signed_text_is_read_with_the_same_key_and_salt() {
    let lines = [
        signed_values(),
        signed_times(),
        signed_cookies(),
        #[cfg(feature = "dumps")]
        objects::signed_objects(),
    ];
    if let Some(path) = std::env::var_os("SIGNED_LINES") {
        let mut file = File::create(path).expect("a file");
        for line in lines.concat() {
            writeln!(file, "{line}").expect("written");
        }
    }
}

/// Texts of every kind, and random ones that are the same in each run.
fn texts() -> Vec<String> {
    let mut texts = [
        "",
        "42",
        " ",
        ":",
        "a:b:",
        "hello",
        " outer\tspace ",
        "a=b; c=d, e",
        "\"quoted\" \\073",
        "%2F+%3D&amp;",
        "!#$%&'*+-.^_`|~/<>?@[]{}()",
        "line\r\nline\n",
        "\0\u{1}\u{7f}\u{85}",
        "é\u{ff}\u{100}",
        "e\u{301}\u{2000}\u{feff}\u{2028}",
        "日本語 😀\u{10ffff}",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("0123456789abcdef".repeat(64));
    let mut runner = TestRunner::deterministic();
    for class in ["(?s).{0,40}", r"\PC{0,40}", "[ -~]{0,40}"] {
        texts.extend((0..30).map(|_| {
            let text = class.new_tree(&mut runner);
            text.expect("a text").current()
        }));
    }
    texts
}

fn keys() -> [Vec<u8>; 6] {
    [
        b"k".to_vec(),
        b"a secret that nobody guesses".to_vec(),
        "schlüssel 🔑".into(),
        (0..=255).collect(),
        vec![0],
        vec![0xff; 2000],
    ]
}

/// All pairs of a text and a key, numbered.
fn signings() -> impl Iterator<Item = (usize, String, Vec<u8>)> {
    let pairs = texts()
        .into_iter()
        .flat_map(|text| keys().map(|key| (text.clone(), key)));
    pairs
        .enumerate()
        .map(|(number, (text, key))| (number, text, key))
}

const SALTS: [Option<&str>; 7] = [
    None,
    Some(""),
    Some("salt"),
    Some("a:b"),
    Some("sält 🧂"),
    Some("\0\n "),
    Some("a salt that is longer than the block of the hash, which has 64 bytes, as one may be"),
];

const SEPARATORS: [Option<&str>; 9] = [
    None,
    Some(":"),
    Some("::"),
    Some("|"),
    Some(" "),
    Some("é"),
    Some("😀"),
    Some("a.b"),
    Some("\n\n"),
];

fn signed_values() -> Vec<Value> {
    let lines = signings().map(|(number, value, key)| {
        let salt = SALTS[number % SALTS.len()];
        let sep = SEPARATORS[number % SEPARATORS.len()];
        let mut signer = Signer::new(secret_key(&key));
        if let Some(salt) = salt {
            signer = signer.salt(salt);
        }
        if let Some(sep) = sep {
            signer = signer.separator(sep).expect("a safe separator");
        }
        let signed = signer.sign(&value);
        assert_eq!(signer.unsign(&signed).as_ref(), Ok(&value), "{signed:?}");
        json!({"kind": "sign", "key": to_hex(&key), "salt": salt, "sep": sep, "value": value,
            "signed": signed})
    });
    lines.collect()
}

fn signed_times() -> Vec<Value> {
    let hour = Duration::HOUR;
    let now = OffsetDateTime::now_utc();
    let epoch = OffsetDateTime::UNIX_EPOCH;
    let times = [
        (now, Some(hour)),
        (now - hour, Some(hour * 2)),
        (now + hour * 100, Some(hour)),
        (epoch, None),
        (epoch - hour, None),
        (epoch + Duration::days(365 * 2000), Some(hour)),
    ];
    let lines = signings().map(|(number, value, key)| {
        let salt = SALTS[number % SALTS.len()];
        let sep = SEPARATORS[number % SEPARATORS.len()];
        // There are six keys and six times: this pairs every key with every time.
        let (time, max_age) = times[(number + number / times.len()) % times.len()];
        let mut signer = TimestampSigner::new(secret_key(&key));
        if let Some(salt) = salt {
            signer = signer.salt(salt);
        }
        if let Some(sep) = sep {
            signer = signer.separator(sep).expect("a safe separator");
        }
        let signed = signer.clone().with_time(time).sign(&value);
        if let Some(max_age) = max_age {
            signer = signer.max_age(max_age);
        }
        let found = signer.unsign(&signed);
        assert_eq!(found.as_ref(), Ok(&value), "{signed:?}");
        json!({"kind": "timestamp", "key": to_hex(&key), "salt": salt, "sep": sep, "value": value,
            "max_age": max_age.map(Duration::whole_seconds), "signed": signed})
    });
    lines.collect()
}

/// Signed values of cookies, as the jar reads them from a request.
fn signed_cookies() -> Vec<Value> {
    let names = ["user", "!#$%&'*+-.^_`|~", "__Host-id", "a:b", "0"];
    let is_allowed = |value: &str| !value.bytes().any(|byte| byte.is_ascii_control());
    let lines = signings()
        .filter(|(_, value, _)| is_allowed(value))
        .map(|(number, value, key)| {
            let salt = SALTS[number % SALTS.len()];
            let name = names[number % names.len()];
            let layer = CookieLayer::new().secret_key(key.clone()).expect("a key");
            let headers = response_cookies(&layer, |jar| {
                let signed = jar.signed().salt(salt.unwrap_or_default());
                signed.set((name, &*value)).expect("set");
            });
            let pair = headers[0].split(';').next().expect("a cookie-pair");
            let jar = layer.jar(&request(pair));
            let max_age = 3600;
            let signed = jar.signed().salt(salt.unwrap_or_default());
            let found = signed.max_age(Duration::seconds(max_age)).get(name);
            assert_eq!(found.as_ref(), Ok(&value), "{pair}");
            json!({"kind": "cookie", "key": to_hex(&key), "salt": salt, "name": name, "value": value,
                "max_age": max_age, "signed": jar.get(name)})
        });
    lines.collect()
}

const TIMESTAMP_SALT: &str = "django.core.signing.TimestampSigner";

fn any_key() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..100)
}

fn any_text() -> impl Strategy<Value = String> {
    "(?s).{0,60}"
}

/// Any time that `OffsetDateTime` can represent.
fn any_time() -> impl Strategy<Value = OffsetDateTime> {
    const FIRST_SECOND: i64 = -377_705_116_800;
    const LAST_SECOND: i64 = 253_402_300_799;
    (FIRST_SECOND..=LAST_SECOND, 0..1_000_000_000_i64).prop_map(|(seconds, nanoseconds)| {
        let time = OffsetDateTime::from_unix_timestamp(seconds).expect("a date");
        time + Duration::nanoseconds(nanoseconds)
    })
}

/// Any duration that is representable, and often a short one.
fn any_duration() -> impl Strategy<Value = Duration> {
    let seconds = prop_oneof![any::<i64>(), -100..=100_i64];
    (seconds, 0..1_000_000_000_i32)
        .prop_map(|(seconds, nanoseconds)| Duration::new(seconds, nanoseconds))
}

/// A signer, with a maximum age if there is one.
fn timestamp_signer(key: &str, max_age: Option<Duration>) -> TimestampSigner {
    let signer = TimestampSigner::new(secret_key(key));
    match max_age {
        Some(max_age) => signer.max_age(max_age),
        None => signer,
    }
}

proptest! {
    #[test]
    fn unsign_of_unsigned_text_is_bad_signature(
        text in prop_oneof![any_text(), "(?s).{0,20}:[0-9A-Za-z-]{0,9}:[0-9A-Za-z_-]{43}"],
        max_age in option::of(any_duration()),
    ) {
        let found = Signer::new(secret_key("key")).unsign(&text);
        prop_assert_eq!(found, Err(SignatureError::BadSignature));
        let found = timestamp_signer("key", max_age).unsign(&text);
        prop_assert_eq!(found, Err(SignatureError::BadSignature));
    }

    #[test]
    fn unsign_of_any_signed_timestamp_is_ok_or_signature_expired_or_bad_timestamp(
        text in prop_oneof![any_text(), "(?s).{0,9}:-?[0-9A-Za-z]{0,30}", ":-?[0-9A-Za-z]{0,200}"],
        max_age in option::of(any_duration()),
        now in any_time(),
    ) {
        let signed = Signer::new(secret_key("key")).salt(TIMESTAMP_SALT).sign(&text);
        match timestamp_signer("key", max_age).with_time(now).unsign(&signed) {
            Ok(value) => {
                prop_assert_eq!(Some(&*value), text.rsplit_once(':').map(|(v, _)| v));
                prop_assert!(max_age.is_none_or(|max_age| !max_age.is_negative()));
            }
            Err(SignatureError::SignatureExpired { age, max_age: limit, .. }) => {
                prop_assert!(age > limit && Some(limit) == max_age);
            }
            Err(error) => prop_assert_eq!(error, SignatureError::BadTimestamp),
        }
    }

    #[test]
    fn unsign_with_other_key_salt_or_separator_is_bad_signature(
        value in any_text(),
        [key, other_key] in [any_key(), any_key()],
        [salt, other_salt] in ["(?s).{1,40}", "(?s).{1,40}"],
        [separator, other_separator] in ["(?s).{0,2}[:|. é😀].{0,2}", "(?s).{0,2}[;/!€].{0,2}"],
        now in any_time(),
    ) {
        prop_assume!(key != other_key && salt != other_salt);
        let signers = [
            (&key, &salt, &separator),
            (&other_key, &salt, &separator),
            (&key, &other_salt, &separator),
            (&key, &salt, &other_separator),
        ];
        let [signer, others @ ..] = signers.map(|(key, salt, separator)| {
            let signer = Signer::new(secret_key(key)).salt(salt);
            signer.separator(separator).expect("a safe separator")
        });
        let signed = signer.sign(&value);
        prop_assert_eq!(signer.unsign(&signed), Ok(value.clone()));
        for other in others {
            prop_assert_eq!(other.unsign(&signed), Err(SignatureError::BadSignature));
        }
        let other = Signer::new(secret_key(&other_key)).salt(&salt);
        let other = other.separator(&separator).expect("a safe separator");
        let other = other.fallbacks([secret_key(&key)]);
        prop_assert_eq!(other.unsign(&signed), Ok(value.clone()));

        let [signer, others @ ..] = signers.map(|(key, salt, separator)| {
            let signer = TimestampSigner::new(secret_key(key)).salt(salt).with_time(now);
            signer.separator(separator).expect("a safe separator")
        });
        let signed = signer.sign(&value);
        prop_assert_eq!(signer.max_age(Duration::SECOND).unsign(&signed), Ok(value));
        for other in others {
            prop_assert_eq!(other.unsign(&signed), Err(SignatureError::BadSignature));
        }
    }
}

#[cfg(feature = "dumps")]
mod objects {
    use super::*;
    use tower_django_cookies::signing;

    /// Numbers and small values, and each text alone, in a list, as key and value, and nested.
    fn objects() -> Vec<Value> {
        let numbers = [
            json!(null),
            json!(true),
            json!(false),
            json!(0),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(0.0),
            json!(-0.0),
            json!(0.1),
            json!(1.0),
            json!(1e16),
            json!(123_456_789_012_345_680.0),
            json!(1e-5),
            json!(f64::MIN_POSITIVE),
            json!(5e-324),
            json!(f64::MAX),
            json!([]),
            json!({}),
            json!([[[[[[]]]]], {"": {"": [null, {}]}}]),
        ];
        let texts = texts().into_iter().flat_map(|text| {
            [
                json!(text),
                json!([text, 1, [text], text.len()]),
                json!({text.clone(): text, "a": {"b": vec![&text; 20]}}),
            ]
        });
        numbers.into_iter().chain(texts).collect()
    }

    pub(super) fn signed_objects() -> Vec<Value> {
        let mut lines = Vec::new();
        for (number, object) in objects().into_iter().enumerate() {
            let salt = SALTS[number % SALTS.len()];
            let key = &keys()[number % keys().len()];
            for compress in [false, true] {
                // Django's `dumps` has another default salt than its `TimestampSigner`.
                let max_age = 3600;
                let mut signer = TimestampSigner::new(secret_key(key))
                    .salt(salt.unwrap_or("django.core.signing"))
                    .max_age(Duration::seconds(max_age));
                if compress {
                    signer = signer.compress();
                }
                let signed = signer.sign_object(&object).expect("signed");
                let found = signer.unsign_object(&signed);
                assert_eq!(found.as_ref(), Ok(&object), "{signed}");
                lines.push(json!({"kind": "dumps", "key": to_hex(key), "salt": salt,
                    "object": object, "max_age": max_age, "signed": signed}));
            }
            let key_bytes = to_hex(key);
            let key = secret_key(key);
            let signed = signing::dumps(&key, &object).expect("signed");
            let found = signing::loads(&key, &signed);
            assert_eq!(found.as_ref(), Ok(&object), "{signed}");
            lines.push(json!({"kind": "dumps", "key": key_bytes, "object": object,
                "max_age": 3600, "signed": signed}));
        }
        let is_compressed = |line: &&Value| line["signed"].as_str().unwrap().starts_with('.');
        let compressed = lines.iter().filter(is_compressed).count();
        assert!((100..lines.len() / 2).contains(&compressed), "{compressed}");
        lines
    }

    proptest! {
        #[test]
        fn loads_of_any_signed_payload_is_ok_or_bad_payload(
            payload in prop_oneof![
                any_text(),
                r"\.?[0-9A-Za-z_-]{0,80}",
                // Nested brackets: some of them deeper than the limit.
                "(W1tb|eyIi){0,200}",
                // The header of a zlib stream, and random characters.
                r"\.eJ[0-9A-Za-z_-]{0,80}",
            ],
            object in any_text(),
            cut in any::<Index>(),
        ) {
            let key = secret_key("key");
            let signer = TimestampSigner::new(key.clone()).salt("django.core.signing");
            let compressing = signer.clone().compress();
            let dumped = compressing.sign_object(&[&*object; 20]).expect("signed");
            let cut = dumped[..cut.index(dumped.len())].to_owned();
            for payload in [payload, cut] {
                let signed = signer.sign(&payload);
                let loaded = signing::loads::<Value>(&key, &signed);
                prop_assert_eq!(&loaded, &signer.unsign_object(&signed));
                if let Err(error) = loaded {
                    prop_assert!(matches!(error, SignatureError::BadPayload(_)), "{error}");
                }
                for unsigned in [
                    signing::loads::<Value>(&key, &payload),
                    signer.unsign_object(&payload),
                ] {
                    prop_assert_eq!(unsigned, Err(SignatureError::BadSignature));
                }
            }
        }

        #[test]
        fn loads_with_other_key_or_salt_is_bad_signature(
            (text, number, float) in (any_text(), any::<i64>(), any::<f64>()),
            compress in any::<bool>(),
            [key, other_key] in [any_key(), any_key()],
            [salt, other_salt] in ["(?s).{1,40}", "(?s).{1,40}"],
        ) {
            prop_assume!(key != other_key && salt != other_salt);
            let object = json!({text.clone(): [number, float, text], "b": vec![&text; 9]});
            let [key, other_key] = [key, other_key].map(secret_key);
            let mut signer = TimestampSigner::new(key.clone()).salt(&salt);
            if compress {
                signer = signer.compress();
            }
            let signed = signer.sign_object(&object).expect("signed");
            prop_assert_eq!(signer.unsign_object(&signed), Ok(object.clone()));
            for other in [
                TimestampSigner::new(other_key.clone()).salt(&salt),
                TimestampSigner::new(key.clone()).salt(&other_salt),
            ] {
                let result = other.unsign_object::<Value>(&signed);
                prop_assert_eq!(result, Err(SignatureError::BadSignature));
            }

            let result = signing::loads::<Value>(&key, &signed);
            prop_assert_eq!(result, Err(SignatureError::BadSignature));
            let signed = signing::dumps(&key, &object).expect("signed");
            let result = signing::loads::<Value>(&other_key, &signed);
            prop_assert_eq!(result, Err(SignatureError::BadSignature));
            prop_assert_eq!(signing::loads(&key, &signed), Ok(object));
        }
    }
}

/// A new signer for the cookie `name`, with the key and the salt that Django uses.
fn cookie_signer(key: &str, name: &str) -> TimestampSigner {
    TimestampSigner::new(secret_key(format!("django.http.cookies{key}")))
        .salt(format!("django.http.cookies.v2:0:{name}"))
}

#[test]
fn each_of_many_names_is_signed_with_its_own_key() {
    let layer = CookieLayer::new()
        .secret_key("new")
        .and_then(|layer| layer.secret_key_fallbacks(["previous", "first"]))
        .expect("keys");
    let names: Vec<_> = (0..50).map(|number| format!("name{number}")).collect();
    for name in names.iter().chain(names.iter().rev()) {
        let jar = layer.jar(&request(""));
        jar.signed().set((name.as_str(), "42")).unwrap();
        let signed = jar.queued()[0].value().to_owned();
        assert_eq!(
            cookie_signer("new", name).unsign(&signed),
            Ok("42".to_owned())
        );

        for key in ["first", "previous", "new"] {
            let header = format!("{name}={}", cookie_signer(key, name).sign("42"));
            let value = layer.jar(&request(&header)).signed().get(name);
            assert_eq!(value.as_deref(), Ok("42"), "{name}, {key}");
        }
        let header = format!("{name}={}", cookie_signer("another", name).sign("42"));
        assert_bad_signature(&layer, &header, name);
    }
}

#[track_caller]
fn assert_bad_signature(layer: &CookieLayer, header: &str, name: &str) {
    let result = layer.jar(&request(header)).signed().get(name);
    assert!(
        matches!(&result, Err(CookieError::BadSignature { name: of, .. }) if of == name),
        "{name}: {result:?}"
    );
}

#[test]
fn fallback_keys_that_are_replaced_are_no_longer_accepted() {
    let value = Ok("42".to_owned());
    let signed_by_previous = Signer::new(secret_key("previous")).sign("42");
    let signed_by_other = Signer::new(secret_key("other")).sign("42");

    let signer = Signer::new(secret_key("new")).fallbacks([secret_key("previous")]);
    assert_eq!(signer.unsign(&signed_by_previous), value);
    assert_eq!(
        signer.unsign(&signed_by_other),
        Err(SignatureError::BadSignature)
    );
    let signer = signer.fallbacks([secret_key("other")]);
    assert_eq!(
        signer.unsign(&signed_by_previous),
        Err(SignatureError::BadSignature)
    );
    assert_eq!(signer.unsign(&signed_by_other), value);
}

#[test]
fn secret_key_that_is_replaced_after_use_is_no_longer_accepted() {
    let layer = CookieLayer::new().secret_key("previous").expect("a key");
    layer
        .jar(&request(""))
        .signed()
        .set(("user", "42"))
        .unwrap();
    let layer = layer.secret_key("new").expect("a key");
    let header = format!("user={}", cookie_signer("previous", "user").sign("42"));
    assert_bad_signature(&layer, &header, "user");
}
