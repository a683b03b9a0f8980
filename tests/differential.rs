//! Random cases, each run by the crate and by real Django. Both write and read the same bytes, or
//! differ only as [`DIFFERENCES`] lists. `tests/django.rs` has the hand-picked cases.
//!
//! `PYTHON` is the path of a Python with the packages of `tests/django/requirements.txt`.
//! `DIFFERENTIAL_CASES` is the number of cases, and `DIFFERENTIAL_SEED` repeats the cases of an
//! earlier run.
#![cfg(all(
    feature = "csrf",
    feature = "messages",
    feature = "private",
    feature = "sessions",
    feature = "test-util"
))]

mod fuzzed;
mod support;

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::fmt::Debug;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::UNIX_EPOCH;

use fuzzed::input::{CookieInput, Expires, quoted};
use fuzzed::parse::{header_bytes, pairs};
use fuzzed::set::Operation;
use fuzzed::unstructured::Unstructured;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use support::{kind, request, response_cookies, to_hex};
use tower_django_cookies::signing::{self, SecretKey, SignatureError, Signer, TimestampSigner};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer, SameSite};

/// All differences of the guide's tables and of the vectors that concern a single cookie. Other
/// tests check the differences that need several operations, declarations or a host.
const DIFFERENCES: [&str; 17] = [
    UNSTORABLE,
    NEVER_SENT,
    ANY_NAME,
    LONG_NAME,
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
const UNSTORABLE: &str = "a cookie that browsers would reject is an error";
const NEVER_SENT: &str = "a Path that browsers never send is an error";
const ANY_NAME: &str = "a delete takes any name that browsers store";
const LONG_NAME: &str = "a long name is deleted without quotes";
const CONTROLS: &str = "control characters in values are errors (on old CPythons)";
const ABOVE_LATIN_1: &str = "characters above U+00FF are sent as UTF-8";
const LEADING_DOT: &str = "the leading dot of a Domain is dropped";
const SAME_SITE: &str = "SameSite is written in one spelling";
const BOTH_EXPIRIES: &str = "of max_age and expires, max_age wins";
const YEARS: &str = "dates are limited to the years 1 to 9999";
const SECURE_ADDED: &str = "Secure is added where browsers require it";
const HTTP_ONLY_ADDED: &str = "HttpOnly is added where browsers require it";
const FLAGS_OF_DELETES: &str = "a delete may have Secure and HttpOnly";
const PARTITIONED: &str = "a cookie may be Partitioned";
const WHITE_SPACE: &str = "only spaces and tabs are trimmed";
const OLD_SALT: &str = "signatures with the salt of Django before 5.2.15 are rejected";
const UNTIMED: &str = "a signed value without a timestamp is a bad signature";

const SECOND: i128 = 1_000_000_000;
const YEAR_1: i128 = -62_135_596_800;
const LAST_SECOND: i128 = 253_402_300_799;

/// The differences that explain a case, or a description of an unexplained mismatch.
type Outcome = Result<Vec<&'static str>, String>;

#[test]
#[ignore = "needs Django: PYTHON=venv/bin/python cargo test --all-features --test differential -- --ignored --nocapture"]
fn random_cases_differ_from_django_only_as_listed() {
    let number = |name| env::var(name).map(|number| number.parse().expect("a number"));
    let cases: usize =
        number("DIFFERENTIAL_CASES").map_or(100_000, |n: u64| n.try_into().expect("a number"));
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
        match run_case(&mut django, &bytes) {
            (kind, Ok(names)) if names.is_empty() => *agree.entry(kind).or_default() += 1,
            (_, Ok(names)) => {
                for name in names {
                    assert!(DIFFERENCES.contains(&name), "{name}");
                    *differ.entry(name).or_default() += 1;
                }
            }
            (_, Err(_)) => panic!("{}", minimized(&mut django, bytes)),
        }
    }
    for (kind, count) in &agree {
        println!("{count:7} agree: {kind}");
    }
    for name in DIFFERENCES {
        let count = differ.get(name).copied().unwrap_or_default();
        println!("{count:7} differ: {name}");
        let depends_on_python = name == CONTROLS;
        assert!(
            count > 0 || depends_on_python || cases < 50_000,
            "no case shows the difference: {name}"
        );
    }
}

/// Removes bytes as long as there still is a mismatch, and returns the last mismatch.
fn minimized(django: &mut Django, mut bytes: Vec<u8>) -> String {
    let mut step = bytes.len();
    while step > 0 {
        let mut start = 0;
        while start < bytes.len() {
            let mut shorter = bytes.clone();
            shorter.drain(start..bytes.len().min(start + step));
            if run_case(django, &shorter).1.is_err() {
                bytes = shorter;
            } else {
                start += step;
            }
        }
        step /= 2;
    }
    run_case(django, &bytes)
        .1
        .expect_err("the same mismatch again")
}

fn run_case(django: &mut Django, bytes: &[u8]) -> (&'static str, Outcome) {
    let mut u = Unstructured(bytes);
    match u.below(8) {
        0 | 1 => ("parse", parse(django, &mut u)),
        2 | 3 => ("set", write(django, Operation::Set, &mut u)),
        4 | 5 => ("delete", write(django, Operation::Delete, &mut u)),
        _ => match u.below(4) {
            0 => ("sign", sign(django, &mut u)),
            1 => ("unsign", unsign(django, &mut u)),
            2 => ("signed cookie", signed_cookie(django, &mut u)),
            _ => ("dumps", dumps(django, &mut u)),
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

fn parse(django: &mut Django, u: &mut Unstructured<'_>) -> Outcome {
    let mut header = Vec::new();
    while !u.0.is_empty() {
        match u.below(8) {
            0 => header.push(u.byte()),
            1 => header.extend(b"; "),
            _ => header.extend(u.text().into_bytes()),
        }
    }
    let header = header_bytes(&header);
    let call = json!({"op": "parse", "header": to_hex(&header)});
    let djangos: Vec<(String, String)> =
        serde_json::from_value(django.call(&call)["returns"].clone()).expect("pairs");
    let value = HeaderValue::from_bytes(&header).expect("a valid header value");
    let jar = CookieJar::from_headers(&HeaderMap::from_iter([(COOKIE, value)]));
    let found: Vec<_> = jar
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if found == djangos {
        return Ok(vec![]);
    }
    // Once the white space is removed as Django does it, the results must be equal.
    let text = String::from_utf8_lossy(&header);
    same(
        &json!(text),
        &dict(&[trimmed_like_django(&text).into_bytes()]),
        &djangos,
    )?;
    same(&json!(text), &found, &dict(&[header]))?;
    Ok(vec![WHITE_SPACE])
}

/// Removes the white space that Django trims.
fn trimmed_like_django(header: &str) -> String {
    let chunks = header.split(';').map(|chunk| match chunk.split_once('=') {
        Some((name, value)) => format!("{}={}", name.trim(), value.trim()),
        None => chunk.trim().to_owned(),
    });
    chunks.collect::<Vec<_>>().join(";")
}

/// Collects the pairs of the reference parser as a Python dict does: in the order of the first
/// occurrence of a name, with its last value.
fn dict(headers: &[Vec<u8>]) -> Vec<(String, String)> {
    let mut dict: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs(headers) {
        match dict.iter_mut().find(|pair| pair.0 == name) {
            Some(pair) => pair.1 = value,
            None => dict.push((name, value)),
        }
    }
    dict
}

fn write(django: &mut Django, operation: Operation, u: &mut Unstructured<'_>) -> Outcome {
    let mut input = CookieInput::generate(u);
    let spelling =
        u.choose(&[str::to_owned, str::to_lowercase, str::to_uppercase] as &[fn(&str) -> String]);
    if operation == Operation::Delete {
        input = CookieInput {
            value: String::new(),
            max_age: None,
            expires: None,
            ..input
        };
    }
    let (start, ours) = loop {
        let start = current_quarter();
        if let Some(Expires::In(left)) = &mut input.expires {
            // A later date would saturate to one that is not a whole quarter of a second.
            let max = LAST_SECOND * 4 + 3 - start;
            *left = (*left).min(Duration::milliseconds(
                i64::try_from(max * 250).expect("a date"),
            ));
        }
        let mut result = Ok(());
        let headers = response_cookies(&CookieLayer::new(), |jar| {
            let cookie = input.cookie(
                OffsetDateTime::from_unix_timestamp_nanos(start * SECOND / 4).expect("a date"),
            );
            result = match operation {
                Operation::Set => jar.set(cookie),
                Operation::Delete => jar.delete(cookie),
            };
        });
        if current_quarter() == start {
            break (start, result.map(|()| headers.concat()));
        }
    };
    let mut arguments = arguments(&input, start, &spelling);
    if operation == Operation::Delete {
        arguments.retain(|key, _| matches!(key.as_str(), "path" | "domain" | "samesite"));
    }
    let djangos = django.write(operation, &input, &arguments, start);
    let case = json!({
        "op": format!("{operation:?}"),
        "input": format!("{input:?}"),
        "arguments": arguments,
    });
    let text = match ours {
        Ok(text) => text,
        Err(error) => return explain_error(&case, operation, &input, &error, &djangos),
    };

    if !input.expected_errors(operation, &input.value).is_empty() {
        return Err(mismatch(&case, text, "an error, by the guide"));
    }
    let (adjusted, mut names) = adjusted_arguments(operation, &input, start, &spelling);
    let mut expected = if input.has_legal_name() {
        let written = django.write(operation, &input, &adjusted, start);
        written["returns"].as_str().unwrap_or_default().to_owned()
    } else {
        // Django raises an exception at the name, so it writes another one, which is replaced.
        same(&case, &json!({"raises": "CookieError"}), &djangos)?;
        names.push(ANY_NAME);
        let legal = CookieInput {
            name: "a".to_owned(),
            ..input.clone()
        };
        let written = django.write(operation, &legal, &adjusted, start);
        let rest = written["returns"]
            .as_str()
            .and_then(|text| text.strip_prefix('a'));
        input.name.clone() + rest.unwrap_or_default()
    };
    if operation == Operation::Delete && input.has_too_long_name_for_quotes() {
        let rest = expected[input.name.len()..].replacen("=\"\"", "=", 1);
        expected = input.name.clone() + &rest;
        names.push(LONG_NAME);
    }
    if let Some((max_age, date)) = clamped(&input, start) {
        names.push(YEARS);
        let parts = expected.split("; ").map(|part| match part.split_once('=') {
            Some(("Max-Age", _)) => format!("Max-Age={max_age}"),
            Some(("expires", _)) => format!("expires={date}"),
            _ => part.to_owned(),
        });
        expected = parts.collect::<Vec<_>>().join("; ");
    }
    same(&case, &text, &expected)?;
    if djangos["returns"] == expected {
        names.clear();
    }
    if expected.contains(|c| c > '\u{ff}') {
        names.push(ABOVE_LATIN_1);
    }
    if names.is_empty() {
        same(&case, &json!(text), &djangos["returns"])?;
    }
    Ok(names)
}

/// Explains a case in which the crate returns an error.
fn explain_error(
    case: &Value,
    operation: Operation,
    input: &CookieInput,
    error: &CookieError,
    djangos: &Value,
) -> Outcome {
    let kind = kind(error);
    if !input
        .expected_errors(operation, &input.value)
        .contains(&kind)
    {
        return Err(mismatch(case, error, djangos));
    }
    match (djangos["raises"].as_str(), kind) {
        (Some(_), _) => Ok(vec![]),
        (None, "control") => Ok(vec![CONTROLS]),
        (None, "name") => Err(mismatch(case, error, djangos)),
        (None, "path") if operation == Operation::Set && input.is_never_sent() => {
            Ok(vec![NEVER_SENT])
        }
        (None, _) => Ok(vec![UNSTORABLE]),
    }
}

/// Keyword arguments of Django's `set_cookie` or `delete_cookie`.
type Arguments = serde_json::Map<String, Value>;

/// The input as Django's keyword arguments.
fn arguments(input: &CookieInput, start: i128, spelling: &dyn Fn(&str) -> String) -> Arguments {
    let seconds = |quarters: i128| match quarters % 4 {
        0 => json!(i64::try_from(quarters / 4).expect("seconds")),
        #[allow(
            clippy::cast_precision_loss,
            reason = "numbers beyond Python's floats are clamped"
        )]
        _ => json!(quarters as f64 / 4.0),
    };
    let same_site = input.same_site.map(|same_site| match same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
        SameSite::None => "None",
    });
    let arguments = [
        ("domain", input.domain.as_ref().map(|domain| json!(domain))),
        ("path", input.path.as_ref().map(|path| json!(path))),
        ("secure", input.secure.map(Value::from)),
        ("httponly", input.http_only.map(Value::from)),
        ("samesite", same_site.map(|name| json!(spelling(name)))),
        (
            "max_age",
            input.max_age.map(|max_age| seconds(quarters(max_age))),
        ),
        ("expires_at", date(input, start).map(seconds)),
    ];
    arguments
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

/// The arguments with which Django writes the same as the crate, and the differences that make them
/// necessary.
fn adjusted_arguments(
    operation: Operation,
    input: &CookieInput,
    start: i128,
    spelling: &dyn Fn(&str) -> String,
) -> (Arguments, Vec<&'static str>) {
    let mut names = Vec::new();
    let mut adjusted = arguments(input, start, &str::to_owned);
    if input
        .same_site
        .is_some_and(|same_site| spelling(&same_site.to_string()) != same_site.to_string())
    {
        names.push(SAME_SITE);
    }
    if input.sent_domain() != input.domain.as_deref().unwrap_or_default() {
        adjusted.insert("domain".to_owned(), json!(input.sent_domain()));
        names.push(LEADING_DOT);
    }
    if input.max_age.is_some() && adjusted.remove("expires_at").is_some() {
        names.push(BOTH_EXPIRIES);
    }
    if clamped(input, start).is_some() {
        adjusted.remove("expires_at");
        adjusted.insert("max_age".to_owned(), json!(0));
    }
    if adjusted.contains_key("expires_at")
        && date(input, start).is_some_and(|date| date < YEAR_1 * 4)
    {
        adjusted.insert("expires_at".to_owned(), json!(-62_135_596_800_i64));
        names.push(YEARS);
    }
    let mut flag = |key: &str, given: Option<bool>, is_needed: bool, added| {
        if is_needed {
            names.push(added);
        } else if given == Some(true) && operation == Operation::Delete {
            names.push(FLAGS_OF_DELETES);
        }
        if is_needed || given == Some(true) {
            adjusted.insert(key.to_owned(), json!(true));
        } else {
            adjusted.remove(key);
        }
    };
    flag("secure", input.secure, input.needs_secure(), SECURE_ADDED);
    flag(
        "httponly",
        input.http_only,
        input.needs_http_only(),
        HTTP_ONLY_ADDED,
    );
    if input.partitioned == Some(true) {
        adjusted.insert("partitioned".to_owned(), json!(true));
        names.push(PARTITIONED);
    }
    (adjusted, names)
}

/// `Max-Age` and `expires`, if the date is one for which Django raises an exception.
fn clamped(input: &CookieInput, start: i128) -> Option<(i128, &'static str)> {
    let date = date(input, start).filter(|_| input.max_age.is_none());
    let max_age = match (input.max_age, date) {
        (Some(max_age), _) => quarters(max_age),
        // The time is after the start of the quarter.
        (None, Some(date)) => (date - start + 3).div_euclid(4).max(0) * 4,
        (None, None) => return None,
    };
    let seconds = max_age / 4;
    if (start + max_age).div_euclid(4) > LAST_SECOND {
        Some((seconds, "Fri, 31 Dec 9999 23:59:59 GMT"))
    } else if (start + max_age).div_euclid(4) < YEAR_1 {
        Some((seconds, "Mon, 01 Jan 0001 00:00:00 GMT"))
    } else {
        None
    }
}

/// The date of the input's `expires`, in quarters of a second since 1970.
fn date(input: &CookieInput, start: i128) -> Option<i128> {
    let Some(Expires::In(left)) = input.expires else {
        return None;
    };
    let first = -377_705_116_800 * 4;
    Some((start + quarters(left)).max(first))
}

fn quarters(duration: Duration) -> i128 {
    duration.whole_nanoseconds() / (SECOND / 4)
}

/// The current time, in quarters of a second since 1970.
fn current_quarter() -> i128 {
    OffsetDateTime::now_utc()
        .unix_timestamp_nanos()
        .div_euclid(SECOND / 4)
}

/// A key, and a time in quarters of a second since 1970.
fn key_and_time(u: &mut Unstructured<'_>) -> (Vec<u8>, i64) {
    let len = 1 + u.below(80);
    let mut key = u.bytes(len).to_vec();
    key.push(b'k');
    (key, 1_790_000_000 * 4 + i64::from(u.byte()))
}

fn secret_key(key: &[u8]) -> SecretKey {
    SecretKey::try_from(key).expect("a key that is not empty")
}

/// A maximum age in quarters of a second. It is rarely negative.
fn max_age(u: &mut Unstructured<'_>) -> Option<i64> {
    u.option(2, |u| i64::from(u.byte()) - 16)
}

fn duration(quarters: i64) -> Duration {
    Duration::milliseconds(quarters * 250)
}

fn time(quarters: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + duration(quarters)
}

fn seconds(quarters: i64) -> Value {
    #[allow(clippy::cast_precision_loss, reason = "the number is small")]
    let quarters = quarters as f64;
    json!(quarters / 4.0)
}

fn separator(u: &mut Unstructured<'_>) -> String {
    match u.below(3) {
        0 => u.text(),
        _ => ":".to_owned(),
    }
}

fn sign(django: &mut Django, u: &mut Unstructured<'_>) -> Outcome {
    let (key, now) = key_and_time(u);
    let (salt, separator, value) = (u.text(), separator(u), u.text());
    let signer = Signer::new(secret_key(&key))
        .salt(&salt)
        .separator(&separator);
    let timed = TimestampSigner::new(secret_key(&key))
        .salt(&salt)
        .with_time(time(now))
        .separator(&separator);
    let call = json!({
        "op": "sign",
        "key": to_hex(&key),
        "salt": salt,
        "sep": separator,
        "value": value,
        "now": seconds(now),
    });
    let ours = match (signer, timed) {
        (Ok(signer), Ok(timed)) => json!({"returns": [signer.sign(&value), timed.sign(&value)]}),
        _ => json!({"raises": "ValueError"}),
    };
    same(&call, &ours, &django.call(&call))?;
    Ok(vec![])
}

fn unsign(django: &mut Django, u: &mut Unstructured<'_>) -> Outcome {
    let (key, then) = key_and_time(u);
    let (salt, value) = (u.text(), u.text());
    let now = then + i64::from(u.byte());
    let max_age = max_age(u);
    let signer = TimestampSigner::new(secret_key(&key)).salt(&salt);
    let used_salt = if salt.is_empty() {
        "django.core.signing.TimestampSigner"
    } else {
        &salt
    };
    let text = match u.below(4) {
        0 => value,
        1 => Signer::new(secret_key(&key)).salt(used_salt).sign(&value),
        2 => signer.clone().with_time(time(then)).sign(&value) + &u.text(),
        _ => signer.clone().with_time(time(then)).sign(&value),
    };
    let call = json!({
        "op": "unsign",
        "key": to_hex(&key),
        "salt": salt,
        "sep": ":",
        "text": text,
        "max_age": max_age.map(seconds),
        "now": seconds(now),
    });
    let djangos = django.call(&call);
    let signer = match max_age {
        Some(max_age) => signer.max_age(duration(max_age)),
        None => signer,
    };
    let found = signer.with_time(time(now)).unsign(&text);
    let is_untimed = matches!(found, Err(SignatureError::BadTimestamp));
    let ours = match found {
        Ok(value) => json!({"returns": value}),
        Err(SignatureError::SignatureExpired { .. }) => json!({"raises": "SignatureExpired"}),
        Err(SignatureError::BadSignature | SignatureError::BadTimestamp) => {
            json!({"raises": "BadSignature"})
        }
        Err(error) => return Err(mismatch(&call, error, djangos)),
    };
    if is_untimed
        && matches!(
            djangos["raises"].as_str(),
            Some("ValueError" | "IndexError")
        )
    {
        return Ok(vec![UNTIMED]);
    }
    same(&call, &ours, &djangos)?;
    Ok(vec![])
}

fn signed_cookie(django: &mut Django, u: &mut Unstructured<'_>) -> Outcome {
    let (key, then) = key_and_time(u);
    let (salt, value) = (u.text(), u.text());
    let now = then + i64::from(u.byte());
    let max_age = max_age(u);
    let layer = CookieLayer::new().secret_key(&*key).expect("a key");
    let mut result = Ok(());
    let headers = response_cookies(&layer, |jar| {
        result = jar
            .signed()
            .salt(&salt)
            .with_time(time(then))
            .set(("a", &*value));
    });
    let call = json!({
        "op": "set_signed",
        "key": to_hex(&key),
        "name": "a",
        "salt": salt,
        "value": value,
        "now": seconds(then),
    });
    let djangos = django.call(&call);
    let text = match &result {
        Ok(()) => headers.concat(),
        Err(CookieError::TooLong { .. }) if value.len() > 900 => return Ok(vec![UNSTORABLE]),
        Err(CookieError::ControlCharacter { .. })
            if value.contains(|c: char| c.is_ascii_control()) =>
        {
            return Ok(if djangos["raises"].is_string() {
                vec![]
            } else {
                vec![CONTROLS]
            });
        }
        Err(error) => return Err(mismatch(&call, error, &djangos)),
    };
    same(&call, &json!({"returns": text}), &djangos)?;

    let is_legacy = u.below(4) == 1;
    let mut header = text.split(';').next().expect("a cookie-pair").to_owned();
    if is_legacy {
        let key = [b"django.http.cookies", &*key].concat();
        let signer = TimestampSigner::new(secret_key(&key))
            .salt(format!("a{salt}"))
            .with_time(time(then));
        header = format!("a={}", quoted(&signer.sign(&value)));
    }
    if u.below(4) == 1 {
        header += &u.text();
        header.retain(|c| !c.is_ascii_control());
    }
    let call = json!({
        "op": "get_signed",
        "key": to_hex(&key),
        "name": "a",
        "salt": salt,
        "header": to_hex(header.as_bytes()),
        "max_age": max_age.map(seconds),
        "now": seconds(now),
    });
    let djangos = django.call(&call);
    let read = |layer: &CookieLayer, header: &str| {
        let jar = layer.jar(&request(header));
        let mut signed = jar.signed().salt(&salt).with_time(time(now));
        if let Some(max_age) = max_age {
            signed = signed.max_age(duration(max_age));
        }
        match signed.get("a") {
            Ok(value) => json!({"returns": value}),
            Err(CookieError::SignatureExpired { .. }) => json!({"raises": "SignatureExpired"}),
            Err(CookieError::MissingCookie { .. }) => json!({"raises": "KeyError"}),
            Err(CookieError::BadSignature { .. }) => json!({"raises": "BadSignature"}),
            Err(error) => panic!("unexpected {error:?}"),
        }
    };
    let ours = read(&layer, &header);
    if ours == djangos {
        return Ok(vec![]);
    }
    // With the legacy salt allowed, or with the white space removed, the results must be equal.
    let with_legacy = layer.clone().signed_cookie_legacy_salt_fallback(true);
    let trimmed = trimmed_like_django(&header);
    let explanations = [
        (vec![OLD_SALT], read(&with_legacy, &header)),
        (vec![WHITE_SPACE], read(&layer, &trimmed)),
        (vec![OLD_SALT, WHITE_SPACE], read(&with_legacy, &trimmed)),
    ];
    let found = explanations
        .into_iter()
        .find(|(_, result)| *result == djangos);
    let (names, _) = found.ok_or_else(|| mismatch(&call, &ours, &djangos))?;
    Ok(names)
}

fn dumps(django: &mut Django, u: &mut Unstructured<'_>) -> Outcome {
    let (key, now) = key_and_time(u);
    let float = f64::from_bits(u.integer().unsigned_abs());
    let object = json!({
        u.text(): [u.text(), u.integer(), u.boolean(), null],
        "b": {"c": [float, -0.5, 1e16]},
    });
    // The default salt, or another.
    let salt = u.boolean().then(|| u.text() + ".");
    let call = json!({
        "op": "dumps",
        "key": to_hex(&key),
        "salt": salt,
        "object": object,
        "now": seconds(now),
    });
    let djangos = django.call(&call);
    let signer = TimestampSigner::new(secret_key(&key))
        .salt(salt.as_deref().unwrap_or("django.core.signing"))
        .with_time(time(now));
    let dumped = signer.sign_object(&object).expect("JSON");
    same(&call, &json!({"returns": dumped}), &djangos)?;
    let text = djangos["returns"].as_str().expect("a signed text");
    let object = Ok(object);
    same(&call, &signer.unsign_object::<Value>(text), &object)?;
    let expected = match salt {
        None => object,
        Some(_) => Err(SignatureError::BadSignature),
    };
    let loaded = signing::loads::<Value>(&secret_key(&key), text);
    same(&call, &loaded, &expected)?;
    Ok(vec![])
}

/// A process that runs `tests/django/differential.py`.
struct Django {
    process: Child,
    calls: Option<ChildStdin>,
    results: BufReader<ChildStdout>,
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
            .expect("Python starts");
        Self {
            calls: process.stdin.take(),
            results: BufReader::new(process.stdout.take().expect("a pipe")),
            process,
        }
    }

    /// Makes a call in Django, and returns its result.
    fn call(&mut self, call: &Value) -> Value {
        let calls = self.calls.as_mut().expect("a pipe");
        calls
            .write_all(format!("{call}\n").as_bytes())
            .expect("Django reads the call");
        let mut result = String::new();
        self.results
            .read_line(&mut result)
            .expect("Django writes a result");
        serde_json::from_str(&result).unwrap_or_else(|error| panic!("{call}: {error}: {result:?}"))
    }

    fn write(
        &mut self,
        operation: Operation,
        input: &CookieInput,
        arguments: &Arguments,
        start: i128,
    ) -> Value {
        let op = match operation {
            Operation::Set => "set",
            Operation::Delete => "delete",
        };
        // The middle of the quarter: what is written is the same for every time in one quarter.
        #[allow(clippy::cast_precision_loss, reason = "the number is small")]
        let now = start as f64 / 4.0 + 0.125;
        self.call(&json!({
            "op": op,
            "name": input.name,
            "value": input.value,
            "arguments": arguments,
            "now": now,
        }))
    }
}

impl Drop for Django {
    fn drop(&mut self) {
        // The process ends when its standard input is closed.
        drop(self.calls.take());
        let _ = self.process.wait();
    }
}

/// The random number generator `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
