//! Whatever a `Cookie` field holds, the work grows with its length and not with the square of it.
//!
//! These tests hold the answers for long fields. `.ci/linear` counts the instructions of each at
//! several `HEADER_LEN`s.

mod support;

use std::collections::{HashMap, HashSet};
use std::env;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use support::{answer, request, set_cookies};
use tower_django_cookies::{Cookie, CookieJar, CookieLayer};

macro_rules! all_are_read {
    ($($cookies:ident)*) => {$(
        mod $cookies {
            #[test]
            fn get_finds_the_last_value() {
                super::get_finds_the_last_value(&super::$cookies());
            }

            #[test]
            fn get_all_finds_every_value() {
                super::get_all_finds_every_value(&super::$cookies());
            }

            #[test]
            fn len_counts_each_name_once() {
                super::len_counts_each_name_once(&super::$cookies());
            }

            #[test]
            fn iter_goes_through_a_dict() {
                super::iter_goes_through_a_dict(&super::$cookies());
            }
        }
    )*};
}

all_are_read! {
    one_name_repeated
    distinct_names
    no_names
    escaped_values_of_one_name
    escaped_values_of_distinct_names
    values_that_are_not_utf8
    names_that_are_not_utf8
    one_name_that_is_not_utf8
    words_that_are_not_utf8
    escaped_values_without_a_name
    a_field_for_each_cookie
    one_value_of_escapes
    one_value_of_backslashes
    one_value_of_quotes
    one_quoted_value
    one_value_before_white_space
    words_without_equals_sign
    names_after_a_long_one
    only_equals_signs
    only_semicolons
}

/// The second may be what became of bytes that aren't UTF-8. The others, which a client may have chosen,
/// nearly fit at many places of a field.
fn missing() -> [String; 4] {
    let len = header_len() / 4;
    [
        "missing".into(),
        "missing\u{fffd}".into(),
        "a ".repeat(len) + "a",
        "x".repeat(len) + "a",
    ]
}

/// Fields, and the pairs that are to be read from them.
#[derive(Default)]
struct Sent {
    fields: Vec<Vec<u8>>,
    pairs: Vec<(String, String)>,
}

impl Sent {
    /// As many of the chunks as a field of `HEADER_LEN` has room for.
    fn chunks<C: AsRef<[u8]>>(chunk: impl Fn(usize) -> (C, Option<(String, String)>)) -> Self {
        let len = header_len();
        let mut sent = Self::default();
        let mut field = Vec::new();
        for (bytes, pair) in (0..).map(chunk) {
            if field.len() + bytes.as_ref().len() > len {
                break;
            }
            field.extend_from_slice(bytes.as_ref());
            sent.pairs.extend(pair);
        }
        sent.fields.push(field);
        sent
    }

    /// One cookie, with as much repeated as a field of `HEADER_LEN` has room for.
    fn one_value([start, repeated, end]: [&str; 3], value: impl Fn(usize) -> String) -> Self {
        let times = (header_len() - start.len() - end.len()) / repeated.len();
        Self {
            fields: vec![[start, &repeated.repeat(times), end].concat().into()],
            pairs: vec![pair("a", value(times))],
        }
    }

    fn jar(&self) -> CookieJar {
        let mut headers = HeaderMap::new();
        for field in &self.fields {
            let field = HeaderValue::from_bytes(field).expect("bytes that a field may hold");
            headers.append(COOKIE, field);
        }
        CookieJar::from_headers(&headers)
    }

    fn some_names(&self) -> impl Iterator<Item = &str> {
        let (first, last) = (self.pairs.first(), self.pairs.last());
        first.into_iter().chain(last).map(|(name, _)| name.as_str())
    }
}

fn header_len() -> usize {
    env::var("HEADER_LEN").map_or(64 * 1024, |len| len.parse().expect("a number of bytes"))
}

fn pair(name: impl Into<String>, value: impl Into<String>) -> (String, String) {
    (name.into(), value.into())
}

fn one_name_repeated() -> Sent {
    Sent::chunks(|_| ("a=1;", Some(pair("a", "1"))))
}

fn distinct_names() -> Sent {
    Sent::chunks(|i| {
        (
            format!("k{i}={i};"),
            Some(pair(format!("k{i}"), format!("{i}"))),
        )
    })
}

fn no_names() -> Sent {
    Sent::chunks(|i| (format!("{i};"), Some(pair("", format!("{i}")))))
}

fn escaped_values_of_one_name() -> Sent {
    Sent::chunks(|i| (format!(r#"a="\073{i}";"#), Some(pair("a", format!(";{i}")))))
}

fn escaped_values_of_distinct_names() -> Sent {
    Sent::chunks(|i| {
        let pair = pair(format!("k{i}"), format!("\"{i}"));
        (format!(r#"k{i}="\"{i}";"#), Some(pair))
    })
}

fn values_that_are_not_utf8() -> Sent {
    Sent::chunks(|i| {
        let pair = pair(format!("k{i}"), "\u{fffd}");
        ([format!("k{i}=").as_bytes(), b"\xff;"].concat(), Some(pair))
    })
}

fn names_that_are_not_utf8() -> Sent {
    Sent::chunks(|i| {
        let pair = pair(format!("\u{fffd}{i}"), "1");
        ([b"\xff", format!("{i}=1;").as_bytes()].concat(), Some(pair))
    })
}

fn one_name_that_is_not_utf8() -> Sent {
    Sent::chunks(|_| (b"\xff=1;", Some(pair("\u{fffd}", "1"))))
}

/// Two for each chunk, one of them with a quote that nothing closes.
fn words_that_are_not_utf8() -> Sent {
    let mut sent = Sent::chunks(|i| {
        let chunk = [b"\xb0;", format!("\"{i};").as_bytes()].concat();
        (chunk, Some(pair("", format!("\"{i}"))))
    });
    let words = sent.pairs.into_iter();
    sent.pairs = words
        .flat_map(|word| [pair("", "\u{fffd}"), word])
        .collect();
    sent
}

fn escaped_values_without_a_name() -> Sent {
    Sent::chunks(|i| (format!(r#"="\073{i}";"#), Some(pair("", format!(";{i}")))))
}

/// As HTTP/2 may send them, names that come again too.
fn a_field_for_each_cookie() -> Sent {
    let sent = Sent::chunks(|i| {
        let name = format!("k{}", i % 1000);
        (format!("{name}={i};"), Some(pair(name, format!("{i}"))))
    });
    let fields = sent.pairs.iter();
    Sent {
        fields: fields
            .map(|(name, value)| format!("{name}={value}").into())
            .collect(),
        ..sent
    }
}

fn one_value_of_escapes() -> Sent {
    Sent::one_value(["a=\"", r"\073", "\""], |times| ";".repeat(times))
}

fn one_value_of_backslashes() -> Sent {
    Sent::one_value(["a=\"", r"\\", "\""], |times| "\\".repeat(times))
}

fn one_value_of_quotes() -> Sent {
    Sent::one_value(["a=\"", "\"", "\""], |times| "\"".repeat(times))
}

fn one_quoted_value() -> Sent {
    Sent::one_value(["a=\"", "x", "\""], |times| "x".repeat(times))
}

fn one_value_before_white_space() -> Sent {
    Sent::one_value(["a=1", " \t", ""], |_| "1".into())
}

fn words_without_equals_sign() -> Sent {
    let words = "a ".repeat(header_len() / 2) + "a";
    Sent {
        fields: vec![words.clone().into()],
        pairs: vec![pair("", words)],
    }
}

fn names_after_a_long_one() -> Sent {
    let long = "x".repeat(header_len() / 2);
    let mut sent = Sent::chunks(|i| (if i % 2 == 0 { "a=" } else { "1;" }, None));
    let len = sent.fields[0].len() / 2;
    sent.fields[0].truncate(len / 4 * 4);
    sent.pairs = vec![pair(format!("{long}a"), "1")];
    sent.pairs.extend(vec![pair("a", "1"); len / 4 - 1]);
    sent.fields[0].splice(..0, long.into_bytes());
    sent
}

fn only_equals_signs() -> Sent {
    Sent::chunks(|_| ("=;", None))
}

fn only_semicolons() -> Sent {
    Sent::chunks(|_| (";", None))
}

fn get_finds_the_last_value(sent: &Sent) {
    let jar = sent.jar();
    let missing = missing();
    for name in sent.some_names().chain(missing.iter().map(String::as_str)) {
        let last = sent.pairs.iter().rfind(|pair| pair.0 == name);
        assert_eq!(jar.get(name), last.map(|pair| pair.1.as_str()));
        assert_eq!(jar.contains(name), last.is_some());
    }
    assert_eq!(jar.is_empty(), sent.pairs.is_empty());
}

fn get_all_finds_every_value(sent: &Sent) {
    let jar = sent.jar();
    let missing = missing();
    for name in sent.some_names().chain(missing.iter().map(String::as_str)) {
        let values = sent.pairs.iter().filter(|pair| pair.0 == name);
        assert!(jar.get_all(name).eq(values.map(|pair| &pair.1)), "{name}");
    }
}

fn len_counts_each_name_once(sent: &Sent) {
    let names: HashSet<_> = sent.pairs.iter().map(|pair| &pair.0).collect();
    assert_eq!(sent.jar().len(), names.len());
}

fn iter_goes_through_a_dict(sent: &Sent) {
    let last_values: HashMap<_, _> = sent.pairs.iter().map(|(n, v)| (n, v)).collect();
    let mut seen = HashSet::new();
    let first_names = sent
        .pairs
        .iter()
        .map(|pair| &pair.0)
        .filter(|name| seen.insert(*name));
    let dict = first_names.map(|name| (name.as_str(), last_values[name].as_str()));
    assert!(sent.jar().iter().eq(dict));
}

#[test]
fn every_cookie_of_the_request_can_be_set() {
    let sent = distinct_names();
    let headers = answer(&CookieLayer::new(), request(&sent.fields[0]), |jar| {
        for (name, value) in jar {
            jar.set((name, value)).expect("as any cookie");
        }
    });
    let expected = sent
        .pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}; Path=/"));
    assert!(set_cookies(&headers).into_iter().eq(expected));
}

#[test]
fn one_name_can_be_set_at_every_path_of_the_request() {
    let sent = distinct_names();
    let headers = answer(&CookieLayer::new(), request(&sent.fields[0]), |jar| {
        for (path, value) in jar.iter().chain(jar) {
            let cookie = Cookie::build(("a", value)).path(format!("/{path}"));
            jar.set(cookie).expect("as any cookie");
        }
    });
    let expected = sent
        .pairs
        .iter()
        .map(|(path, value)| format!("a={value}; Path=/{path}"));
    assert!(set_cookies(&headers).into_iter().eq(expected));
}

#[test]
fn one_name_can_be_deleted_at_every_path_of_the_request() {
    let sent = distinct_names();
    let headers = answer(&CookieLayer::new(), request(&sent.fields[0]), |jar| {
        for (path, _) in jar {
            let cookie = Cookie::build("a").path(format!("/{path}"));
            jar.delete(cookie).expect("as any cookie");
        }
    });
    let expected = sent.pairs.iter().map(|(path, _)| {
        format!("a=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/{path}")
    });
    assert!(set_cookies(&headers).into_iter().eq(expected));
}

#[test]
fn every_cookie_of_the_request_can_be_deleted() {
    let sent = distinct_names();
    let headers = answer(&CookieLayer::new(), request(&sent.fields[0]), |jar| {
        for (name, _) in jar {
            jar.delete(name).expect("as any cookie");
        }
    });
    let expected = sent.pairs.iter().map(|(name, _)| {
        format!("{name}=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/")
    });
    assert!(set_cookies(&headers).into_iter().eq(expected));
}
