//! The crate does what Django does, byte for byte: `tests/django/vectors.py` asked it.

mod support;

use std::collections::BTreeMap;

use http::header::COOKIE;
use http::{HeaderValue, Request};
use serde::Deserialize;
use serde_json::{Number, Value};
use support::{from_hex, imf_fixdate, kind, request, sent};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

/// In nanoseconds.
const SECOND: i128 = 1_000_000_000;

#[derive(Deserialize)]
struct Vectors {
    now: Number,
    parse: Vec<Parse>,
    set: Vec<Write>,
    delete: Vec<Write>,
}

#[derive(Deserialize)]
struct Parse {
    case: String,
    header: String,
    cookies: Vec<(String, String)>,
    differs: Option<ParseDiffers>,
}

#[derive(Deserialize)]
struct ParseDiffers {
    cookies: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Write {
    case: String,
    name: String,
    #[serde(default)]
    value: String,
    attributes: BTreeMap<String, Value>,
    #[serde(flatten)]
    answer: Answer,
    differs: Option<Answer>,
}

/// What Django answers, or what the crate does instead.
#[derive(Deserialize)]
struct Answer {
    set_cookie: Option<String>,
    /// The class that Django raises.
    raises: Option<String>,
    /// A word for the crate's own error.
    error: Option<String>,
}

impl Write {
    fn expected(&self) -> &Answer {
        self.differs.as_ref().unwrap_or(&self.answer)
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("django/vectors.json")).expect("vectors.json is well-formed")
}

#[test]
fn requests_are_read_as_django_reads_them() {
    for Parse {
        case,
        header,
        cookies,
        differs,
    } in vectors().parse
    {
        let expected = differs.map_or(cookies, |differs| differs.cookies);
        let header = from_hex(&header);
        let mut fields = Request::new(());
        for chunk in header.split(|&byte| byte == b';') {
            let field = HeaderValue::from_bytes(chunk).expect("bytes that a field may hold");
            fields.headers_mut().append(COOKIE, field);
        }
        for (request, form) in [(request(&header), "one field"), (fields, "a field each")] {
            let jar = CookieLayer::new().jar(&request);
            let found: Vec<_> = jar
                .iter()
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .collect();
            assert_eq!(found, expected, "{case}, {form}");
            assert_eq!(jar.len(), expected.len(), "{case}, {form}");
            assert_eq!(jar.is_empty(), expected.is_empty(), "{case}, {form}");
            for (name, value) in &expected {
                // A jar of its own, so that nothing is decoded beforehand.
                let jar = CookieJar::from_headers(request.headers());
                assert_eq!(jar.get(name), Some(&**value), "{case}, {form}, {name:?}");
                assert_eq!(
                    jar.get_all(name).last(),
                    Some(&**value),
                    "{case}, {form}, {name:?}"
                );
            }
        }
    }
}

#[test]
fn cookies_are_set_as_django_sets_them() {
    let vectors = vectors();
    for case in &vectors.set {
        check(case, nanoseconds(&vectors.now), |jar, cookie| {
            jar.set(cookie)
        });
    }
}

#[test]
fn cookies_are_deleted_as_django_deletes_them() {
    let vectors = vectors();
    for case in &vectors.delete {
        check(case, nanoseconds(&vectors.now), |jar, cookie| {
            jar.delete(cookie)
        });
    }
}

fn check(
    write: &Write,
    frozen: i128,
    operation: impl Fn(&CookieJar, Cookie<'_>) -> Result<(), CookieError>,
) {
    let case = &write.case;
    let now = || OffsetDateTime::now_utc().unix_timestamp_nanos();
    if let Some(expected) = &write.expected().set_cookie {
        assert_eq!(
            &at(expected, write, frozen, frozen),
            expected,
            "{case}: the test's own dates"
        );
        loop {
            let before = now();
            let fields = sent(&CookieLayer::new(), |jar| {
                operation(jar, cookie(write, before))
                    .unwrap_or_else(|error| panic!("{case}: {error}"));
            });
            let after = now();
            // What is written changes on quarters of a second alone, as all fractions are such, and
            // at once after `before`, from which `expires_in` counts.
            if before / (SECOND / 4) == after / (SECOND / 4) {
                let expected = [before, after].map(|now| at(expected, write, before, now));
                assert!(
                    matches!(&fields[..], [field] if expected.contains(field)),
                    "{case}: {fields:?}, expected {expected:?}"
                );
                return;
            }
        }
    }
    let fields = sent(&CookieLayer::new(), |jar| {
        let error = operation(jar, cookie(write, now())).expect_err(case);
        assert_eq!(
            kind(&error),
            error_kind(write.expected()),
            "{case}: {error}"
        );
    });
    assert!(fields.is_empty(), "{case}: {fields:?}");
}

/// The same cookie as the case's, said in the crate's words.
fn cookie(write: &Write, now: i128) -> Cookie<'_> {
    let mut cookie = Cookie::new(&write.name, &write.value);
    for (attribute, value) in &write.attributes {
        let text = || value.as_str().unwrap_or_default().to_owned();
        match attribute.as_str() {
            "max_age" => cookie.set_max_age(duration(seconds(value))),
            "expires_in" => cookie.set_expires(date(now + seconds(value))),
            "expires_at" => cookie.set_expires(date(seconds(value))),
            "path" => cookie.set_path(text()),
            "domain" => cookie.set_domain(text()),
            "secure" => cookie.set_secure(value.as_bool()),
            "httponly" => cookie.set_http_only(value.as_bool()),
            "partitioned" => cookie.set_partitioned(value.as_bool()),
            "samesite" => cookie.set_same_site(match &*text().to_lowercase() {
                "strict" => SameSite::Strict,
                "lax" => SameSite::Lax,
                "none" => SameSite::None,
                other => panic!("SameSite={other}"),
            }),
            other => panic!("unknown attribute {other}"),
        }
    }
    cookie
}

/// The field as Django would write it at `now`, by the formulas of `HttpResponse.set_cookie`.
fn at(field: &str, write: &Write, begun: i128, now: i128) -> String {
    let said = |name: &str| write.attributes.get(name).map(seconds);
    let (max_age, expires) = if let Some(max_age) = said("max_age") {
        (max_age / SECOND, (now + max_age).div_euclid(SECOND))
    } else if let Some(date) = said("expires_at").or(said("expires_in").map(|left| begun + left)) {
        let max_age = (date - now + SECOND).div_euclid(SECOND).max(0);
        (max_age, (now + max_age * SECOND).div_euclid(SECOND))
    } else {
        return field.to_owned();
    };
    let expires = expires.clamp(-62_135_596_800, 253_402_300_799);
    let expires = date(expires * SECOND)
        .format(&imf_fixdate())
        .expect("a date");
    let parts = field.split("; ").map(|part| match part.split_once('=') {
        Some(("Max-Age", _)) => format!("Max-Age={max_age}"),
        Some(("expires", _)) => format!("expires={expires}"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// In nanoseconds, exactly: fractions in the vectors are binary ones.
fn seconds(value: &Value) -> i128 {
    let Value::Number(number) = value else {
        panic!("{value} is no number")
    };
    nanoseconds(number)
}

fn nanoseconds(number: &Number) -> i128 {
    if let Some(whole) = number.as_i64() {
        return i128::from(whole) * SECOND;
    }
    let quarters = number.as_f64().expect("a float") * 4.0;
    assert!(quarters.fract() == 0.0, "{number} isn't in quarters");
    #[allow(clippy::cast_possible_truncation, reason = "a whole number")]
    let quarters = quarters as i128;
    quarters * (SECOND / 4)
}

fn duration(nanoseconds: i128) -> Duration {
    let whole = i64::try_from(nanoseconds / SECOND).expect("seconds");
    let rest = i32::try_from(nanoseconds % SECOND).expect("a fraction");
    Duration::new(whole, rest)
}

fn date(nanoseconds: i128) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).expect("a date")
}

fn error_kind(answer: &Answer) -> &str {
    match (answer.error.as_deref(), answer.raises.as_deref()) {
        (Some(word), _) => word,
        (None, Some("CookieError")) => "name",
        (None, raises) => panic!("Django raises {raises:?}"),
    }
}
