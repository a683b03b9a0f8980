//! For any name, value and attributes, `set` and `delete` either return an error that applies, or
//! send one `Set-Cookie` header with exactly these. Of several operations on one name, the last one is
//! the last header.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::LazyLock;

use cookie_store::{CookieDomain, CookieExpiration};
use http::Request;
use http::header::SET_COOKIE;
use tower_django_cookies::time::format_description::FormatItem;
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieLayer, SameSite};
use url::Url;

use super::input::{CookieInput, Expires, quoted};
use super::unstructured::Unstructured;
use crate::support::{imf_fixdate, kind, response_headers};

const SECOND: i128 = 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operation {
    Set,
    Delete,
}

pub(crate) fn check(bytes: &[u8]) {
    let mut u = Unstructured(bytes);
    let operation = u.choose(&[Operation::Set, Operation::Delete]);
    check_operation(operation, &CookieInput::generate(&mut u));
    let count = u.below(64);
    let operations: Vec<_> = (0..count).map(|_| Queued::generate(&mut u)).collect();
    check_order(&operations);
}

fn check_operation(operation: Operation, input: &CookieInput) {
    let value = match operation {
        Operation::Set => input.value.as_str(),
        Operation::Delete => "",
    };
    let mut result = Ok(());
    let mut queued = Vec::new();
    let before = OffsetDateTime::now_utc();
    let headers = response_headers(&CookieLayer::new(), Request::new(()), |jar| {
        let cookie = input.cookie(before);
        result = match operation {
            Operation::Set => jar.set(cookie),
            Operation::Delete => jar.delete(cookie),
        };
        queued = jar.queued();
    });
    let after = OffsetDateTime::now_utc();
    let headers: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();

    let errors = input.expected_errors(operation, value);
    if let Err(error) = result {
        assert!(
            errors.contains(&kind(&error)),
            "{error}, expected {errors:?}"
        );
        assert!(headers.is_empty() && queued.is_empty());
        return;
    }
    assert!(
        errors.is_empty(),
        "no error for {headers:?}, expected {errors:?}"
    );
    let [header] = headers[..] else {
        panic!("expected one header, found {headers:?}");
    };
    assert!(header.is_sensitive());
    let text = std::str::from_utf8(header.as_bytes()).expect("UTF-8");
    // Only the name of a delete can have a TAB.
    let after_name = text.strip_prefix(&*input.name).expect("the name first");
    assert!(
        !after_name.contains(|c: char| c.is_ascii_control()),
        "{text:?}"
    );

    let mut chunks = text.split("; ");
    let written = match operation {
        Operation::Set => quoted(value),
        Operation::Delete => input.deleted_value().to_owned(),
    };
    let pair = format!("{}={written}", input.name);
    assert_eq!(chunks.next(), Some(&*pair));
    let attributes: Vec<_> = chunks
        .map(|chunk| chunk.split_once('=').unwrap_or((chunk, "")))
        .collect();
    let attribute = |name| {
        let found = attributes.iter().find(|(found, _)| *found == name);
        found.map_or("", |(_, value)| value)
    };
    let max_age: Option<i64> = attribute("Max-Age").parse().ok();
    assert!(
        dates_match_django(
            operation,
            input,
            before,
            after,
            (max_age, attribute("expires"))
        ),
        "{text}"
    );
    let same_site = match input.same_site {
        Some(SameSite::Strict) => "Strict",
        Some(SameSite::Lax) => "Lax",
        Some(SameSite::None) => "None",
        None => "",
    };
    let expected = [
        (
            "Domain",
            input.sent_domain(),
            !input.sent_domain().is_empty(),
        ),
        ("expires", attribute("expires"), max_age.is_some()),
        ("HttpOnly", "", input.is_http_only()),
        ("Max-Age", attribute("Max-Age"), max_age.is_some()),
        ("Partitioned", "", input.partitioned == Some(true)),
        ("Path", input.sent_path(), !input.sent_path().is_empty()),
        ("SameSite", same_site, !same_site.is_empty()),
        ("Secure", "", input.is_secure()),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .filter_map(|(name, value, is_present)| is_present.then_some((name, value)))
        .collect();
    assert_eq!(attributes, expected, "{text}");

    let [cookie] = &queued[..] else {
        panic!("expected one queued cookie, found {queued:?}");
    };
    check_attributes(cookie, input, value);
    assert_eq!(cookie.max_age(), max_age.map(Duration::seconds), "{text}");
    check_other_parsers(text, input, &written, max_age);
}

/// Checks that the cookie has the input's name and attributes, and no others.
fn check_attributes(cookie: &Cookie<'_>, input: &CookieInput, value: &str) {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let is = |flag: bool| flag.then_some(true);
    assert_eq!(cookie.name_value(), (&*input.name, value), "{cookie}");
    assert_eq!(
        cookie.domain().map(str::to_owned),
        some(input.sent_domain())
    );
    assert_eq!(cookie.path().map(str::to_owned), some(input.sent_path()));
    assert_eq!(cookie.secure(), is(input.is_secure()), "{cookie}");
    assert_eq!(cookie.http_only(), is(input.is_http_only()), "{cookie}");
    let is_partitioned = input.partitioned == Some(true);
    assert_eq!(cookie.partitioned(), is(is_partitioned), "{cookie}");
    assert_eq!(cookie.same_site(), input.same_site, "{cookie}");
}

/// Checks that the parsers of the crates `cookie` and `cookie_store` read the same cookie.
fn check_other_parsers(text: &str, input: &CookieInput, written: &str, max_age: Option<i64>) {
    // These parsers trim all white space, while browsers trim only space and tab.
    if input.name.trim() != input.name {
        return;
    }
    let parsed = Cookie::parse(text).expect("a set-cookie-string");
    check_attributes(&parsed, input, written);
    // `cookie` reads a negative Max-Age as zero.
    let left = max_age.map(|max_age| Duration::seconds(max_age.max(0)));
    assert_eq!(parsed.max_age(), left, "{text}");

    let host = match input.sent_domain() {
        "" => "testserver",
        host => host,
    };
    // Some Domains are not valid hosts, such as `example..com`.
    let Ok(url) = Url::parse(&format!("https://{host}/")) else {
        return;
    };
    let Ok(stored) = cookie_store::Cookie::parse(text, &url) else {
        assert_ne!(url.host_str(), Some(&*host.to_lowercase()), "{text}");
        return;
    };
    check_attributes(&stored, input, written);
    let domain = match &stored.domain {
        CookieDomain::Suffix(domain) => domain.as_str(),
        _ => "",
    };
    assert_eq!(domain, input.sent_domain().to_lowercase(), "{text}");
    let path = match input.sent_path() {
        "" => "/",
        path => path,
    };
    assert_eq!(&*stored.path, path);
    let is_session = matches!(stored.expires, CookieExpiration::SessionEnd);
    assert_eq!(is_session, max_age.is_none(), "{text}");
    let is_expired = max_age.is_some_and(|max_age| max_age <= 0);
    assert_eq!(stored.is_expired(), is_expired, "{text}");
}

/// Tests whether `Max-Age` and `expires` are those that Django would write at some moment between
/// `before` and `after`.
fn dates_match_django(
    operation: Operation,
    input: &CookieInput,
    before: OffsetDateTime,
    after: OffsetDateTime,
    found: (Option<i64>, &str),
) -> bool {
    static FORMAT: LazyLock<Vec<FormatItem<'static>>> = LazyLock::new(imf_fixdate);
    if operation == Operation::Delete {
        return found == (Some(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
    let [before, after] = [before, after].map(OffsetDateTime::unix_timestamp_nanos);
    let (left, max_age) = match (input.max_age, input.expires) {
        (Some(max_age), _) => {
            let seconds = i128::from(max_age.whole_seconds());
            (max_age.whole_nanoseconds(), seconds..=seconds)
        }
        (None, Some(Expires::In(left))) => {
            let start = OffsetDateTime::from_unix_timestamp_nanos(before).expect("a date");
            let date = start.saturating_add(left).unix_timestamp_nanos();
            let seconds = |now: i128| ((date - now).div_euclid(SECOND) + 1).max(0);
            let max_age = seconds(after)..=seconds(before);
            let found = found.0.unwrap_or_default();
            (i128::from(found) * SECOND, max_age)
        }
        _ => return found == (None, ""),
    };
    let date_at = |now: i128| {
        (now + left)
            .div_euclid(SECOND)
            .clamp(-62_135_596_800, 253_402_300_799)
    };
    let is_date = |seconds: i128| {
        let date = OffsetDateTime::from_unix_timestamp_nanos(seconds * SECOND).expect("a date");
        date.format(&FORMAT).expect("a date") == found.1
    };
    found
        .0
        .is_some_and(|found| max_age.contains(&i128::from(found)))
        && (date_at(before)..=date_at(after)).any(is_date)
}

/// An operation of [`check_order`], with every part of its scope given.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Queued {
    operation: Operation,
    name: &'static str,
    domain: &'static str,
    path: &'static str,
    partitioned: bool,
}

impl Queued {
    fn generate(u: &mut Unstructured<'_>) -> Self {
        Self {
            operation: u.choose(&[Operation::Set, Operation::Delete]),
            name: u.choose(&["a", "b", "c"]),
            domain: u.choose(&["", "localhost", "LOCALHOST"]),
            path: u.choose(&["/", "", "/app", "/app/page"]),
            partitioned: u.below(4) == 1,
        }
    }

    fn cookie(self, value: &str) -> Cookie<'_> {
        Cookie::build((self.name, value))
            .domain(self.domain)
            .path(self.path)
            .partitioned(self.partitioned)
            .build()
    }

    /// Domains are compared without regard to case.
    fn identity(self) -> (&'static str, String, &'static str, bool) {
        let domain = self.domain.to_lowercase();
        (self.name, domain, self.path, self.partitioned)
    }
}

/// Queues `operations`, and checks the order of the headers against a model, and that the last
/// operation counts whatever a browser takes for one cookie.
fn check_order(operations: &[Queued]) {
    let values: Vec<_> = (0..operations.len())
        .map(|number| format!("{number}"))
        .collect();
    let mut model: Vec<(usize, Queued)> = Vec::new();
    for (number, &queued) in operations.iter().enumerate() {
        let is_same = |other: &(usize, Queued)| other.1.identity() == queued.identity();
        match model.iter().position(is_same) {
            None => model.push((number, queued)),
            // The operations on the name move up, and the new one takes the last place.
            Some(mut free) => {
                for place in free + 1..model.len() {
                    if model[place].1.name == queued.name {
                        model[free] = model[place];
                        free = place;
                    }
                }
                model[free] = (number, queued);
            }
        }
    }

    let mut queued = Vec::new();
    let mut debug = String::new();
    let headers = response_headers(&CookieLayer::new(), Request::new(()), |jar| {
        for (operation, value) in operations.iter().zip(&values) {
            let cookie = operation.cookie(value);
            let result = match operation.operation {
                Operation::Set => jar.set(cookie),
                Operation::Delete => jar.delete(cookie),
            };
            assert_eq!(result, Ok(()), "{operation:?}");
        }
        queued = jar.queued();
        debug = format!("{jar:?}");
    });
    let sent: Vec<_> = headers
        .get_all(SET_COOKIE)
        .iter()
        .map(|header| {
            let text = std::str::from_utf8(header.as_bytes()).expect("UTF-8");
            Cookie::parse(text).expect("a set-cookie-string")
        })
        .collect();

    let expected = model
        .iter()
        .map(|&(number, queued)| match queued.operation {
            Operation::Set => queued.cookie(&values[number]),
            Operation::Delete => queued.cookie(""),
        });
    // A delete may be sent with the queued set's spelling of the Domain.
    let parts = |cookie: &Cookie<'_>| {
        let text = |text: Option<&str>| text.unwrap_or_default().to_lowercase();
        let (name, value) = cookie.name_value_trimmed();
        let value = value.trim_matches('"');
        let is_partitioned = cookie.partitioned() == Some(true);
        let (domain, path) = (text(cookie.domain()), text(cookie.path()));
        (
            name.to_owned(),
            value.to_owned(),
            domain,
            path,
            is_partitioned,
        )
    };
    let expected: Vec<_> = expected.map(|cookie| parts(&cookie)).collect();
    assert_eq!(sent.iter().map(parts).collect::<Vec<_>>(), expected);
    assert_eq!(queued.iter().map(parts).collect::<Vec<_>>(), expected);
    let names: Vec<_> = model.iter().map(|(_, queued)| queued.name).collect();
    assert!(
        debug.contains(&format!("queued: {names:?}")),
        "{debug}, expected {names:?}"
    );

    let (all, left) = (
        operations.iter().copied(),
        model.iter().map(|&(_, queued)| queued),
    );
    assert_eq!(
        last(all.clone(), Queued::identity),
        last(left.clone(), Queued::identity)
    );
    let without_domain = |queued: Queued| (queued.name, queued.path, queued.partitioned);
    assert_eq!(
        last(all.clone(), without_domain),
        last(left.clone(), without_domain)
    );
    let without_path = |queued: Queued| {
        let (name, domain, _, partitioned) = queued.identity();
        (name, domain, partitioned)
    };
    assert_eq!(
        last(all.clone(), without_path),
        last(left.clone(), without_path)
    );
    let only_name = |queued: Queued| queued.name;
    assert_eq!(last(all, only_name), last(left, only_name));
}

/// The last operation on each cookie, if a browser takes those with the same `key` for one.
fn last<K: Eq + Hash>(
    operations: impl Iterator<Item = Queued>,
    key: impl Fn(Queued) -> K,
) -> HashMap<K, Queued> {
    operations.map(|queued| (key(queued), queued)).collect()
}
