//! The `Cookie` field, read as Django's `parse_cookie` reads it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;
use std::sync::OnceLock;

use http::header::{COOKIE, HeaderMap, HeaderValue};
use memchr::{memchr, memrchr};

use crate::quote::{unquote, without_quotes};

/// A request's `Cookie` fields, which count as one list. Nothing is parsed until it is asked for.
#[derive(Default)]
pub(crate) struct RequestCookies {
    first: Option<HeaderValue>,
    /// HTTP/2 may send a field for each cookie (RFC 9113 §8.2.3).
    rest: Vec<HeaderValue>,
    decoded: OnceLock<Decoded>,
    /// Where the last pair of each name stands, in the order in which the names come first.
    index: OnceLock<Box<[Position]>>,
}

impl RequestCookies {
    pub(crate) fn new(headers: &HeaderMap) -> Self {
        let mut fields = headers.get_all(COOKIE).iter().cloned();
        Self {
            first: fields.next(),
            rest: fields.collect(),
            ..Self::default()
        }
    }

    /// The last value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let pair = if name.contains(char::REPLACEMENT_CHARACTER) {
            // It may be what became of bytes that aren't UTF-8.
            self.pairs().filter(|&pair| self.name(pair) == name).last()
        } else {
            self.last(name.as_bytes())
        };
        pair.map(|pair| self.value(pair))
    }

    /// The last pair whose name has just these bytes.
    fn last(&self, name: &[u8]) -> Option<Pair<'_>> {
        for number in (0..=self.rest.len()).rev() {
            let field = self.field(number)?;
            let mut end = field.len();
            loop {
                let start = memrchr(b';', &field[..end]).map_or(0, |semicolon| semicolon + 1);
                let pair = Pair::parse((number, start), &field[start..end]);
                if let Some(pair) = pair.filter(|pair| pair.name == name) {
                    return Some(pair);
                }
                if start == 0 {
                    break;
                }
                end = start - 1;
            }
        }
        None
    }

    /// Every value of `name`, in the order of the header.
    pub(crate) fn get_all(&self, name: &str) -> GetAll<'_> {
        let mut pairs = self.pairs();
        let first = pairs.find(|&pair| self.name(pair) == name);
        GetAll { pairs, next: first }
    }

    /// A dict's items: the order in which names come first, with the last value of each.
    pub(crate) fn iter(&self) -> Iter<'_> {
        Iter {
            cookies: self,
            index: self.index().iter(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.index().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pairs().next().is_none()
    }

    fn index(&self) -> &[Position] {
        self.index.get_or_init(|| {
            let mut places = HashMap::new();
            let mut index = Vec::new();
            for pair in self.pairs() {
                match places.entry(self.name(pair)) {
                    Entry::Occupied(place) => index[*place.get()] = pair.at,
                    Entry::Vacant(place) => {
                        place.insert(index.len());
                        index.push(pair.at);
                    }
                }
            }
            index.into_boxed_slice()
        })
    }

    fn name<'a>(&'a self, pair: Pair<'a>) -> &'a str {
        pair.plain_name().unwrap_or_else(|| self.decoded(pair.at).0)
    }

    fn value<'a>(&'a self, pair: Pair<'a>) -> &'a str {
        pair.plain_value()
            .unwrap_or_else(|| self.decoded(pair.at).1)
    }

    fn decoded(&self, at: Position) -> (&str, &str) {
        let Decoded { text, pairs } = self.decoded.get_or_init(|| Decoded::new(self.pairs()));
        let place = pairs
            .binary_search_by_key(&at, |pair| pair.at)
            .expect("a pair that isn't plain is decoded");
        let pair = &pairs[place];
        (&text[pair.name.clone()], &text[pair.value.clone()])
    }

    fn pairs(&self) -> Pairs<'_> {
        Pairs {
            cookies: self,
            at: (0, 0),
        }
    }

    fn field(&self, number: usize) -> Option<&[u8]> {
        match number {
            0 => self.first.as_ref(),
            _ => self.rest.get(number - 1),
        }
        .map(HeaderValue::as_bytes)
    }
}

/// The number of a field, and of the byte in it at which a pair's chunk begins.
type Position = (usize, usize);

/// A cookie-pair as it stands in its field, trimmed.
#[derive(Clone, Copy)]
struct Pair<'a> {
    at: Position,
    name: &'a [u8],
    value: &'a [u8],
}

impl<'a> Pair<'a> {
    /// `None` where there is neither name nor value. What has no `=` is a value without a name.
    fn parse(at: Position, chunk: &'a [u8]) -> Option<Self> {
        let (name, value) = match memchr(b'=', chunk) {
            Some(equals) => (trim(&chunk[..equals]), trim(&chunk[equals + 1..])),
            None => (&[][..], trim(chunk)),
        };
        (!name.is_empty() || !value.is_empty()).then_some(Self { at, name, value })
    }

    fn plain_name(self) -> Option<&'a str> {
        std::str::from_utf8(self.name).ok()
    }

    fn plain_value(self) -> Option<&'a str> {
        without_quotes(self.value).and_then(|value| std::str::from_utf8(value).ok())
    }
}

/// Only space and tab, never the other white space of Unicode: what is left of `\u{2000}__Host-id`
/// must not pass for `__Host-id`, which a browser lets no other host set.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The pairs of the fields, in their order.
#[derive(Clone)]
struct Pairs<'a> {
    cookies: &'a RequestCookies,
    at: Position,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        loop {
            let at = self.at;
            let Some(rest) = self.cookies.field(at.0)?.get(at.1..) else {
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

/// The pairs that can't be slices of their field: decoded once, all into one text.
struct Decoded {
    text: String,
    pairs: Vec<DecodedPair>,
}

struct DecodedPair {
    at: Position,
    name: Range<usize>,
    value: Range<usize>,
}

impl Decoded {
    fn new(pairs: Pairs<'_>) -> Self {
        let mut text = String::new();
        let pairs = pairs
            .filter(|pair| pair.plain_name().is_none() || pair.plain_value().is_none())
            .map(|pair| {
                let start = text.len();
                text.push_str(&String::from_utf8_lossy(pair.name));
                let middle = text.len();
                unquote(&String::from_utf8_lossy(pair.value), &mut text);
                DecodedPair {
                    at: pair.at,
                    name: start..middle,
                    value: middle..text.len(),
                }
            })
            .collect();
        Self { text, pairs }
    }
}

/// Every value of one name, from [`CookieJar::get_all`](crate::CookieJar::get_all).
#[derive(Clone)]
pub struct GetAll<'a> {
    pairs: Pairs<'a>,
    next: Option<Pair<'a>>,
}

impl<'a> Iterator for GetAll<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let pair = self.next?;
        let cookies = self.pairs.cookies;
        let name = cookies.name(pair);
        self.next = self.pairs.find(|&next| cookies.name(next) == name);
        Some(cookies.value(pair))
    }
}

impl FusedIterator for GetAll<'_> {}

impl fmt::Debug for GetAll<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetAll").finish_non_exhaustive()
    }
}

/// Names and values, from [`CookieJar::iter`](crate::CookieJar::iter).
#[derive(Clone)]
pub struct Iter<'a> {
    cookies: &'a RequestCookies,
    index: std::slice::Iter<'a, Position>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let &at = self.index.next()?;
        let cookies = self.cookies;
        let pair = Pairs { cookies, at }.next()?;
        Some((cookies.name(pair), cookies.value(pair)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.index.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl FusedIterator for Iter<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}
