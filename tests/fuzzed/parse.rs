//! `Cookie` fields of any bytes are read as Django reads them, with work that grows as they do.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use tower_django_cookies::CookieJar;

use super::chance::Chance;

/// More names than this are sampled, as each is looked for in a jar of its own.
const MOST_NAMES: usize = 48;

/// How long a field is stretched to be, and how many times as long as another.
const STRETCHED: usize = 64 * 1024;
const SHORTER: u32 = 8;

pub(crate) fn check(bytes: &[u8]) {
    let fields: Vec<_> = bytes.split(|&byte| byte == b'\n').map(field).collect();
    hold(&fields);
    let mut chance = Chance(bytes);
    let mut made = Vec::new();
    while !chance.0.is_empty() {
        made.extend(chance.text().into_bytes());
    }
    hold(
        &made
            .split(|&byte| byte == b'\n')
            .map(field)
            .collect::<Vec<_>>(),
    );
    // Once in a while, as it takes long.
    let hash = |hash: u32, &byte: &u8| hash.wrapping_mul(31).wrapping_add(byte.into());
    if bytes.iter().fold(0, hash) % 4096 == 459 {
        linear(&fields[0][..fields[0].len().min(8)]);
    }
}

/// Without what no field may hold.
fn field(bytes: &[u8]) -> Vec<u8> {
    let may = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    bytes.iter().copied().filter(may).collect()
}

fn headers(fields: &[Vec<u8>]) -> HeaderMap {
    let fields = fields
        .iter()
        .map(|field| HeaderValue::from_bytes(field).expect("bytes that a field may hold"));
    fields.map(|field| (COOKIE, field)).collect()
}

pub(crate) fn hold(fields: &[Vec<u8>]) {
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

/// Reading what a field holds, over and over until it is long, takes as much longer as that is,
/// with names that are the same and with ones that differ.
pub(crate) fn linear(field: &[u8]) {
    for is_numbered in [false, true] {
        let long = stretched(field, is_numbered, STRETCHED);
        let short = stretched(field, is_numbered, STRETCHED / SHORTER as usize);
        // The short one as often as makes as much work, so that other work on the machine slows both
        // alike; of some tries the fastest.
        let mut fastest = [Duration::MAX; 2];
        let is_linear = (0..20).any(|_| {
            let shorts = (0..SHORTER).map(|_| read_all(&short)).sum();
            fastest[0] = fastest[0].min(read_all(&long));
            fastest[1] = fastest[1].min(shorts);
            fastest[0] < fastest[1] * 3 + FLOOR
        });
        assert!(is_linear, "{field:?}, {is_numbered}: {fastest:?}");
    }
}

/// Shorter times say nothing.
const FLOOR: Duration = Duration::from_millis(5);

fn stretched(field: &[u8], is_numbered: bool, len: usize) -> Vec<u8> {
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

/// How long it takes; it needs no more memory than in proportion.
fn read_all(field: &[u8]) -> Duration {
    let len = field.len();
    let headers = headers(&[field.to_vec()]);
    let begun = Instant::now();
    let work = allocation_counter::measure(|| {
        let jar = CookieJar::from_headers(&headers);
        assert!(!jar.contains("missing\u{fffd}"));
        let values: usize = jar.iter().map(|(_, value)| value.len()).sum();
        assert!(values <= 3 * len);
        let last = jar.iter().last().map_or("", |(name, _)| name);
        assert!(jar.get_all(last).count() <= len);
        assert!(jar.len() <= len);
    });
    let most = 256 * u64::try_from(len + 64).expect("a length");
    assert!(work.bytes_total < most, "{} of {len}", work.bytes_total);
    begun.elapsed()
}
