//! The cookie-pairs in a request's `Cookie` headers.

use std::str;
use std::sync::OnceLock;

use http::header::{COOKIE, HeaderMap, HeaderValue};
use memchr::memchr;

use crate::quote::{unquote, without_quotes};
use crate::request::search::is_space;

/// The maximum length of a name that is searched for, in bytes. Longer names are compared with each
/// pair. Otherwise, the work of a search could grow with the product of the lengths of name and
/// header, and a client may choose both.
const MAX_SEARCHED: usize = 64;

/// The `Cookie` headers of a request as one header.
#[derive(Default)]
pub(super) enum CookieHeader {
    #[default]
    Missing,
    Single(HeaderValue),
    /// HTTP/2 allows one header for each cookie (RFC 9113 §8.2.3). Copying the bytes takes less time than
    /// cloning each `HeaderValue`.
    Joined(Box<[u8]>),
}

impl CookieHeader {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let all = headers.get_all(COOKIE);
        let mut values = all.iter();
        let Some(first) = values.next() else {
            return Self::Missing;
        };
        let others: usize = values.map(|value| value.len() + 1).sum();
        // A `Span` cannot hold offsets above 4 GiB. No server accepts so many cookies.
        if u32::try_from(first.len() + others).is_err() {
            return Self::Missing;
        }
        if others == 0 {
            return Self::Single(first.clone());
        }
        let mut joined = Vec::with_capacity(first.len() + others);
        joined.extend_from_slice(first.as_bytes());
        for value in all.iter().skip(1) {
            joined.push(b';');
            joined.extend_from_slice(value.as_bytes());
        }
        Self::Joined(joined.into_boxed_slice())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Missing => &[],
            Self::Single(header) => header.as_bytes(),
            Self::Joined(header) => header,
        }
    }
}

/// The bytes of a pair in its header. It is small, since a request can have many pairs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    start: u32,
    /// The offset of the `=`, or the end if there is none: then the pair has only a value.
    equals: u32,
    end: u32,
}

impl Span {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "`CookieHeader::new` checks the length"
    )]
    pub(super) fn new(start: usize, equals: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            equals: equals as u32,
            end: end as u32,
        }
    }

    /// At least the length of name and value.
    fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// The trimmed name. `header` is the header of the pair.
    pub(super) fn name(self, header: &[u8]) -> &[u8] {
        let has_name = self.equals < self.end;
        let end = if has_name { self.equals } else { self.start };
        trim(&header[self.start as usize..end as usize])
    }

    /// The trimmed value. `header` is the header of the pair.
    pub(super) fn value(self, header: &[u8]) -> &[u8] {
        let has_name = self.equals < self.end;
        let start = if has_name {
            self.equals + 1
        } else {
            self.start
        };
        trim(&header[start as usize..self.end as usize])
    }

    pub(super) fn plain_name(self, header: &[u8]) -> Option<&str> {
        str::from_utf8(self.name(header)).ok()
    }

    pub(super) fn plain_value(self, header: &[u8]) -> Option<&str> {
        without_quotes(self.value(header)).and_then(|value| str::from_utf8(value).ok())
    }
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
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

/// An iterator over the pairs of a header, in their order. It skips pairs whose name and value are both
/// empty.
#[derive(Clone)]
pub(super) struct Pairs<'a> {
    header: &'a [u8],
    start: usize,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(header: &'a [u8]) -> Self {
        Self { header, start: 0 }
    }
}

impl Iterator for Pairs<'_> {
    type Item = Span;

    // Without `#[inline]`, counting pairs takes a third more time.
    #[inline]
    fn next(&mut self) -> Option<Span> {
        loop {
            let start = self.start;
            let rest = self.header.get(start..)?;
            let end = memchr(b';', rest).unwrap_or(rest.len());
            let equals = memchr(b'=', &rest[..end]).unwrap_or(end);
            self.start = start + end + 1;
            let span = Span::new(start, start + equals, start + end);
            if !span.name(self.header).is_empty() || !span.value(self.header).is_empty() {
                return Some(span);
            }
        }
    }
}

/// The first pair that is read and cannot borrow from its header. Few requests have a second one.
pub(super) struct Decoded {
    span: Span,
    text: String,
    value: usize,
    all: OnceLock<AllDecoded>,
}

impl Decoded {
    pub(super) fn new(header: &[u8], span: Span) -> Self {
        let mut text = String::with_capacity(span.len());
        Self {
            span,
            value: decode(header, span, &mut text),
            text,
            all: OnceLock::new(),
        }
    }

    /// The name and value of the pair at `span`. The pair must not be plain.
    pub(super) fn name_value(&self, header: &[u8], span: Span) -> (&str, &str) {
        if span == self.span {
            return self.text.split_at(self.value);
        }
        self.all
            .get_or_init(|| AllDecoded::new(header))
            .name_value(span)
    }
}

/// The pairs that cannot borrow from their header, decoded once into one string.
struct AllDecoded {
    text: String,
    pairs: Vec<DecodedPair>,
}

struct DecodedPair {
    span: Span,
    /// The start of the name in the text; the value ends where the next name starts.
    name: usize,
    value: usize,
}

impl AllDecoded {
    fn new(header: &[u8]) -> Self {
        let is_plain =
            |&span: &Span| span.plain_name(header).is_some() && span.plain_value(header).is_some();
        let all = Pairs::new(header).filter(|span| !is_plain(span));
        // Growing would take three times the memory.
        let (count, len) = all
            .clone()
            .fold((0, 0), |(count, len), span| (count + 1, len + span.len()));
        let mut text = String::with_capacity(len);
        let mut pairs = Vec::with_capacity(count);
        for span in all {
            let name = text.len();
            let value = decode(header, span, &mut text);
            pairs.push(DecodedPair { span, name, value });
        }
        Self { text, pairs }
    }

    fn name_value(&self, span: Span) -> (&str, &str) {
        let Self { text, pairs } = self;
        let place = pairs
            .binary_search_by_key(&span, |pair| pair.span)
            .expect("every pair that is not plain was decoded");
        let DecodedPair { name, value, .. } = pairs[place];
        let end = pairs.get(place + 1).map_or(text.len(), |next| next.name);
        (&text[name..value], &text[value..end])
    }
}

/// Appends the pair, and returns the start of its value.
fn decode(header: &[u8], span: Span, text: &mut String) -> usize {
    text.push_str(&String::from_utf8_lossy(span.name(header)));
    let value = text.len();
    unquote(&String::from_utf8_lossy(span.value(header)), text);
    value
}
