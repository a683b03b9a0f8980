//! The `Cookie` field, read as Django's `parse_cookie` reads it.

use std::collections::HashMap;
use std::fmt;
use std::iter::FusedIterator;
use std::sync::OnceLock;

use http::header::{COOKIE, HeaderMap, HeaderValue};
use memchr::memchr;

use crate::quote::{unquote, without_quotes};
use crate::search::{Found, is_space, rfind};

/// A longer name is compared with whole pairs, so that no client that chooses it makes the work grow with
/// the product of name and field.
const MAX_SEARCHED: usize = 64;

/// So many names are compared in less time than they are hashed in.
const FEW: usize = 16;

/// A request's `Cookie` fields, which count as one list. Nothing is parsed until it is asked for.
#[derive(Default)]
pub(crate) struct RequestCookies {
    first: Option<HeaderValue>,
    /// HTTP/2 may send a field for each cookie (RFC 9113 §8.2.3).
    rest: Vec<HeaderValue>,
    decoded: OnceLock<Box<Decoded>>,
    /// Where the last pair of each name stands, in the order in which the names come first.
    index: OnceLock<Box<[Position]>>,
}

impl RequestCookies {
    pub(crate) fn new(headers: &HeaderMap) -> Self {
        let all = headers.get_all(COOKIE);
        let mut fields = all.iter();
        let first = fields.next().cloned();
        let mut rest = Vec::new();
        if fields.next().is_some() {
            // Growing costs more than counting.
            rest.reserve_exact(all.iter().count() - 1);
            rest.extend(all.iter().skip(1).cloned());
        }
        Self {
            first,
            rest,
            ..Self::default()
        }
    }

    /// The last value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let pair = if is_searchable(name) {
            self.last(name.as_bytes())?
        } else {
            self.pairs()
                .filter(|&pair| self.name(pair) == name)
                .last()?
        };
        Some(self.value(pair))
    }

    /// The last pair whose name has just these bytes.
    fn last(&self, name: &[u8]) -> Option<Pair<'_>> {
        let numbers = (0..=self.rest.len()).rev();
        numbers
            .filter_map(|number| Some((number, self.field(number)?)))
            .find_map(|(number, field)| {
                let Found { chunk, equals } = rfind(field, name)?;
                let rest = &field[equals + 1..];
                let end = memchr(b';', rest).unwrap_or(rest.len());
                Some(Pair {
                    at: (number, chunk),
                    name: &field[..equals],
                    value: trim(&rest[..end]),
                })
            })
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
            let mut few = Vec::with_capacity(FEW);
            let mut index = Vec::with_capacity(FEW);
            let mut places: Option<HashMap<&str, usize>> = None;
            for pair in self.pairs() {
                let name = self.name(pair);
                let place = match &places {
                    None => few.iter().position(|&known| known == name),
                    Some(places) => places.get(name).copied(),
                };
                if let Some(place) = place {
                    index[place] = pair.at;
                    continue;
                }
                match &mut places {
                    None if few.len() < FEW => few.push(name),
                    None => places = Some(few.drain(..).chain([name]).zip(0..).collect()),
                    Some(places) => {
                        places.insert(name, index.len());
                    }
                }
                index.push(pair.at);
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
        let decoded = self
            .decoded
            .get_or_init(|| Box::new(Decoded::new(self.pairs())));
        let Decoded { text, pairs } = &**decoded;
        let place = pairs
            .binary_search_by_key(&at, |pair| pair.at)
            .expect("a pair that isn't plain is decoded");
        let DecodedPair { name, value, .. } = pairs[place];
        let end = pairs.get(place + 1).map_or(text.len(), |next| next.name);
        (&text[name..value], &text[value..end])
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

fn trim(bytes: &[u8]) -> &[u8] {
    let is_text = |&byte: &u8| !is_space(byte);
    let start = bytes.iter().position(is_text).unwrap_or(bytes.len());
    let end = bytes
        .iter()
        .rposition(is_text)
        .map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// Whether pairs with this name have its bytes, end where it ends, and are found in linear time.
fn is_searchable(name: &str) -> bool {
    // U+FFFD, which begins with 0xEF, may be what became of bytes that aren't UTF-8.
    let is_plain = |byte| !matches!(byte, b';' | b'=' | 0xEF);
    match name.as_bytes() {
        [] => false,
        [first, .., last] if is_space(*first) || is_space(*last) => false,
        [only] if is_space(*only) => false,
        bytes => bytes.len() <= MAX_SEARCHED && bytes.iter().copied().all(is_plain),
    }
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
    /// Where it begins in the text, and ends with the next pair's.
    name: usize,
    value: usize,
}

impl Decoded {
    fn new(pairs: Pairs<'_>) -> Self {
        let all = pairs.filter(|pair| pair.plain_name().is_none() || pair.plain_value().is_none());
        let mut text = String::new();
        // Growing would take thrice the room.
        let mut pairs = Vec::with_capacity(all.clone().count());
        for pair in all {
            let name = text.len();
            text.push_str(&String::from_utf8_lossy(pair.name));
            let value = text.len();
            unquote(&String::from_utf8_lossy(pair.value), &mut text);
            let at = pair.at;
            pairs.push(DecodedPair { at, name, value });
        }
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
