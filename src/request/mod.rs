//! `RequestCookies`: the `Cookie` headers, read as Django's `parse_cookie` reads them.

pub(crate) mod host;
mod pairs;
mod search;

use std::collections::HashMap;
use std::fmt;
use std::iter::FusedIterator;
use std::sync::OnceLock;

use http::header::HeaderMap;
use memchr::memchr;

use crate::request::pairs::{CookieHeaders, Decoded, Pair, Pairs, Position, is_searchable, trim};
use crate::request::search::{Found, rfind};

/// Up to this number of names, comparing them takes less time than hashing them.
const MAX_COMPARED: usize = 16;

/// The `Cookie` headers of a request, read as one list. Nothing is parsed until it is needed.
#[derive(Default)]
pub(crate) struct RequestCookies {
    headers: CookieHeaders,
    /// At first only one pair is decoded, which takes 219 ns. Decoding all of them takes 328 ns.
    decoded: OnceLock<Box<Decoded>>,
    /// The position of the last pair of each name, in the order in which names first occur.
    index: OnceLock<Box<[Position]>>,
}

impl RequestCookies {
    pub(crate) fn new(headers: &HeaderMap) -> Self {
        Self {
            headers: CookieHeaders::new(headers),
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

    /// The last pair whose name consists of exactly these bytes.
    fn last(&self, name: &[u8]) -> Option<Pair<'_>> {
        self.headers.numbered().rev().find_map(|(number, header)| {
            let Found { chunk, equals } = rfind(header, name)?;
            let rest = &header[equals + 1..];
            let end = memchr(b';', rest).unwrap_or(rest.len());
            Some(Pair {
                at: (number, chunk),
                name: &header[..equals],
                value: trim(&rest[..end]),
            })
        })
    }

    /// Every value of `name`, in the order of the request.
    pub(crate) fn get_all(&self, name: &str) -> GetAll<'_> {
        let mut pairs = self.pairs();
        let first = pairs.find(|&pair| self.name(pair) == name);
        GetAll {
            cookies: self,
            pairs,
            next: first,
        }
    }

    /// The name of every pair, in the order of the request.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs().map(|pair| self.name(pair))
    }

    /// As the items of a Python dict: names in the order in which they first occur, with their last
    /// values.
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
            let mut names = Vec::with_capacity(MAX_COMPARED);
            let mut index = Vec::with_capacity(MAX_COMPARED);
            let mut places: Option<HashMap<&str, usize>> = None;
            for pair in self.pairs() {
                let name = self.name(pair);
                let place = match &places {
                    None => names.iter().position(|&known| known == name),
                    Some(places) => places.get(name).copied(),
                };
                if let Some(place) = place {
                    index[place] = pair.at;
                    continue;
                }
                match &mut places {
                    None if names.len() < MAX_COMPARED => names.push(name),
                    None => places = Some(names.drain(..).chain([name]).zip(0..).collect()),
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

    // If this is inlined, a read of ten plain cookies takes 40 ns more.
    #[inline(never)]
    fn decoded(&self, at: Position) -> (&str, &str) {
        self.decoded
            .get_or_init(|| {
                let pair = self.headers.pairs(at).next();
                // With the pair in place of its position, a read of all cookies takes 5 % more time.
                Box::new(Decoded::new(pair.expect("the pair at its position")))
            })
            .name_value(at, self.pairs())
    }

    fn pairs(&self) -> Pairs<'_> {
        self.headers.pairs((0, 0))
    }
}

/// An iterator over every value of one name, from [`CookieJar::get_all`](crate::CookieJar::get_all).
#[derive(Clone)]
pub struct GetAll<'a> {
    cookies: &'a RequestCookies,
    pairs: Pairs<'a>,
    next: Option<Pair<'a>>,
}

impl<'a> Iterator for GetAll<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let pair = self.next?;
        let cookies = self.cookies;
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

/// An iterator over names and values, from [`CookieJar::iter`](crate::CookieJar::iter).
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
        let pair = cookies.headers.pairs(at).next()?;
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
