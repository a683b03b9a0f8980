//! What Django signs is read here, and what is signed here is what Django signs, byte for byte:
//! `tests/django/vectors.py` asked it, and `tests/django/verify_signed.py` asks it again.
#![cfg(feature = "signed")]

mod support;

use std::fs::File;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::collection::vec;
use proptest::prelude::*;
#[cfg(feature = "dumps")]
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
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
        signer.at(self.now())
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
        let at_djangos_time = signer.clone().at(case.now()).sign(value);
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
        let expected = [before, after].map(|now| signer.clone().at(now).sign(value));
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
            CookieError::Missing { .. } => "KeyError",
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

/// Where `SIGNED_LINES` names a file, it gets a line for each: `.ci/run` lets Django read them.
#[test]
fn what_is_signed_here_is_read_here_and_by_django() {
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

/// Texts of every class, then some that chance made, the same each time.
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
    let mut chance = TestRunner::deterministic();
    for class in ["(?s).{0,40}", r"\PC{0,40}", "[ -~]{0,40}"] {
        texts.extend((0..30).map(|_| {
            let text = class.new_tree(&mut chance);
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

/// All texts with all keys, and a number.
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

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<Vec<_>>().concat()
}

fn signed_values() -> Vec<Value> {
    let lines = signings().map(|(number, value, key)| {
        let salt = SALTS[number % SALTS.len()];
        let sep = SEPARATORS[number % SEPARATORS.len()];
        let mut signer = Signer::new(&*key);
        if let Some(salt) = salt {
            signer = signer.salt(salt);
        }
        if let Some(sep) = sep {
            signer = signer.separator(sep).expect("a safe one");
        }
        let signed = signer.sign(&value);
        assert_eq!(signer.unsign(&signed).as_ref(), Ok(&value), "{signed:?}");
        json!({"kind": "sign", "key": hex(&key), "salt": salt, "sep": sep, "value": value,
            "signed": signed})
    });
    lines.collect()
}

fn signed_times() -> Vec<Value> {
    let hour = Duration::from_secs(60 * 60);
    let now = SystemTime::now();
    let times = [
        (now, Some(hour)),
        (now - hour, Some(2 * hour)),
        (now + 100 * hour, Some(hour)),
        (UNIX_EPOCH, None),
        (UNIX_EPOCH - hour, None),
        (UNIX_EPOCH + hour * 24 * 365 * 2000, Some(hour)),
    ];
    let lines = signings().map(|(number, value, key)| {
        let salt = SALTS[number % SALTS.len()];
        let sep = SEPARATORS[number % SEPARATORS.len()];
        // Each key once with each time, as there are six of both.
        let (time, max_age) = times[(number + number / times.len()) % times.len()];
        let mut signer = TimestampSigner::new(&*key);
        if let Some(salt) = salt {
            signer = signer.salt(salt);
        }
        if let Some(sep) = sep {
            signer = signer.separator(sep).expect("a safe one");
        }
        let signed = signer.clone().at(time).sign(&value);
        let found = signer.unsign(&signed, max_age);
        assert_eq!(found.as_ref(), Ok(&value), "{signed:?}");
        json!({"kind": "timestamp", "key": hex(&key), "salt": salt, "sep": sep, "value": value,
            "max_age": max_age.map(|age| age.as_secs()), "signed": signed})
    });
    lines.collect()
}

/// As they come back from a client.
fn signed_cookies() -> Vec<Value> {
    let names = ["user", "!#$%&'*+-.^_`|~", "__Host-id", "a:b", "0"];
    let is_allowed = |value: &str| !value.bytes().any(|byte| byte.is_ascii_control());
    let lines = signings()
        .filter(|(_, value, _)| is_allowed(value))
        .map(|(number, value, key)| {
            let salt = SALTS[number % SALTS.len()];
            let name = names[number % names.len()];
            let layer = CookieLayer::new().secret_key(&*key);
            let fields = sent(&layer, |jar| {
                let signed = jar.signed().salt(salt.unwrap_or_default());
                signed.set((name, &*value)).expect("set");
            });
            let pair = fields[0].split(';').next().expect("a pair");
            let jar = layer.jar(&request(pair));
            let max_age = 3600;
            let signed = jar.signed().salt(salt.unwrap_or_default());
            let found = signed.max_age(Duration::from_secs(max_age)).get(name);
            assert_eq!(found.as_ref(), Ok(&value), "{pair}");
            json!({"kind": "cookie", "key": hex(&key), "salt": salt, "name": name, "value": value,
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

/// Any time that the system's clock can show.
fn any_time() -> impl Strategy<Value = SystemTime> {
    (any::<Duration>(), any::<bool>()).prop_map(|(since, is_past)| {
        let time = if is_past {
            UNIX_EPOCH.checked_sub(since)
        } else {
            UNIX_EPOCH.checked_add(since)
        };
        time.unwrap_or(UNIX_EPOCH)
    })
}

proptest! {
    #[test]
    fn no_text_that_was_not_signed_is_read(
        text in prop_oneof![any_text(), "(?s).{0,20}:[0-9A-Za-z-]{0,9}:[0-9A-Za-z_-]{43}"],
        max_age in any::<Option<Duration>>(),
    ) {
        prop_assert_eq!(Signer::new("key").unsign(&text), Err(SignatureError::BadSignature));
        let found = TimestampSigner::new("key").unsign(&text, max_age);
        prop_assert_eq!(found, Err(SignatureError::BadSignature));
    }

    #[test]
    fn whatever_was_signed_as_a_time_is_read_or_refused(
        text in prop_oneof![any_text(), "(?s).{0,9}:-?[0-9A-Za-z]{0,30}", ":-?[0-9A-Za-z]{0,200}"],
        max_age in any::<Option<Duration>>(),
        now in any_time(),
    ) {
        let signed = Signer::new("key").salt(TIMESTAMP_SALT).sign(&text);
        match TimestampSigner::new("key").at(now).unsign(&signed, max_age) {
            Ok(value) => prop_assert_eq!(Some(&*value), text.rsplit_once(':').map(|(v, _)| v)),
            Err(SignatureError::SignatureExpired { age, max_age: most }) => {
                prop_assert!(age > most && Some(most) == max_age);
            }
            Err(error) => prop_assert_eq!(error, SignatureError::BadTimestamp),
        }
    }

    #[test]
    fn what_is_signed_is_read_with_the_same_key_salt_and_separator_only(
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
            let signer = Signer::new(&**key).salt(salt);
            signer.separator(separator).expect("a safe one")
        });
        let signed = signer.sign(&value);
        prop_assert_eq!(signer.unsign(&signed), Ok(value.clone()));
        for other in others {
            prop_assert_eq!(other.unsign(&signed), Err(SignatureError::BadSignature));
        }
        let other = Signer::new(&*other_key).salt(&salt).separator(&separator).expect("a safe one");
        prop_assert_eq!(other.fallbacks([&*key]).unsign(&signed), Ok(value.clone()));

        let [signer, others @ ..] = signers.map(|(key, salt, separator)| {
            let signer = TimestampSigner::new(&**key).salt(salt).at(now);
            signer.separator(separator).expect("a safe one")
        });
        let signed = signer.sign(&value);
        prop_assert_eq!(signer.unsign(&signed, Some(Duration::from_secs(1))), Ok(value));
        for other in others {
            prop_assert_eq!(other.unsign(&signed, None), Err(SignatureError::BadSignature));
        }
    }
}

#[cfg(feature = "dumps")]
mod objects {
    use super::*;
    use tower_django_cookies::signing::{self, PayloadProblem};

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
                SignatureError::BadPayload(PayloadProblem::TooLong { limit }) => {
                    assert_eq!(limit, 1024 * 1024);
                    "BadPayload:TooLong".into()
                }
                SignatureError::BadPayload(problem) => format!("BadPayload:{problem:?}"),
                other => name_of(&other),
            };
            assert_eq!(found, error, "{}", case.case);
        }
    }

    /// Each of them alone, as a list, as keys and values, and nested; and numbers.
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
                // The default salt of Django's `dumps` is not that of its signer.
                let signer =
                    TimestampSigner::new(&**key).salt(salt.unwrap_or("django.core.signing"));
                let signed = signing::dumps(&signer, &object, compress).expect("signed");
                let max_age = 3600;
                let found = signing::loads(&signer, &signed, Some(Duration::from_secs(max_age)));
                assert_eq!(found.as_ref(), Ok(&object), "{signed}");
                lines.push(json!({"kind": "dumps", "key": hex(key), "salt": salt,
                    "object": object, "max_age": max_age, "signed": signed}));
            }
        }
        let is_compressed = |line: &&Value| line["signed"].as_str().unwrap().starts_with('.');
        let compressed = lines.iter().filter(is_compressed).count();
        assert!((100..lines.len() / 2).contains(&compressed), "{compressed}");
        lines
    }

    proptest! {
        #[test]
        fn whatever_was_signed_as_an_object_is_read_or_refused(
            payload in prop_oneof![
                any_text(),
                r"\.?[0-9A-Za-z_-]{0,80}",
                // Brackets, as deep as they may be, and deeper.
                "(W1tb|eyIi){0,200}",
                // The head of a zlib stream, and chance.
                r"\.eJ[0-9A-Za-z_-]{0,80}",
            ],
            object in any_text(),
            cut in any::<Index>(),
        ) {
            let signer = TimestampSigner::new("key");
            let dumped = signing::dumps(&signer, &[&*object; 20], true).expect("signed");
            let cut = dumped[..cut.index(dumped.len())].to_owned();
            for payload in [payload, cut] {
                let signed = signer.sign(&payload);
                if let Err(error) = signing::loads::<Value>(&signer, &signed, None) {
                    prop_assert!(matches!(error, SignatureError::BadPayload(_)), "{error}");
                }
                let unsigned = signing::loads::<Value>(&signer, &payload, None);
                prop_assert_eq!(unsigned, Err(SignatureError::BadSignature));
            }
        }

        #[test]
        fn what_is_dumped_is_loaded_with_the_same_key_and_salt_only(
            (text, number, float) in (any_text(), any::<i64>(), any::<f64>()),
            compress in any::<bool>(),
            [key, other_key] in [any_key(), any_key()],
            [salt, other_salt] in ["(?s).{1,40}", "(?s).{1,40}"],
        ) {
            prop_assume!(key != other_key && salt != other_salt);
            let object = json!({text.clone(): [number, float, text], "b": vec![&text; 9]});
            let signer = TimestampSigner::new(&*key).salt(&salt);
            let signed = signing::dumps(&signer, &object, compress).expect("signed");
            prop_assert_eq!(signing::loads(&signer, &signed, None), Ok(object));
            for other in [
                TimestampSigner::new(&*other_key).salt(&salt),
                TimestampSigner::new(&*key).salt(&other_salt),
            ] {
                let refused = signing::loads::<Value>(&other, &signed, None);
                prop_assert_eq!(refused, Err(SignatureError::BadSignature));
            }
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
        let problem = PayloadProblem::TooLong { limit: json - 1 };
        assert_eq!(refused, Err(SignatureError::BadPayload(problem)));
    }

    #[test]
    fn what_is_no_json_is_not_signed() {
        let no_json = std::collections::BTreeMap::from([((1, 2), 3)]);
        let refused = Signer::new("key").sign_object(&no_json, false);
        assert_eq!(
            refused,
            Err(SignatureError::BadPayload(PayloadProblem::Unserializable))
        );
    }
}
