//! `Cookie` fields of any bytes are read as Django reads them, and take no more memory than in proportion.

use std::collections::HashSet;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use tower_django_cookies::CookieJar;

use super::chance::Chance;

/// More names than this are sampled, as each is looked for in a jar of its own.
const MOST_NAMES: usize = 48;

/// Beyond this a case takes longer than it tells.
const LONGEST: usize = 64 * 1024;

pub(crate) fn check(bytes: &[u8]) {
    let fields: Vec<_> = bytes.split(|&byte| byte == b'\n').map(field).collect();
    hold(&fields);
    let mut chance = Chance(bytes);
    let mut made = Vec::new();
    while !chance.0.is_empty() && made.len() < LONGEST {
        made.extend(chance.text().into_bytes());
    }
    hold(
        &made
            .split(|&byte| byte == b'\n')
            .map(field)
            .collect::<Vec<_>>(),
    );
    let start = &fields[0][..fields[0].len().min(8)];
    for is_numbered in [false, true] {
        read_all(&stretched(start, is_numbered, 4096));
    }
}

/// Without what no field may hold.
pub(crate) fn field(bytes: &[u8]) -> Vec<u8> {
    let may = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    bytes.iter().copied().filter(may).collect()
}

fn headers(fields: &[Vec<u8>]) -> HeaderMap {
    let fields = fields
        .iter()
        .map(|field| HeaderValue::from_bytes(field).expect("bytes that a field may hold"));
    fields.map(|field| (COOKIE, field)).collect()
}

fn hold(fields: &[Vec<u8>]) {
    let expected = pairs(fields);
    let headers = headers(fields);
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

    let read = CookieJar::from_headers(&headers);
    assert_eq!(read.len(), names.len());
    assert_eq!(read.is_empty(), names.is_empty());
    assert_eq!(read.iter().len(), names.len());
    let found: Vec<_> = read.iter().collect();
    let dict = names.iter().map(|&name| {
        let last = expected.iter().rfind(|pair| pair.0 == name);
        (name, last.expect("a value").1.as_str())
    });
    let step = names.len() / MOST_NAMES + 1;
    // The dict of many names would take the square of them.
    for (at, pair) in dict.enumerate().step_by(step) {
        assert_eq!(found[at], pair);
    }

    let decoded = names.iter().copied().step_by(step);
    let missing = ["", " ", "missing", "a", "\u{fffd}", "__Host-id"];
    for name in decoded.chain(missing) {
        let values = values(name);
        for jar in [&CookieJar::from_headers(&headers), &read] {
            assert_eq!(jar.get(name), values.last().copied(), "{name:?}");
            assert_eq!(jar.contains(name), !values.is_empty(), "{name:?}");
            assert!(
                jar.get_all(name).eq(values.iter().copied()),
                "{name:?}: {:?}, expected {values:?}",
                jar.get_all(name).collect::<Vec<_>>()
            );
            assert_eq!(jar.require(name).ok(), values.last().copied(), "{name:?}");
        }
    }
}

/// Django's `parse_cookie` of the fields as one list, but that only space and tab are trimmed.
pub(crate) fn pairs(fields: &[Vec<u8>]) -> Vec<(String, String)> {
    let joined = fields.join(&b';');
    let text = String::from_utf8_lossy(&joined);
    let trim = |text: &str| text.trim_matches([' ', '\t']).to_owned();
    text.split(';')
        .map(|chunk| chunk.split_once('=').unwrap_or(("", chunk)))
        .map(|(name, value)| (trim(name), trim(value)))
        .filter(|(name, value)| !(name.is_empty() && value.is_empty()))
        .map(|(name, value)| (name, unquoted(&value)))
        .collect()
}

/// `_unquote` of `CPython`'s `http/cookies.py`.
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

/// What `field` holds, over and over, with names that are the same or with ones that differ.
pub(crate) fn stretched(field: &[u8], is_numbered: bool, len: usize) -> Vec<u8> {
    let mut stretched = Vec::new();
    for number in 0.. {
        if stretched.len() + field.len() + 9 > len {
            break;
        }
        if is_numbered {
            stretched.extend_from_slice(format!(";{number}").as_bytes());
        }
        stretched.extend_from_slice(field);
        stretched.push(if is_numbered { b';' } else { b' ' });
    }
    stretched
}

/// Goes through all of a field in each way.
pub(crate) fn read_all(field: &[u8]) {
    let len = field.len();
    let headers = headers(&[field.to_vec()]);
    let work = allocation_counter::measure(|| {
        let jar = CookieJar::from_headers(&headers);
        assert!(!jar.contains("missing\u{fffd}"));
        let values: usize = jar.iter().map(|(_, value)| value.len()).sum();
        assert!(values <= 3 * len);
        let last = jar.iter().last().map_or("", |(name, _)| name);
        assert!(jar.get_all(last).count() <= len);
        assert!(jar.len() <= len);
    });
    let len = u64::try_from(len).expect("a length");
    assert!(work.bytes_max < 32 * len + 4096, "{work:?} of {len}");
    assert!(work.bytes_total < 256 * (len + 64), "{work:?} of {len}");
}
