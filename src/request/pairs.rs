//! The cookie-pairs in a request's `Cookie` headers.

use std::sync::OnceLock;

use http::header::{COOKIE, HeaderMap, HeaderValue};
use memchr::memchr;

use crate::quote::{unquote, without_quotes};
use crate::request::search::is_space;

/// The maximum length of a name that is searched for, in bytes. Longer names are compared with each
/// pair. Otherwise, the work of a search could grow with the product of the lengths of name and
/// header, and a client may choose both.
const MAX_SEARCHED: usize = 64;

/// The `Cookie` headers of a request, in their order.
#[derive(Default)]
pub(super) struct CookieHeaders {
    first: Option<HeaderValue>,
    /// HTTP/2 allows one header for each cookie (RFC 9113 §8.2.3).
    rest: Vec<HeaderValue>,
}

impl CookieHeaders {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let all = headers.get_all(COOKIE);
        let mut values = all.iter();
        let first = values.next().cloned();
        let mut rest = Vec::new();
        if values.next().is_some() {
            // Counting costs less than growing.
            rest.reserve_exact(all.iter().count() - 1);
            rest.extend(all.iter().skip(1).cloned());
        }
        Self { first, rest }
    }

    /// Each header with its number.
    pub(super) fn numbered(&self) -> impl DoubleEndedIterator<Item = (usize, &[u8])> {
        (0..=self.rest.len()).filter_map(|number| Some((number, self.get(number)?)))
    }

    /// The pairs that start at `at` or later.
    pub(super) fn pairs(&self, at: Position) -> Pairs<'_> {
        Pairs { headers: self, at }
    }

    fn get(&self, number: usize) -> Option<&[u8]> {
        match number {
            0 => self.first.as_ref(),
            _ => self.rest.get(number - 1),
        }
        .map(HeaderValue::as_bytes)
    }
}

/// The number of a header, and the offset of a pair's chunk in it.
pub(super) type Position = (usize, usize);

/// A cookie-pair as it is in its header, trimmed.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) at: Position,
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
}

impl<'a> Pair<'a> {
    /// Returns `None` if name and value are both empty. A chunk without `=` is a value without a name.
    fn parse(at: Position, chunk: &'a [u8]) -> Option<Self> {
        let (name, value) = match memchr(b'=', chunk) {
            Some(equals) => (trim(&chunk[..equals]), trim(&chunk[equals + 1..])),
            None => (&[][..], trim(chunk)),
        };
        (!name.is_empty() || !value.is_empty()).then_some(Self { at, name, value })
    }

    pub(super) fn plain_name(self) -> Option<&'a str> {
        std::str::from_utf8(self.name).ok()
    }

    pub(super) fn plain_value(self) -> Option<&'a str> {
        without_quotes(self.value).and_then(|value| std::str::from_utf8(value).ok())
    }
}

pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let is_text = |&byte: &u8| !is_space(byte);
    let start = bytes.iter().position(is_text).unwrap_or(bytes.len());
    let end = bytes
        .iter()
        .rposition(is_text)
        .map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// Returns `true` if a search for the bytes of this name finds its pairs, and in linear time.
pub(super) fn is_searchable(name: &str) -> bool {
    // U+FFFD, which starts with 0xEF, replaces bytes that are not UTF-8.
    let is_plain = |byte| !matches!(byte, b';' | b'=' | 0xEF);
    match name.as_bytes() {
        [] => false,
        [first, .., last] if is_space(*first) || is_space(*last) => false,
        [only] if is_space(*only) => false,
        bytes => bytes.len() <= MAX_SEARCHED && bytes.iter().copied().all(is_plain),
    }
}

/// An iterator over the pairs of all headers, in their order.
#[derive(Clone)]
pub(super) struct Pairs<'a> {
    headers: &'a CookieHeaders,
    at: Position,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        loop {
            let at = self.at;
            let Some(rest) = self.headers.get(at.0)?.get(at.1..) else {
                self.at = (at.0 + 1, 0);
                continue;
            };
            let end = memchr(b';', rest).unwrap_or(rest.len());
            self.at.1 += end + 1;
            if let Some(pair) = Pair::parse(at, &rest[..end]) {
                return Some(pair);
            }
        }
    }
}

/// The first pair that is read and cannot borrow from its header. Few requests have a second one.
pub(super) struct Decoded {
    at: Position,
    text: String,
    value: usize,
    all: OnceLock<AllDecoded>,
}

impl Decoded {
    pub(super) fn new(pair: Pair<'_>) -> Self {
        let mut text = String::with_capacity(pair.name.len() + pair.value.len());
        Self {
            at: pair.at,
            value: decode(pair, &mut text),
            text,
            all: OnceLock::new(),
        }
    }

    /// The name and value of the pair at `at`, which is one of `pairs` and cannot borrow.
    pub(super) fn name_value(&self, at: Position, pairs: Pairs<'_>) -> (&str, &str) {
        if at == self.at {
            return self.text.split_at(self.value);
        }
        self.all
            .get_or_init(|| AllDecoded::new(pairs))
            .name_value(at)
    }
}

/// The pairs that cannot borrow from their header, decoded once into one string.
struct AllDecoded {
    text: String,
    pairs: Vec<DecodedPair>,
}

struct DecodedPair {
    at: Position,
    /// The start of the name in the text; the value ends where the next name starts.
    name: usize,
    value: usize,
}

impl AllDecoded {
    fn new(pairs: Pairs<'_>) -> Self {
        let all = pairs.filter(|pair| pair.plain_name().is_none() || pair.plain_value().is_none());
        // Growing would take three times the memory.
        let (count, len) = all.clone().fold((0, 0), |(count, len), pair| {
            (count + 1, len + pair.name.len() + pair.value.len())
        });
        let mut text = String::with_capacity(len);
        let mut pairs = Vec::with_capacity(count);
        for pair in all {
            let (at, name) = (pair.at, text.len());
            let value = decode(pair, &mut text);
            pairs.push(DecodedPair { at, name, value });
        }
        Self { text, pairs }
    }

    fn name_value(&self, at: Position) -> (&str, &str) {
        let Self { text, pairs } = self;
        let place = pairs
            .binary_search_by_key(&at, |pair| pair.at)
            .expect("every pair that is not plain was decoded");
        let DecodedPair { name, value, .. } = pairs[place];
        let end = pairs.get(place + 1).map_or(text.len(), |next| next.name);
        (&text[name..value], &text[value..end])
    }
}

/// Appends the pair, and returns the start of its value.
fn decode(pair: Pair<'_>, text: &mut String) -> usize {
    text.push_str(&String::from_utf8_lossy(pair.name));
    let value = text.len();
    unquote(&String::from_utf8_lossy(pair.value), text);
    value
}
