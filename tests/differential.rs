//! Chance cases, each put to the crate and to real Django: they agree to the byte, or differ as
//! [`DIFFERENCES`] says. `tests/django.rs` has cases that were chosen.
//!
//! `PYTHON` names a Python that has `tests/django/requirements.txt`, `DIFFERENTIAL_CASES` how many cases
//! are made, and `DIFFERENTIAL_SEED` makes those of a former run again.
#![cfg(all(feature = "dumps", feature = "private", feature = "test-util"))]

mod fuzzed;
mod support;

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::fmt::Debug;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuzzed::chance::Chance;
use fuzzed::parse::pairs;
use fuzzed::said::{Expires, Said};
use fuzzed::set::Operation;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use support::{kind, request, sent};
use tower_django_cookies::signing::{self, SignatureError, Signer, TimestampSigner};
use tower_django_cookies::time::{self, OffsetDateTime};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer, SameSite};

/// All that the README's table and the vectors let differ within one cookie. What takes several
/// operations or declarations is held by tests of its own.
const DIFFERENCES: [&str; 14] = [
    UNSTORABLE,
    CONTROLS,
    ABOVE_LATIN_1,
    LEADING_DOT,
    SAME_SITE,
    BOTH_EXPIRIES,
    YEARS,
    SECURE_ADDED,
    HTTP_ONLY_ADDED,
    FLAGS_OF_DELETES,
    PARTITIONED,
    WHITE_SPACE,
    OLD_SALT,
    UNTIMED,
];
const UNSTORABLE: &str = "a cookie that browsers would drop is an error";
const CONTROLS: &str = "control characters in values are errors (on old CPythons)";
const ABOVE_LATIN_1: &str = "characters above U+00FF go out as UTF-8";
const LEADING_DOT: &str = "the leading dot of a Domain is dropped";
const SAME_SITE: &str = "SameSite is written in one spelling";
const BOTH_EXPIRIES: &str = "of max_age and expires, max_age wins";
const YEARS: &str = "dates are kept to the years 1 to 9999";
const SECURE_ADDED: &str = "Secure is added where browsers demand it";
const HTTP_ONLY_ADDED: &str = "HttpOnly is added where browsers demand it";
const FLAGS_OF_DELETES: &str = "a delete may say Secure and HttpOnly";
const PARTITIONED: &str = "a cookie may be Partitioned";
const WHITE_SPACE: &str = "only spaces and tabs are trimmed";
const OLD_SALT: &str = "signatures with the salt before 5.2.15 are refused";
const UNTIMED: &str = "a signed value without a timestamp is a bad signature";

const SECOND: i128 = 1_000_000_000;
const YEAR_1: i128 = -62_135_596_800;
const LAST_SECOND: i128 = 253_402_300_799;

/// The names of the differences that a case shows, or how it can't be explained.
type Judged = Result<Vec<&'static str>, String>;

#[test]
#[ignore = "needs Django: PYTHON=venv/bin/python cargo test --all-features --test differential -- --ignored --nocapture"]
fn chance_cases_are_what_django_makes_of_them() {
    let number = |name| env::var(name).map(|number| number.parse().expect("a number"));
    let cases: usize =
        number("DIFFERENTIAL_CASES").map_or(100_000, |it: u64| it.try_into().expect("a number"));
    let seed = number("DIFFERENTIAL_SEED")
        .unwrap_or_else(|_| UNIX_EPOCH.elapsed().expect("a time").as_secs());
    println!("DIFFERENTIAL_SEED={seed}");
    let mut django = Django::start();
    let mut random = Random(seed);
    let mut agree: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differ: HashMap<&str, usize> = HashMap::new();
    for _ in 0..cases {
        let len = random.next() % 200;
        let bytes: Vec<_> = (0..len).map(|_| random.next().to_le_bytes()[7]).collect();
        match judge(&mut django, &bytes) {
            (kind, Ok(names)) if names.is_empty() => *agree.entry(kind).or_default() += 1,
            (_, Ok(names)) => {
                for name in names {
                    assert!(DIFFERENCES.contains(&name), "{name}");
                    *differ.entry(name).or_default() += 1;
                }
            }
            (_, Err(_)) => panic!("{}", smallest(&mut django, bytes)),
        }
    }
    for (kind, count) in &agree {
        println!("{count:7} agree: {kind}");
    }
    for name in DIFFERENCES {
        let count = differ.get(name).copied().unwrap_or_default();
        println!("{count:7} differ: {name}");
        let is_of_some = name.contains("old CPythons");
        assert!(
            count > 0 || is_of_some || cases < 50_000,
            "nothing differs: {name}"
        );
    }
}

/// The mismatch of as few of the bytes as show one.
fn smallest(django: &mut Django, mut bytes: Vec<u8>) -> String {
    let mut step = bytes.len();
    while step > 0 {
        let mut at = 0;
        while at < bytes.len() {
            let mut fewer = bytes.clone();
            fewer.drain(at..bytes.len().min(at + step));
            if judge(django, &fewer).1.is_err() {
                bytes = fewer;
            } else {
                at += step;
            }
        }
        step /= 2;
    }
    judge(django, &bytes).1.expect_err("it is none any more")
}

fn judge(django: &mut Django, bytes: &[u8]) -> (&'static str, Judged) {
    let mut chance = Chance(bytes);
    match chance.below(8) {
        0 | 1 => ("parse", parse(django, &mut chance)),
        2 | 3 => ("set", write(django, Operation::Set, &mut chance)),
        4 | 5 => ("delete", write(django, Operation::Delete, &mut chance)),
        _ => match chance.below(4) {
            0 => ("sign", sign(django, &mut chance)),
            1 => ("unsign", unsign(django, &mut chance)),
            2 => ("signed cookie", signed_cookie(django, &mut chance)),
            _ => ("dumps", dumps(django, &mut chance)),
        },
    }
}

fn same<T: Debug + PartialEq>(case: &Value, ours: &T, django: &T) -> Result<(), String> {
    if ours == django {
        return Ok(());
    }
    Err(mismatch(case, ours, django))
}

fn mismatch(case: &Value, ours: impl Debug, django: impl Debug) -> String {
    format!("{case}\nhere:   {ours:?}\nDjango: {django:?}")
}

fn parse(django: &mut Django, chance: &mut Chance<'_>) -> Judged {
    let mut header = Vec::new();
    while !chance.0.is_empty() {
        match chance.below(8) {
            0 => header.push(chance.byte()),
            1 => header.extend(b"; "),
            _ => header.extend(chance.text().into_bytes()),
        }
    }
    header.retain(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..));
    let asked = json!({"op": "parse", "header": hex(&header)});
    let answer: Vec<(String, String)> =
        serde_json::from_value(django.ask(&asked)["is"].clone()).expect("pairs");
    let field = HeaderValue::from_bytes(&header).expect("bytes that a field may hold");
    let jar = CookieJar::from_headers(&HeaderMap::from_iter([(COOKIE, field)]));
    let found: Vec<_> = jar
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if found == answer {
        return Ok(vec![]);
    }
    // Trimmed as Django trims, nothing else may differ.
    let text = String::from_utf8_lossy(&header);
    same(
        &json!(text),
        &dict(&[trimmed_as_django(&text).into_bytes()]),
        &answer,
    )?;
    same(&json!(text), &found, &dict(&[header]))?;
    Ok(vec![WHITE_SPACE])
}

/// Without the white space that Django trims.
fn trimmed_as_django(header: &str) -> String {
    let chunks = header.split(';').map(|chunk| match chunk.split_once('=') {
        Some((name, value)) => format!("{}={}", name.trim(), value.trim()),
        None => chunk.trim().to_owned(),
    });
    chunks.collect::<Vec<_>>().join(";")
}

/// The reference's pairs as Python keeps them.
fn dict(fields: &[Vec<u8>]) -> Vec<(String, String)> {
    let mut dict: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs(fields) {
        match dict.iter_mut().find(|pair| pair.0 == name) {
            Some(pair) => pair.1 = value,
            None => dict.push((name, value)),
        }
    }
    dict
}

fn write(django: &mut Django, operation: Operation, chance: &mut Chance<'_>) -> Judged {
    let mut said = Said::by(chance);
    let spelling = chance
        .one_of(&[str::to_owned, str::to_lowercase, str::to_uppercase] as &[fn(&str) -> String]);
    if operation == Operation::Delete {
        said = Said {
            value: String::new(),
            max_age: None,
            expires: None,
            ..said
        };
    }
    let (begun, ours) = loop {
        let begun = quarter();
        if let Some(Expires::In(left)) = &mut said.expires {
            // Later dates aren't in quarters.
            let most = LAST_SECOND * 4 + 3 - begun;
            *left = (*left).min(time::Duration::milliseconds(
                i64::try_from(most * 250).expect("a date"),
            ));
        }
        let mut result = Ok(());
        let fields = sent(&CookieLayer::new(), |jar| {
            let cookie = said.cookie(
                OffsetDateTime::from_unix_timestamp_nanos(begun * SECOND / 4).expect("a date"),
            );
            result = match operation {
                Operation::Set => jar.set(cookie),
                Operation::Delete => jar.delete(cookie),
            };
        });
        if quarter() == begun {
            break (begun, result.map(|()| fields.concat()));
        }
    };
    let mut given = given(&said, begun, &spelling);
    if operation == Operation::Delete {
        given.retain(|key, _| matches!(key.as_str(), "path" | "domain" | "samesite"));
    }
    let answer = django.write(operation, &said, &given, begun);
    let case = json!({"op": format!("{operation:?}"), "said": format!("{said:?}"), "given": given});
    let text = match ours {
        Ok(text) => text,
        Err(error) => return refused(&case, &said, &error, &answer),
    };

    if !said.problems(&said.value).is_empty() {
        return Err(mismatch(&case, text, "an error, by the README"));
    }
    let (told, mut names) = told(operation, &said, begun, &spelling);
    let mut expected = django.write(operation, &said, &told, begun)["is"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if let Some((max_age, date)) = clamped(&said, begun) {
        names.push(YEARS);
        let parts = expected.split("; ").map(|part| match part.split_once('=') {
            Some(("Max-Age", _)) => format!("Max-Age={max_age}"),
            Some(("expires", _)) => format!("expires={date}"),
            _ => part.to_owned(),
        });
        expected = parts.collect::<Vec<_>>().join("; ");
    }
    same(&case, &text, &expected)?;
    if answer["is"] == expected {
        names.clear();
    }
    if expected.contains(|c| c > '\u{ff}') {
        names.push(ABOVE_LATIN_1);
    }
    if names.is_empty() {
        same(&case, &json!(text), &answer["is"])?;
    }
    Ok(names)
}

fn refused(case: &Value, said: &Said, error: &CookieError, answer: &Value) -> Judged {
    let word = kind(error);
    if !said.problems(&said.value).contains(&word) {
        return Err(mismatch(case, error, answer));
    }
    match (answer["raises"].as_str(), word) {
        (Some(_), _) => Ok(vec![]),
        (None, "control") => Ok(vec![CONTROLS]),
        (None, "name") => Err(mismatch(case, error, answer)),
        (None, _) => Ok(vec![UNSTORABLE]),
    }
}

type Given = serde_json::Map<String, Value>;

/// What was said, in Django's words.
fn given(said: &Said, begun: i128, spelling: &dyn Fn(&str) -> String) -> Given {
    let seconds = |quarters: i128| match quarters % 4 {
        0 => json!(i64::try_from(quarters / 4).expect("seconds")),
        #[allow(
            clippy::cast_precision_loss,
            reason = "what Python's floats can't hold is clamped"
        )]
        _ => json!(quarters as f64 / 4.0),
    };
    let same_site = said.same_site.map(|same_site| match same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
        SameSite::None => "None",
    });
    let said = [
        ("domain", said.domain.as_ref().map(|it| json!(it))),
        ("path", said.path.as_ref().map(|it| json!(it))),
        ("secure", said.secure.map(Value::from)),
        ("httponly", said.http_only.map(Value::from)),
        ("samesite", same_site.map(|it| json!(spelling(it)))),
        ("max_age", said.max_age.map(|it| seconds(quarters(it)))),
        ("expires_at", date(said, begun).map(seconds)),
    ];
    said.into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

/// What Django must be told to write what the crate infers, and why.
fn told(
    operation: Operation,
    said: &Said,
    begun: i128,
    spelling: &dyn Fn(&str) -> String,
) -> (Given, Vec<&'static str>) {
    let mut names = Vec::new();
    let mut told = given(said, begun, &str::to_owned);
    if said
        .same_site
        .is_some_and(|it| spelling(&it.to_string()) != it.to_string())
    {
        names.push(SAME_SITE);
    }
    if said.host() != said.domain.as_deref().unwrap_or_default() {
        told.insert("domain".to_owned(), json!(said.host()));
        names.push(LEADING_DOT);
    }
    if said.max_age.is_some() && told.remove("expires_at").is_some() {
        names.push(BOTH_EXPIRIES);
    }
    if clamped(said, begun).is_some() {
        told.remove("expires_at");
        told.insert("max_age".to_owned(), json!(0));
    }
    if told.contains_key("expires_at") && date(said, begun).is_some_and(|date| date < YEAR_1 * 4) {
        told.insert("expires_at".to_owned(), json!(-62_135_596_800_i64));
        names.push(YEARS);
    }
    let mut flag = |key: &str, said: Option<bool>, needed: bool, added| {
        if needed {
            names.push(added);
        } else if said == Some(true) && operation == Operation::Delete {
            names.push(FLAGS_OF_DELETES);
        }
        if needed || said == Some(true) {
            told.insert(key.to_owned(), json!(true));
        } else {
            told.remove(key);
        }
    };
    flag("secure", said.secure, said.needs_secure(), SECURE_ADDED);
    flag(
        "httponly",
        said.http_only,
        said.needs_http_only(),
        HTTP_ONLY_ADDED,
    );
    if said.partitioned == Some(true) {
        told.insert("partitioned".to_owned(), json!(true));
        names.push(PARTITIONED);
    }
    (told, names)
}

/// `Max-Age` and `expires` of a lifetime for which Django raises.
fn clamped(said: &Said, begun: i128) -> Option<(i128, &'static str)> {
    let date = date(said, begun).filter(|_| said.max_age.is_none());
    let max_age = match (said.max_age, date) {
        (Some(max_age), _) => quarters(max_age),
        // The clock is within the quarter.
        (None, Some(date)) => (date - begun + 3).div_euclid(4).max(0) * 4,
        (None, None) => return None,
    };
    let seconds = max_age / 4;
    if (begun + max_age).div_euclid(4) > LAST_SECOND {
        Some((seconds, "Fri, 31 Dec 9999 23:59:59 GMT"))
    } else if (begun + max_age).div_euclid(4) < YEAR_1 {
        Some((seconds, "Mon, 01 Jan 0001 00:00:00 GMT"))
    } else {
        None
    }
}

/// The date said, in quarters of a second since 1970.
fn date(said: &Said, begun: i128) -> Option<i128> {
    let Some(Expires::In(left)) = said.expires else {
        return None;
    };
    let first = -377_705_116_800 * 4;
    Some((begun + quarters(left)).max(first))
}

fn quarters(duration: time::Duration) -> i128 {
    duration.whole_nanoseconds() / (SECOND / 4)
}

/// The quarter of a second that it is.
fn quarter() -> i128 {
    OffsetDateTime::now_utc()
        .unix_timestamp_nanos()
        .div_euclid(SECOND / 4)
}

/// A key, and a moment in quarters of a second.
fn key_and_now(chance: &mut Chance<'_>) -> (Vec<u8>, u64) {
    let len = 1 + chance.below(80);
    let mut key = chance.bytes(len).to_vec();
    key.push(b'k');
    (key, 1_790_000_000 * 4 + u64::from(chance.byte()))
}

fn at(quarters: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(quarters * 250)
}

fn float(quarters: u64) -> Value {
    #[allow(clippy::cast_precision_loss, reason = "it is short")]
    let quarters = quarters as f64;
    json!(quarters / 4.0)
}

fn separator(chance: &mut Chance<'_>) -> String {
    match chance.below(3) {
        0 => chance.text(),
        _ => ":".to_owned(),
    }
}

fn sign(django: &mut Django, chance: &mut Chance<'_>) -> Judged {
    let (key, now) = key_and_now(chance);
    let (salt, separator, value) = (chance.text(), separator(chance), chance.text());
    let signer = Signer::new(&*key).salt(&salt).separator(&separator);
    let timed = TimestampSigner::new(&*key)
        .salt(&salt)
        .with_time(at(now))
        .separator(&separator);
    let asked = json!({"op": "sign", "key": hex(&key), "salt": salt, "sep": separator, "value": value, "now": float(now)});
    let ours = match (signer, timed) {
        (Ok(signer), Ok(timed)) => json!({"is": [signer.sign(&value), timed.sign(&value)]}),
        _ => json!({"raises": "ValueError"}),
    };
    same(&asked, &ours, &django.ask(&asked))?;
    Ok(vec![])
}

fn unsign(django: &mut Django, chance: &mut Chance<'_>) -> Judged {
    let (key, then) = key_and_now(chance);
    let (salt, value) = (chance.text(), chance.text());
    let now = then + u64::from(chance.byte());
    let max_age = chance.maybe(2, |chance| u64::from(chance.byte()));
    let signer = TimestampSigner::new(&*key).salt(&salt);
    let salt_of_it = if salt.is_empty() {
        "django.core.signing.TimestampSigner"
    } else {
        &salt
    };
    let text = match chance.below(4) {
        0 => value,
        1 => Signer::new(&*key).salt(salt_of_it).sign(&value),
        2 => signer.clone().with_time(at(then)).sign(&value) + &chance.text(),
        _ => signer.clone().with_time(at(then)).sign(&value),
    };
    let asked = json!({"op": "unsign", "key": hex(&key), "salt": salt, "sep": ":", "text": text,
        "max_age": max_age.map(float), "now": float(now)});
    let answer = django.ask(&asked);
    let found = signer.with_time(at(now)).unsign(
        &text,
        max_age.map(|quarters| Duration::from_millis(quarters * 250)),
    );
    let untimed = matches!(found, Err(SignatureError::BadTimestamp));
    let ours = match found {
        Ok(value) => json!({"is": value}),
        Err(SignatureError::SignatureExpired { .. }) => json!({"raises": "SignatureExpired"}),
        Err(_) => json!({"raises": "BadSignature"}),
    };
    untimed_or_same(&asked, untimed, &ours, &answer)
}

fn untimed_or_same(case: &Value, untimed: bool, ours: &Value, answer: &Value) -> Judged {
    if untimed && matches!(answer["raises"].as_str(), Some("ValueError" | "IndexError")) {
        return Ok(vec![UNTIMED]);
    }
    same(case, ours, answer)?;
    Ok(vec![])
}

fn signed_cookie(django: &mut Django, chance: &mut Chance<'_>) -> Judged {
    let (key, then) = key_and_now(chance);
    let (salt, value) = (chance.text(), chance.text());
    let now = then + u64::from(chance.byte());
    let max_age = chance.maybe(2, |chance| u64::from(chance.byte()));
    let layer = CookieLayer::new().secret_key(&*key);
    let mut result = Ok(());
    let fields = sent(&layer, |jar| {
        result = jar
            .signed()
            .salt(&salt)
            .with_time(at(then))
            .set(("a", &*value));
    });
    let asked = json!({"op": "set_signed", "key": hex(&key), "name": "a", "salt": salt, "value": value, "now": float(then)});
    let answer = django.ask(&asked);
    let text = match &result {
        Ok(()) => fields.concat(),
        Err(CookieError::TooLong { .. }) if value.len() > 900 => return Ok(vec![UNSTORABLE]),
        Err(CookieError::ControlCharacter { .. })
            if value.contains(|c: char| c.is_ascii_control()) =>
        {
            return Ok(if answer["raises"].is_string() {
                vec![]
            } else {
                vec![CONTROLS]
            });
        }
        Err(error) => return Err(mismatch(&asked, error, &answer)),
    };
    same(&asked, &json!({"is": text}), &answer)?;

    let is_old = chance.below(4) == 1;
    let mut header = text.split(';').next().expect("a pair").to_owned();
    if is_old {
        let key = [b"django.http.cookies", &*key].concat();
        let signer = TimestampSigner::new(key)
            .salt(format!("a{salt}"))
            .with_time(at(then));
        header = format!("a={}", fuzzed::said::written(&signer.sign(&value)));
    }
    if chance.below(4) == 1 {
        header += &chance.text();
        header.retain(|c| !c.is_ascii_control());
    }
    let asked = json!({"op": "get_signed", "key": hex(&key), "name": "a", "salt": salt, "header": hex(header.as_bytes()),
        "max_age": max_age.map(float), "now": float(now)});
    let answer = django.ask(&asked);
    let read = |layer: &CookieLayer, header: &str| {
        let jar = layer.jar(&request(header));
        let mut signed = jar.signed().salt(&salt).with_time(at(now));
        if let Some(max_age) = max_age {
            signed = signed.max_age(Duration::from_millis(max_age * 250));
        }
        match signed.get("a") {
            Ok(value) => json!({"is": value}),
            Err(CookieError::SignatureExpired { .. }) => json!({"raises": "SignatureExpired"}),
            Err(CookieError::MissingCookie { .. }) => json!({"raises": "KeyError"}),
            Err(_) => json!({"raises": "BadSignature"}),
        }
    };
    let ours = read(&layer, &header);
    let names = if ours == answer {
        vec![]
    } else {
        // With the switch that Django has, or without its white space, nothing differs.
        let old = layer.clone().signed_cookie_legacy_salt_fallback(true);
        let trimmed = trimmed_as_django(&header);
        let explained = [
            (vec![OLD_SALT], read(&old, &header)),
            (vec![WHITE_SPACE], read(&layer, &trimmed)),
            (vec![OLD_SALT, WHITE_SPACE], read(&old, &trimmed)),
        ];
        let mut explained = explained.into_iter();
        let (names, _) = explained
            .find(|(_, told)| *told == answer)
            .ok_or_else(|| mismatch(&asked, &ours, &answer))?;
        names
    };
    Ok(names)
}

fn dumps(django: &mut Django, chance: &mut Chance<'_>) -> Judged {
    let (key, now) = key_and_now(chance);
    let float_of = f64::from_bits(chance.number().unsigned_abs());
    let object = json!({chance.text(): [chance.text(), chance.number(), chance.is(), null], "b": {"c": [float_of, -0.5, 1e16]}});
    let salt = chance.text() + ".";
    let asked =
        json!({"op": "dumps", "key": hex(&key), "salt": salt, "object": object, "now": float(now)});
    let answer = django.ask(&asked);
    let signer = TimestampSigner::new(&*key).salt(&salt).with_time(at(now));
    let dumped = signing::dumps(&signer, &object, false).expect("JSON");
    same(&asked, &json!({"is": dumped}), &answer)?;
    let text = answer["is"].as_str().expect("signed");
    same(
        &asked,
        &signing::loads::<Value>(&signer, text, None).ok(),
        &Some(object),
    )?;
    Ok(vec![])
}

/// A process that `tests/django/differential.py` runs in.
struct Django {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Django {
    fn start() -> Self {
        let mut process = Command::new(env::var_os("PYTHON").unwrap_or_else(|| "python3".into()))
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/django/differential.py"
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        Self {
            questions: process.stdin.take(),
            answers: BufReader::new(process.stdout.take().expect("a pipe")),
            process,
        }
    }

    fn ask(&mut self, question: &Value) -> Value {
        let questions = self.questions.as_mut().expect("a pipe");
        questions
            .write_all(format!("{question}\n").as_bytes())
            .expect("Django listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("Django answers");
        serde_json::from_str(&answer)
            .unwrap_or_else(|error| panic!("{question}: {error}: {answer:?}"))
    }

    fn write(&mut self, operation: Operation, said: &Said, given: &Given, begun: i128) -> Value {
        let op = match operation {
            Operation::Set => "set",
            Operation::Delete => "delete",
        };
        // Within the quarter, where nothing changes.
        #[allow(clippy::cast_precision_loss, reason = "it is short")]
        let now = begun as f64 / 4.0 + 0.125;
        self.ask(
            &json!({"op": op, "name": said.name, "value": said.value, "given": given, "now": now}),
        )
    }
}

impl Drop for Django {
    fn drop(&mut self) {
        drop(self.questions.take());
        // It ends with its questions.
        let _ = self.process.wait();
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// `splitmix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
