//! A cookie as its user says it, and what DESIGN and Django make of that, worked out once more.

use std::net::Ipv6Addr;

use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, Expiration, SameSite};

use super::chance::Chance;

const NAMES: [&str; 24] = [
    "a",
    "visited",
    "!#$%&'*+-.^_`|~:9",
    "__Secure-a",
    "__SECURE-a",
    "__Host-a",
    "__hOST-a",
    "__Host-",
    "__Http-a",
    "__http-a",
    "__Host-Http-a",
    "__HOST-HTTP-a",
    "__Hosta",
    "Path",
    "expires",
    "MAX-AGE",
    "secure",
    "Partitioned",
    "samesite",
    "httponly",
    "version",
    "comment",
    "domain",
    "paths",
];
const DOMAINS: [&str; 15] = [
    "",
    "example.com",
    ".example.com",
    "..example.com",
    "WWW.Example.COM",
    ".",
    "localhost",
    "example.com:80",
    "127.0.0.1",
    "[::1]",
    "[::1]:80",
    "a_b.xn--exmple-cua.com",
    "ex ample.com",
    "example.com; Path=/evil",
    "exämple.com",
];
const PATHS: [&str; 10] = [
    "",
    "/",
    "/app",
    "/app/",
    "app",
    "/a b",
    "/%3B=,\"x\"",
    " /",
    "/; Domain=evil.test",
    "/\r\nx",
];
const SECONDS: [i64; 14] = [
    0,
    1,
    -1,
    60,
    -3600,
    31_536_000,
    1 << 31,
    1 << 32,
    -(1 << 31),
    251_000_000_000,
    253_402_300_799,
    -62_135_596_800,
    i64::MAX,
    i64::MIN,
];

#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) domain: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) secure: Option<bool>,
    pub(crate) http_only: Option<bool>,
    pub(crate) partitioned: Option<bool>,
    pub(crate) same_site: Option<SameSite>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) expires: Option<Expires>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Expires {
    WithSession,
    /// After the moment at which the cookie is made.
    In(Duration),
}

impl Said {
    pub(crate) fn by(chance: &mut Chance<'_>) -> Self {
        Self {
            name: name(chance),
            value: chance.text(),
            domain: chance.maybe(3, |chance| match chance.below(4) {
                0 => chance.text(),
                _ => chance.one_of(&DOMAINS).to_owned(),
            }),
            path: chance.maybe(3, |chance| match chance.below(4) {
                0 => "/".to_owned() + &chance.text(),
                1 => chance.text(),
                _ => chance.one_of(&PATHS).to_owned(),
            }),
            secure: chance.maybe(3, Chance::is),
            http_only: chance.maybe(3, Chance::is),
            partitioned: chance.maybe(5, Chance::is),
            same_site: chance.maybe(3, |chance| {
                chance.one_of(&[SameSite::Lax, SameSite::Strict, SameSite::None])
            }),
            max_age: chance.maybe(4, duration),
            expires: chance.maybe(4, |chance| match chance.below(6) {
                0 => Expires::WithSession,
                _ => Expires::In(duration(chance)),
            }),
        }
    }

    pub(crate) fn cookie(&self, now: OffsetDateTime) -> Cookie<'static> {
        let mut cookie = Cookie::new(self.name.clone(), self.value.clone());
        if let Some(domain) = &self.domain {
            cookie.set_domain(domain.clone());
        }
        if let Some(path) = &self.path {
            cookie.set_path(path.clone());
        }
        cookie.set_secure(self.secure);
        cookie.set_http_only(self.http_only);
        cookie.set_partitioned(self.partitioned);
        cookie.set_same_site(self.same_site);
        cookie.set_max_age(self.max_age);
        match self.expires {
            Some(Expires::WithSession) => cookie.set_expires(Expiration::Session),
            Some(Expires::In(left)) => cookie.set_expires(now.saturating_add(left)),
            None => {}
        }
        cookie
    }

    /// The Domain without the dot that means nothing.
    pub(crate) fn host(&self) -> &str {
        let domain = self.domain.as_deref().unwrap_or_default();
        domain.strip_prefix('.').unwrap_or(domain)
    }

    /// The Path that goes out, which is Django's unless it is said.
    pub(crate) fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/")
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.secure == Some(true) || self.needs_secure()
    }

    pub(crate) fn is_http_only(&self) -> bool {
        self.http_only == Some(true) || self.needs_http_only()
    }

    fn has_prefix(&self, prefix: &str) -> bool {
        self.name.to_lowercase().starts_with(prefix)
    }

    pub(crate) fn needs_secure(&self) -> bool {
        self.has_prefix("__secure-")
            || self.has_prefix("__host-")
            || self.needs_http_only()
            || self.same_site == Some(SameSite::None)
            || self.partitioned == Some(true)
    }

    pub(crate) fn needs_http_only(&self) -> bool {
        self.has_prefix("__http-") || self.has_prefix("__host-http-")
    }

    /// The words for all that must be refused, as in the vectors; `value` is what goes out.
    pub(crate) fn problems(&self, value: &str) -> Vec<&'static str> {
        const RESERVED: &str = " expires path comment domain max-age secure httponly version \
                                samesite partitioned ";
        let name = self.name.to_lowercase();
        let host = self.host();
        let path = self.path();
        let is_bad = |text: &str| {
            !text.chars().all(|c| matches!(c, ' '..='~' if c != ';')) || text.trim() != text
        };
        let is_address = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
        let is_of_host = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let refused = [
            (
                "name",
                name.is_empty()
                    || !name.chars().all(is_legal)
                    || RESERVED.contains(&format!(" {name} ")),
            ),
            (
                "control",
                value.contains(|c| matches!(c, '\0'..='\x1f' | '\x7f')),
            ),
            ("size", name.len() + written(value).len() > 4096),
            ("size", host.len() > 1024 || path.len() > 1024),
            (
                "path",
                is_bad(path) || !(path.is_empty() || path.starts_with('/')),
            ),
            (
                "domain",
                self.domain.as_deref() == Some(".")
                    || host.starts_with('.')
                    || !(is_address || host.chars().all(is_of_host)),
            ),
            (
                "prefix",
                self.has_prefix("__host-") && (!host.is_empty() || path != "/"),
            ),
            ("secure", self.needs_secure() && self.secure == Some(false)),
            (
                "httponly",
                self.needs_http_only() && self.http_only == Some(false),
            ),
        ];
        refused
            .into_iter()
            .filter_map(|(word, holds)| holds.then_some(word))
            .collect()
    }
}

pub(crate) fn name(chance: &mut Chance<'_>) -> String {
    match chance.below(4) {
        0 => chance.text(),
        _ => chance.one_of(&NAMES).to_owned(),
    }
}

/// In quarters of a second, which a float of Python's can hold.
fn duration(chance: &mut Chance<'_>) -> Duration {
    let quarters = Duration::milliseconds(250) * chance.below(4).try_into().unwrap_or(0);
    let seconds = match chance.below(4) {
        0 => chance.number(),
        1 => i64::from(chance.byte()) - 128,
        _ => chance.one_of(&SECONDS),
    };
    Duration::seconds(seconds).saturating_add(quarters)
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:".contains(c)
}

/// `_quote` of `CPython`'s `http/cookies.py`.
pub(crate) fn written(value: &str) -> String {
    if !value.is_empty() && value.chars().all(is_legal) {
        return value.to_owned();
    }
    let translated = value.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if is_legal(c) || " ()/<=>?@[]{}".contains(c) || c > '\u{ff}' => c.to_string(),
        c => format!("\\{:03o}", u32::from(c)),
    });
    format!("\"{}\"", translated.collect::<String>())
}
