//! Whatever is said of a cookie: it is refused, or one field goes out that says just that.

use std::sync::LazyLock;

use cookie_store::{CookieDomain, CookieExpiration};
use http::Request;
use http::header::SET_COOKIE;
use tower_django_cookies::time::format_description::FormatItem;
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieLayer, SameSite};
use url::Url;

use super::chance::Chance;
use super::said::{Expires, Said, written};
use crate::support::{answer, imf_fixdate, kind};

const SECOND: i128 = 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operation {
    Set,
    Delete,
}

pub(crate) fn check(bytes: &[u8]) {
    let mut chance = Chance(bytes);
    let operation = chance.one_of(&[Operation::Set, Operation::Delete]);
    hold(operation, &Said::by(&mut chance));
}

pub(crate) fn hold(operation: Operation, said: &Said) {
    let value = match operation {
        Operation::Set => said.value.as_str(),
        Operation::Delete => "",
    };
    let mut result = Ok(());
    let mut queued = Vec::new();
    let before = OffsetDateTime::now_utc();
    let headers = answer(&CookieLayer::new(), Request::new(()), |jar| {
        let cookie = said.cookie(before);
        result = match operation {
            Operation::Set => jar.set(cookie),
            Operation::Delete => jar.delete(cookie),
        };
        queued = jar.queued();
    });
    let after = OffsetDateTime::now_utc();
    let fields: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();

    let problems = said.problems(value);
    if let Err(error) = result {
        let word = kind(&error);
        assert!(problems.contains(&word), "{error}, expected {problems:?}");
        assert!(fields.is_empty() && queued.is_empty());
        return;
    }
    assert!(problems.is_empty(), "{problems:?} pass: {fields:?}");
    let [field] = fields[..] else {
        panic!("{fields:?}");
    };
    assert!(field.is_sensitive());
    let text = std::str::from_utf8(field.as_bytes()).expect("UTF-8");
    assert!(!text.contains(|c: char| c.is_ascii_control()), "{text:?}");

    let mut chunks = text.split("; ");
    let pair = format!("{}={}", said.name, written(value));
    assert_eq!(chunks.next(), Some(&*pair));
    let attributes: Vec<_> = chunks
        .map(|chunk| chunk.split_once('=').unwrap_or((chunk, "")))
        .collect();
    let of = |name| {
        let found = attributes.iter().find(|(found, _)| *found == name);
        found.map_or("", |(_, value)| value)
    };
    let max_age: Option<i64> = of("Max-Age").parse().ok();
    assert!(
        are_dates(operation, said, before, after, (max_age, of("expires"))),
        "{text}"
    );
    let same_site = match said.same_site {
        Some(SameSite::Strict) => "Strict",
        Some(SameSite::Lax) => "Lax",
        Some(SameSite::None) => "None",
        None => "",
    };
    let expected = [
        ("Domain", said.host(), !said.host().is_empty()),
        ("expires", of("expires"), max_age.is_some()),
        ("HttpOnly", "", said.is_http_only()),
        ("Max-Age", of("Max-Age"), max_age.is_some()),
        ("Partitioned", "", said.partitioned == Some(true)),
        ("Path", said.path(), !said.path().is_empty()),
        ("SameSite", same_site, !same_site.is_empty()),
        ("Secure", "", said.is_secure()),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .filter_map(|(name, value, is_there)| is_there.then_some((name, value)))
        .collect();
    assert_eq!(attributes, expected, "{text}");

    let [cookie] = &queued[..] else {
        panic!("{queued:?}");
    };
    says(cookie, said, value);
    assert_eq!(cookie.max_age(), max_age.map(Duration::seconds), "{text}");
    parsers_agree(text, said, value, max_age);
}

/// Whether the cookie has what was said, and nothing else.
fn says(cookie: &Cookie<'_>, said: &Said, value: &str) {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let is = |flag: bool| flag.then_some(true);
    assert_eq!(cookie.name_value(), (&*said.name, value), "{cookie}");
    assert_eq!(cookie.domain().map(str::to_owned), some(said.host()));
    assert_eq!(cookie.path().map(str::to_owned), some(said.path()));
    assert_eq!(cookie.secure(), is(said.is_secure()), "{cookie}");
    assert_eq!(cookie.http_only(), is(said.is_http_only()), "{cookie}");
    let is_partitioned = said.partitioned == Some(true);
    assert_eq!(cookie.partitioned(), is(is_partitioned), "{cookie}");
    assert_eq!(cookie.same_site(), said.same_site, "{cookie}");
}

/// The `cookie` crate and `cookie_store` read what was said, with parsers of their own.
fn parsers_agree(text: &str, said: &Said, value: &str, max_age: Option<i64>) {
    let parsed = Cookie::parse(text).expect("a set-cookie-string");
    says(&parsed, said, &written(value));
    // It reads a negative Max-Age as none.
    let left = max_age.map(|max_age| Duration::seconds(max_age.max(0)));
    assert_eq!(parsed.max_age(), left, "{text}");

    let host = match said.host() {
        "" => "testserver",
        host => host,
    };
    // Some Domains are no hosts: `example..com`.
    let Ok(url) = Url::parse(&format!("https://{host}/")) else {
        return;
    };
    let Ok(stored) = cookie_store::Cookie::parse(text, &url) else {
        assert_ne!(url.host_str(), Some(&*host.to_lowercase()), "{text}");
        return;
    };
    says(&stored, said, &written(value));
    let domain = match &stored.domain {
        CookieDomain::Suffix(domain) => domain.as_str(),
        _ => "",
    };
    assert_eq!(domain, said.host().to_lowercase(), "{text}");
    let path = match said.path() {
        "" => "/",
        path => path,
    };
    assert_eq!(&*stored.path, path);
    let is_session = matches!(stored.expires, CookieExpiration::SessionEnd);
    assert_eq!(is_session, max_age.is_none(), "{text}");
    let is_over = max_age.is_some_and(|max_age| max_age <= 0);
    assert_eq!(stored.is_expired(), is_over, "{text}");
}

/// Whether `Max-Age` and `expires` are Django's for a moment between `before` and `after`.
fn are_dates(
    operation: Operation,
    said: &Said,
    before: OffsetDateTime,
    after: OffsetDateTime,
    found: (Option<i64>, &str),
) -> bool {
    static FORMAT: LazyLock<Vec<FormatItem<'static>>> = LazyLock::new(imf_fixdate);
    if operation == Operation::Delete {
        return found == (Some(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
    let [before, after] = [before, after].map(OffsetDateTime::unix_timestamp_nanos);
    let (left, max_age) = match (said.max_age, said.expires) {
        (Some(max_age), _) => {
            let seconds = i128::from(max_age.whole_seconds());
            (max_age.whole_nanoseconds(), seconds..=seconds)
        }
        (None, Some(Expires::In(left))) => {
            let begun = OffsetDateTime::from_unix_timestamp_nanos(before).expect("a date");
            let date = begun.saturating_add(left).unix_timestamp_nanos();
            let seconds = |now: i128| ((date - now).div_euclid(SECOND) + 1).max(0);
            let max_age = seconds(after)..=seconds(before);
            let found = found.0.unwrap_or_default();
            (i128::from(found) * SECOND, max_age)
        }
        _ => return found == (None, ""),
    };
    let within = |now: i128| {
        (now + left)
            .div_euclid(SECOND)
            .clamp(-62_135_596_800, 253_402_300_799)
    };
    let is_date = |at: i128| {
        let date = OffsetDateTime::from_unix_timestamp_nanos(at * SECOND).expect("a date");
        date.format(&FORMAT).expect("a date") == found.1
    };
    found.0.is_some_and(|it| max_age.contains(&i128::from(it)))
        && (within(before)..=within(after)).any(is_date)
}
