//! The crate reads and writes the same bytes as Django. `tests/django/vectors.py` made the vectors
//! with real Django.

mod support;

use std::collections::BTreeMap;

use http::header::{COOKIE, HOST};
use http::{HeaderValue, Request};
use serde::Deserialize;
use serde_json::{Number, Value};
use support::{from_hex, imf_fixdate, kind, request, response_headers, set_cookies};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

/// One second in nanoseconds.
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
    /// The host of the request.
    host: Option<String>,
    #[serde(flatten)]
    djangos: Outcome,
    differs: Option<Outcome>,
}

/// The result in Django, or the crate's result if it differs.
#[derive(Deserialize)]
struct Outcome {
    set_cookie: Option<String>,
    /// The class of Django's exception.
    raises: Option<String>,
    /// The kind of the crate's error.
    error: Option<String>,
}

impl Write {
    fn expected(&self) -> &Outcome {
        self.differs.as_ref().unwrap_or(&self.djangos)
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("django/vectors.json")).expect("vectors.json is well-formed")
}

#[test]
fn jar_reads_cookie_headers_as_django_does() {
    for Parse {
        case,
        header,
        cookies,
        differs,
    } in vectors().parse
    {
        let expected = differs.map_or(cookies, |differs| differs.cookies);
        let header = from_hex(&header);
        let mut split = Request::new(());
        for chunk in header.split(|&byte| byte == b';') {
            let value = HeaderValue::from_bytes(chunk).expect("a valid header value");
            split.headers_mut().append(COOKIE, value);
        }
        for (request, form) in [(request(&header), "one header"), (split, "several headers")] {
            let jar = CookieLayer::new().jar(&request);
            let found: Vec<_> = jar
                .iter()
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .collect();
            assert_eq!(found, expected, "{case}, {form}");
            assert_eq!(jar.len(), expected.len(), "{case}, {form}");
            assert_eq!(jar.is_empty(), expected.is_empty(), "{case}, {form}");
            for (name, value) in &expected {
                // A new jar for each name: nothing is decoded before the call.
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
fn set_writes_the_header_of_django() {
    let vectors = vectors();
    for case in &vectors.set {
        check(case, nanoseconds(&vectors.now), |jar, cookie| {
            jar.set(cookie)
        });
    }
}

#[test]
fn delete_writes_the_header_of_django() {
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
            &header_at(expected, write, frozen, frozen),
            expected,
            "{case}: the dates that this test computes"
        );
        loop {
            let before = now();
            let headers = sent_cookies(write, |jar| {
                operation(jar, cookie(write, before))
                    .unwrap_or_else(|error| panic!("{case}: {error}"));
            });
            let after = now();
            // All fractions in the vectors are quarters of a second. So the expected header changes
            // at whole quarters only, and directly after `before`, which is the start of
            // `expires_in`.
            if before / (SECOND / 4) == after / (SECOND / 4) {
                let expected = [before, after].map(|now| header_at(expected, write, before, now));
                assert!(
                    matches!(&headers[..], [header] if expected.contains(header)),
                    "{case}: {headers:?}, expected {expected:?}"
                );
                return;
            }
        }
    }
    let headers = sent_cookies(write, |jar| {
        let error = operation(jar, cookie(write, now())).expect_err(case);
        assert_eq!(
            kind(&error),
            error_kind(write.expected()),
            "{case}: {error}"
        );
    });
    assert!(headers.is_empty(), "{case}: {headers:?}");
}

/// The `Set-Cookie` headers of the response to a request to the host of the case.
fn sent_cookies(write: &Write, handler: impl FnMut(&CookieJar)) -> Vec<String> {
    let mut request = Request::new(());
    if let Some(host) = &write.host {
        let host = HeaderValue::from_str(host).expect("a valid header value");
        request.headers_mut().insert(HOST, host);
    }
    set_cookies(&response_headers(&CookieLayer::new(), request, handler))
}

/// The cookie of the case.
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

/// The header that Django would write at `now`, by the formulas of `HttpResponse.set_cookie`.
/// `expires_in` counts from `start`.
fn header_at(header: &str, write: &Write, start: i128, now: i128) -> String {
    let attribute = |name: &str| write.attributes.get(name).map(seconds);
    let (max_age, expires) = if let Some(max_age) = attribute("max_age") {
        (max_age / SECOND, (now + max_age).div_euclid(SECOND))
    } else if let Some(date) =
        attribute("expires_at").or(attribute("expires_in").map(|left| start + left))
    {
        let max_age = (date - now + SECOND).div_euclid(SECOND).max(0);
        (max_age, (now + max_age * SECOND).div_euclid(SECOND))
    } else {
        return header.to_owned();
    };
    let expires = expires.clamp(-62_135_596_800, 253_402_300_799);
    let expires = date(expires * SECOND)
        .format(&imf_fixdate())
        .expect("a date");
    let parts = header.split("; ").map(|part| match part.split_once('=') {
        Some(("Max-Age", _)) => format!("Max-Age={max_age}"),
        Some(("expires", _)) => format!("expires={expires}"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// The number of seconds, exactly in nanoseconds: the fractions in the vectors are quarters.
fn seconds(value: &Value) -> i128 {
    let Value::Number(number) = value else {
        panic!("{value} is not a number")
    };
    nanoseconds(number)
}

fn nanoseconds(number: &Number) -> i128 {
    if let Some(whole) = number.as_i64() {
        return i128::from(whole) * SECOND;
    }
    let quarters = number.as_f64().expect("a float") * 4.0;
    assert!(quarters.fract() == 0.0, "{number} is not in quarters");
    #[allow(clippy::cast_possible_truncation, reason = "it is a whole number")]
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

fn error_kind(outcome: &Outcome) -> &str {
    match (outcome.error.as_deref(), outcome.raises.as_deref()) {
        (Some(kind), _) => kind,
        (None, Some("CookieError")) => "name",
        (None, raises) => panic!("Django raises {raises:?}"),
    }
}
