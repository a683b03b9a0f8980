//! Long `Cookie` headers of every kind are read correctly, and in time linear in their length. So are
//! long hosts, however many cookies have a Domain, and the JSON of sessions.
//!
//! These tests check the results. `.ci/linear` runs each test with several values of `HEADER_LEN`
//! and counts the instructions, so the work of a test must be linear too.

mod support;

use std::collections::{HashMap, HashSet};
use std::env;

use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue};
use support::{deletion, request, response_headers, set_cookies};
use tower_django_cookies::{Cookie, CookieJar, CookieLayer, HostSource};

/// Makes a module of tests for each kind of header.
macro_rules! headers {
    ($($headers:ident)*) => {$(
        mod $headers {
            #[test]
            fn get_returns_last_value() {
                super::get_returns_last_value(&super::$headers());
            }

            #[test]
            fn get_all_returns_every_value() {
                super::get_all_returns_every_value(&super::$headers());
            }

            #[test]
            fn len_counts_each_name_once() {
                super::len_counts_each_name_once(&super::$headers());
            }

            #[test]
            fn iter_yields_each_name_once_with_last_value() {
                super::iter_yields_each_name_once_with_last_value(&super::$headers());
            }
        }
    )*};
}

headers! {
    one_name_repeated
    distinct_names
    values_without_names
    escaped_values_of_one_name
    escaped_values_of_distinct_names
    values_of_invalid_utf8
    names_of_invalid_utf8
    one_name_of_invalid_utf8
    invalid_utf8_without_equals_sign
    escaped_values_without_names
    one_header_per_cookie
    one_value_of_escapes
    one_value_of_backslashes
    one_value_of_quotes
    one_quoted_value
    one_value_before_white_space
    one_value_without_equals_sign
    short_names_after_long_name
    only_equals_signs
    only_semicolons
}

/// Names that are not in the request. A search for the second must consider invalid UTF-8, which is
/// read as U+FFFD. The last two almost match at many positions of some headers.
fn missing() -> [String; 4] {
    let len = header_len() / 4;
    [
        "missing".into(),
        "missing\u{fffd}".into(),
        "a ".repeat(len) + "a",
        "x".repeat(len) + "a",
    ]
}

/// `Cookie` headers, and the names and values that the crate must read from them.
#[derive(Default)]
struct Headers {
    values: Vec<Vec<u8>>,
    pairs: Vec<(String, String)>,
}

impl Headers {
    /// A header of as many chunks as fit into `HEADER_LEN` bytes.
    fn chunks<C: AsRef<[u8]>>(chunk: impl Fn(usize) -> (C, Option<(String, String)>)) -> Self {
        let len = header_len();
        let mut headers = Self::default();
        let mut value = Vec::new();
        for (bytes, pair) in (0..).map(chunk) {
            if value.len() + bytes.as_ref().len() > len {
                break;
            }
            value.extend_from_slice(bytes.as_ref());
            headers.pairs.extend(pair);
        }
        headers.values.push(value);
        headers
    }

    /// A header of one cookie, with `repeated` as often as it fits into `HEADER_LEN` bytes.
    fn one_value([start, repeated, end]: [&str; 3], value: impl Fn(usize) -> String) -> Self {
        let times = (header_len() - start.len() - end.len()) / repeated.len();
        Self {
            values: vec![[start, &repeated.repeat(times), end].concat().into()],
            pairs: vec![pair("a", value(times))],
        }
    }

    fn jar(&self) -> CookieJar {
        let mut headers = HeaderMap::new();
        for value in &self.values {
            let value = HeaderValue::from_bytes(value).expect("a valid header value");
            headers.append(COOKIE, value);
        }
        CookieJar::from_headers(&headers)
    }

    fn first_and_last_name(&self) -> impl Iterator<Item = &str> {
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

fn one_name_repeated() -> Headers {
    Headers::chunks(|_| ("a=1;", Some(pair("a", "1"))))
}

fn distinct_names() -> Headers {
    Headers::chunks(|i| {
        (
            format!("k{i}={i};"),
            Some(pair(format!("k{i}"), format!("{i}"))),
        )
    })
}

fn values_without_names() -> Headers {
    Headers::chunks(|i| (format!("{i};"), Some(pair("", format!("{i}")))))
}

fn escaped_values_of_one_name() -> Headers {
    Headers::chunks(|i| (format!(r#"a="\073{i}";"#), Some(pair("a", format!(";{i}")))))
}

fn escaped_values_of_distinct_names() -> Headers {
    Headers::chunks(|i| {
        let pair = pair(format!("k{i}"), format!("\"{i}"));
        (format!(r#"k{i}="\"{i}";"#), Some(pair))
    })
}

fn values_of_invalid_utf8() -> Headers {
    Headers::chunks(|i| {
        let pair = pair(format!("k{i}"), "\u{fffd}");
        ([format!("k{i}=").as_bytes(), b"\xff;"].concat(), Some(pair))
    })
}

fn names_of_invalid_utf8() -> Headers {
    Headers::chunks(|i| {
        let pair = pair(format!("\u{fffd}{i}"), "1");
        ([b"\xff", format!("{i}=1;").as_bytes()].concat(), Some(pair))
    })
}

fn one_name_of_invalid_utf8() -> Headers {
    Headers::chunks(|_| (b"\xff=1;", Some(pair("\u{fffd}", "1"))))
}

/// Pairs of chunks. The second of each pair begins with a quote that is never closed.
fn invalid_utf8_without_equals_sign() -> Headers {
    let mut headers = Headers::chunks(|i| {
        let chunk = [b"\xb0;", format!("\"{i};").as_bytes()].concat();
        (chunk, Some(pair("", format!("\"{i}"))))
    });
    let second_pairs = headers.pairs.into_iter();
    headers.pairs = second_pairs
        .flat_map(|second| [pair("", "\u{fffd}"), second])
        .collect();
    headers
}

fn escaped_values_without_names() -> Headers {
    Headers::chunks(|i| (format!(r#"="\073{i}";"#), Some(pair("", format!(";{i}")))))
}

/// A header for each cookie, as HTTP/2 allows, with duplicate names.
fn one_header_per_cookie() -> Headers {
    let headers = Headers::chunks(|i| {
        let name = format!("k{}", i % 1000);
        (format!("{name}={i};"), Some(pair(name, format!("{i}"))))
    });
    let pairs = headers.pairs.iter();
    Headers {
        values: pairs
            .map(|(name, value)| format!("{name}={value}").into())
            .collect(),
        ..headers
    }
}

fn one_value_of_escapes() -> Headers {
    Headers::one_value(["a=\"", r"\073", "\""], |times| ";".repeat(times))
}

fn one_value_of_backslashes() -> Headers {
    Headers::one_value(["a=\"", r"\\", "\""], |times| "\\".repeat(times))
}

fn one_value_of_quotes() -> Headers {
    Headers::one_value(["a=\"", "\"", "\""], |times| "\"".repeat(times))
}

fn one_quoted_value() -> Headers {
    Headers::one_value(["a=\"", "x", "\""], |times| "x".repeat(times))
}

fn one_value_before_white_space() -> Headers {
    Headers::one_value(["a=1", " \t", ""], |_| "1".into())
}

fn one_value_without_equals_sign() -> Headers {
    let value = "a ".repeat(header_len() / 2) + "a";
    Headers {
        values: vec![value.clone().into()],
        pairs: vec![pair("", value)],
    }
}

fn short_names_after_long_name() -> Headers {
    let long = "x".repeat(header_len() / 2);
    let mut headers = Headers::chunks(|i| (if i % 2 == 0 { "a=" } else { "1;" }, None));
    let len = headers.values[0].len() / 2;
    headers.values[0].truncate(len / 4 * 4);
    headers.pairs = vec![pair(format!("{long}a"), "1")];
    headers.pairs.extend(vec![pair("a", "1"); len / 4 - 1]);
    headers.values[0].splice(..0, long.into_bytes());
    headers
}

fn only_equals_signs() -> Headers {
    Headers::chunks(|_| ("=;", None))
}

fn only_semicolons() -> Headers {
    Headers::chunks(|_| (";", None))
}

fn get_returns_last_value(headers: &Headers) {
    let jar = headers.jar();
    let missing = missing();
    for name in headers
        .first_and_last_name()
        .chain(missing.iter().map(String::as_str))
    {
        let last = headers.pairs.iter().rfind(|pair| pair.0 == name);
        assert_eq!(jar.get(name), last.map(|pair| pair.1.as_str()));
        assert_eq!(jar.contains(name), last.is_some());
    }
    assert_eq!(jar.is_empty(), headers.pairs.is_empty());
}

fn get_all_returns_every_value(headers: &Headers) {
    let jar = headers.jar();
    let missing = missing();
    for name in headers
        .first_and_last_name()
        .chain(missing.iter().map(String::as_str))
    {
        let values = headers.pairs.iter().filter(|pair| pair.0 == name);
        assert!(jar.get_all(name).eq(values.map(|pair| &pair.1)), "{name}");
    }
}

fn len_counts_each_name_once(headers: &Headers) {
    let names: HashSet<_> = headers.pairs.iter().map(|pair| &pair.0).collect();
    assert_eq!(headers.jar().len(), names.len());
}

fn iter_yields_each_name_once_with_last_value(headers: &Headers) {
    let last_values: HashMap<_, _> = headers.pairs.iter().map(|(n, v)| (n, v)).collect();
    let mut seen = HashSet::new();
    let first_names = headers
        .pairs
        .iter()
        .map(|pair| &pair.0)
        .filter(|name| seen.insert(*name));
    let expected = first_names.map(|name| (name.as_str(), last_values[name].as_str()));
    assert!(headers.jar().iter().eq(expected));
}

#[test]
fn set_of_every_request_cookie_sends_every_header() {
    let Headers { values, pairs } = distinct_names();
    let headers = response_headers(&CookieLayer::new(), request(&values[0]), |jar| {
        for (name, value) in jar {
            jar.set((name, value)).expect("a valid cookie");
        }
    });
    let expected = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}; Path=/"));
    assert!(set_cookies(&headers).into_iter().eq(expected));
}

#[test]
fn set_of_one_name_at_many_paths_sends_one_header_per_path() {
    let Headers { values, pairs } = distinct_names();
    let headers = response_headers(&CookieLayer::new(), request(&values[0]), |jar| {
        for (path, value) in jar.iter().chain(jar) {
            let cookie = Cookie::build(("a", value)).path(format!("/{path}"));
            jar.set(cookie).expect("a valid cookie");
        }
    });
    let expected = pairs
        .iter()
        .map(|(path, value)| format!("a={value}; Path=/{path}"));
    assert!(set_cookies(&headers).into_iter().eq(expected));
}

#[test]
fn delete_of_one_name_at_many_paths_sends_one_header_per_path() {
    let Headers { values, pairs } = distinct_names();
    let headers = response_headers(&CookieLayer::new(), request(&values[0]), |jar| {
        for (path, _) in jar {
            let cookie = Cookie::build("a").path(format!("/{path}"));
            jar.delete(cookie).expect("a valid cookie");
        }
    });
    let expected = pairs
        .iter()
        .map(|(path, _)| deletion("a", &format!("/{path}")));
    assert!(set_cookies(&headers).into_iter().eq(expected));
}

#[test]
fn delete_of_every_request_cookie_sends_every_header() {
    let Headers { values, pairs } = distinct_names();
    let headers = response_headers(&CookieLayer::new(), request(&values[0]), |jar| {
        for (name, _) in jar {
            jar.delete(name).expect("a valid cookie");
        }
    });
    let expected = pairs.iter().map(|(name, _)| deletion(name, "/"));
    assert!(set_cookies(&headers).into_iter().eq(expected));
}

/// Sets every cookie of the request with a Domain, under a host header that is as long as half the
/// `Cookie` header. This is linear only if the host is normalised once, not for each cookie.
fn set_with_domain_of_every_request_cookie(source: HostSource, name: &str, host: &str) {
    let Headers { values, pairs } = distinct_names();
    let mut request = request(&values[0]);
    let name = HeaderName::try_from(name).expect("a header name");
    let host = HeaderValue::from_str(host).expect("a valid header value");
    request.headers_mut().insert(name, host);
    let layer = CookieLayer::new().host_from(source).expect("a source");
    let headers = response_headers(&layer, request, |jar| {
        for (name, value) in jar {
            let cookie = Cookie::build((name, value)).domain("example.com");
            jar.set(cookie).expect("a valid cookie");
        }
    });
    let expected = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}; Domain=example.com; Path=/"));
    assert!(set_cookies(&headers).into_iter().eq(expected));
}

#[test]
fn set_with_domain_under_long_host_with_port_sends_every_header() {
    let host = "u".repeat(header_len() / 2) + "@www.example.com:8080";
    set_with_domain_of_every_request_cookie(HostSource::Request, "host", &host);
}

#[test]
fn set_with_domain_under_too_long_host_sends_every_header() {
    let host = "x".repeat(header_len() / 2) + ".example.com:8080";
    set_with_domain_of_every_request_cookie(HostSource::Request, "host", &host);
}

#[test]
fn set_with_domain_under_too_long_host_name_sends_every_header() {
    let host = "x".repeat(header_len() / 2) + ".example.com";
    set_with_domain_of_every_request_cookie(HostSource::Request, "host", &host);
}

#[test]
fn set_with_domain_under_long_x_forwarded_host_sends_every_header() {
    let host = "u".repeat(header_len() / 2) + "@www.example.com:8080, proxy.local";
    let source = HostSource::XForwardedHost;
    set_with_domain_of_every_request_cookie(source, "x-forwarded-host", &host);
}

/// A set in the last slots of a name that has many, and then in the first ones again.
#[test]
fn replaced_sets_of_one_name_at_many_paths_are_sent_in_their_last_order() {
    let Headers { values, pairs } = distinct_names();
    let set = |jar: &CookieJar, path: &str, value: &str| {
        let cookie = Cookie::build(("a", value)).path(format!("/{path}"));
        jar.set(cookie).expect("a valid cookie");
    };
    let headers = response_headers(&CookieLayer::new(), request(&values[0]), |jar| {
        for (path, value) in jar {
            set(jar, path, value);
        }
        for (path, value) in pairs.iter().rev() {
            set(jar, path, value);
        }
        assert_eq!(jar.queued().len(), pairs.len());
    });
    let expected = pairs
        .iter()
        .rev()
        .map(|(path, value)| format!("a={value}; Path=/{path}"));
    assert!(set_cookies(&headers).into_iter().eq(expected));
}

/// Sessions whose JSON is as long as the headers of the other tests.
#[cfg(feature = "sessions")]
mod sessions {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use tower_django_cookies::CookieLayer;
    use tower_django_cookies::signing::{SecretKey, TimestampSigner};

    /// Reads and writes a session of many `items`, each made from its number, and returns the number of
    /// its keys.
    fn key_count(item: impl Fn(usize) -> String) -> usize {
        let count = super::header_len() / item(0).len();
        let items: Vec<_> = (0..count).map(item).collect();
        let json = format!("{{{}}}", items.join(","));
        let signer = TimestampSigner::new(SecretKey::try_from("key").unwrap());
        let signer = signer.salt("django.contrib.sessions.SessionStore");
        let layer = CookieLayer::new().secret_key("key").unwrap();
        let sessions = layer.jar(&http::Request::new(())).sessions();
        let session = sessions.decode(signer.sign(&URL_SAFE_NO_PAD.encode(json)));
        let session = session.expect("JSON");
        assert!(sessions.encode(&session).is_ok());
        session.keys().count()
    }

    #[test]
    fn distinct_keys_are_read_once_each() {
        let count = key_count(|i| format!("\"{i:08}\":0"));
        assert_eq!(count, super::header_len() / 12);
    }

    #[test]
    fn one_repeated_key_is_read_once() {
        assert_eq!(key_count(|i| format!("\"a\":1{i:08}")), 1);
    }

    #[test]
    fn distinct_keys_with_surrogates_are_read_once_each() {
        let count = key_count(|i| format!("\"\\ud800{i:08}\":0"));
        assert_eq!(count, super::header_len() / 18);
    }

    #[test]
    fn escaped_and_nested_values_are_read() {
        let count = key_count(|i| format!("\"{i:08}\":[[{{\"\\u00e9\\\\\":[NaN,\"\\ud800\"]}}]]"));
        assert!(count > 100);
    }
}
