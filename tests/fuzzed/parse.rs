//! `Cookie` headers of any bytes are read as Django reads them, with memory in proportion to their
//! length.

use std::collections::HashSet;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use tower_django_cookies::{CookieError, CookieJar};

use super::unstructured::Unstructured;

/// If there are more names than this, only a sample is checked, because each check makes a new jar.
const MAX_CHECKED_NAMES: usize = 48;

/// Longer headers take too much time for what they can find.
const MAX_LEN: usize = 64 * 1024;

pub(crate) fn check(bytes: &[u8]) {
    let headers: Vec<_> = bytes
        .split(|&byte| byte == b'\n')
        .map(header_bytes)
        .collect();
    check_headers(&headers);
    let mut u = Unstructured(bytes);
    let mut text = Vec::new();
    while !u.0.is_empty() && text.len() < MAX_LEN {
        text.extend(u.text().into_bytes());
    }
    check_headers(
        &text
            .split(|&byte| byte == b'\n')
            .map(header_bytes)
            .collect::<Vec<_>>(),
    );
    let start = &headers[0][..headers[0].len().min(8)];
    for is_numbered in [false, true] {
        read_all(&repeated(start, is_numbered, 4096));
    }
}

/// Removes the bytes that a header cannot contain.
pub(crate) fn header_bytes(bytes: &[u8]) -> Vec<u8> {
    let is_allowed = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    bytes.iter().copied().filter(is_allowed).collect()
}

fn header_map(headers: &[Vec<u8>]) -> HeaderMap {
    let values = headers
        .iter()
        .map(|header| HeaderValue::from_bytes(header).expect("a valid header value"));
    values.map(|value| (COOKIE, value)).collect()
}

fn check_headers(headers: &[Vec<u8>]) {
    let expected = pairs(headers);
    let headers = header_map(headers);
    let values = |name: &str| -> Vec<_> {
        let of_name = expected.iter().filter(|pair| pair.0 == name);
        of_name.map(|pair| pair.1.as_str()).collect()
    };
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    for (name, _) in &expected {
        if seen.insert(name) {
            names.push(name.as_str());
        }
    }

    let iterated = CookieJar::from_headers(&headers);
    assert_eq!(iterated.len(), names.len());
    assert_eq!(iterated.is_empty(), names.is_empty());
    assert_eq!(iterated.iter().len(), names.len());
    let found: Vec<_> = iterated.iter().collect();
    let dict = names.iter().map(|&name| {
        let last = expected.iter().rfind(|pair| pair.0 == name);
        (name, last.expect("a value").1.as_str())
    });
    // To look up every one of many names would take quadratic time.
    let step = names.len() / MAX_CHECKED_NAMES + 1;
    for (index, pair) in dict.enumerate().step_by(step) {
        assert_eq!(found[index], pair);
    }

    let present = names.iter().copied().step_by(step);
    let often_missing = ["", " ", "missing", "a", "\u{fffd}", "__Host-id"];
    for name in present.chain(often_missing) {
        let values = values(name);
        for jar in [&CookieJar::from_headers(&headers), &iterated] {
            assert_eq!(jar.get(name), values.last().copied(), "{name:?}");
            assert_eq!(jar.contains(name), !values.is_empty(), "{name:?}");
            assert!(
                jar.get_all(name).eq(values.iter().copied()),
                "{name:?}: {:?}, expected {values:?}",
                jar.get_all(name).collect::<Vec<_>>()
            );
            match jar.require(name) {
                Ok(value) => assert_eq!(Some(value), values.last().copied(), "{name:?}"),
                Err(error) => assert!(
                    values.is_empty() && matches!(error, CookieError::MissingCookie { .. }),
                    "{name:?}: {error}"
                ),
            }
        }
    }
}

/// Does the same as Django's `parse_cookie` for the headers as one list, but trims only space and
/// tab.
pub(crate) fn pairs(headers: &[Vec<u8>]) -> Vec<(String, String)> {
    let joined = headers.join(&b';');
    let text = String::from_utf8_lossy(&joined);
    let trim = |text: &str| text.trim_matches([' ', '\t']).to_owned();
    text.split(';')
        .map(|chunk| chunk.split_once('=').unwrap_or(("", chunk)))
        .map(|(name, value)| (trim(name), trim(value)))
        .filter(|(name, value)| !(name.is_empty() && value.is_empty()))
        .map(|(name, value)| (name, unquoted(&value)))
        .collect()
}

/// Does the same as `_unquote` in `CPython`'s `http/cookies.py`.
pub(crate) fn unquoted(value: &str) -> String {
    let chars: Vec<_> = value.chars().collect();
    let ['"', inner @ .., '"'] = &chars[..] else {
        return value.to_owned();
    };
    let digit = |c: &char| c.to_digit(8).expect("an octal digit");
    let (mut rest, mut text) = (inner, String::new());
    loop {
        rest = match rest {
            [] => return text,
            ['\\', a @ '0'..='3', b @ '0'..='7', c @ '0'..='7', more @ ..] => {
                text.extend(char::from_u32(digit(a) * 64 + digit(b) * 8 + digit(c)));
                more
            }
            ['\\', c, more @ ..] | [c, more @ ..] => {
                text.push(*c);
                more
            }
        };
    }
}

/// Repeats `header` up to `len` bytes, with equal names or with numbered ones.
pub(crate) fn repeated(header: &[u8], is_numbered: bool, len: usize) -> Vec<u8> {
    let mut repeated = Vec::new();
    for number in 0.. {
        if repeated.len() + header.len() + 9 > len {
            break;
        }
        if is_numbered {
            repeated.extend_from_slice(format!(";{number}").as_bytes());
        }
        repeated.extend_from_slice(header);
        repeated.push(if is_numbered { b';' } else { b' ' });
    }
    repeated
}

/// Reads the whole header with each of the jar's methods, and limits the memory that this takes.
pub(crate) fn read_all(header: &[u8]) {
    let len = header.len();
    let headers = header_map(&[header.to_vec()]);
    let allocated = allocation_counter::measure(|| {
        let jar = CookieJar::from_headers(&headers);
        assert!(!jar.contains("missing\u{fffd}"));
        let values: usize = jar.iter().map(|(_, value)| value.len()).sum();
        assert!(values <= 3 * len);
        let last = jar.iter().last().map_or("", |(name, _)| name);
        assert!(jar.get_all(last).count() <= len);
        assert!(jar.len() <= len);
    });
    let len = u64::try_from(len).expect("a length");
    assert!(
        allocated.bytes_max < 32 * len + 4096,
        "{allocated:?} for {len} bytes"
    );
    assert!(
        allocated.bytes_total < 256 * (len + 64),
        "{allocated:?} for {len} bytes"
    );
}
