//! A cookie as a handler passes it to `set` or `delete`, with the result that DESIGN and Django
//! demand. The result is computed here a second time, independently of the crate.

use std::net::Ipv6Addr;

use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, Expiration, SameSite};

use super::unstructured::Unstructured;

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
pub(crate) struct CookieInput {
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
    /// This long after the call of [`CookieInput::cookie`].
    In(Duration),
}

impl CookieInput {
    pub(crate) fn generate(u: &mut Unstructured<'_>) -> Self {
        Self {
            name: name(u),
            value: u.text(),
            domain: u.option(3, |u| match u.below(4) {
                0 => u.text(),
                _ => u.choose(&DOMAINS).to_owned(),
            }),
            path: u.option(3, |u| match u.below(4) {
                0 => "/".to_owned() + &u.text(),
                1 => u.text(),
                _ => u.choose(&PATHS).to_owned(),
            }),
            secure: u.option(3, Unstructured::boolean),
            http_only: u.option(3, Unstructured::boolean),
            partitioned: u.option(5, Unstructured::boolean),
            same_site: u.option(3, |u| {
                u.choose(&[SameSite::Lax, SameSite::Strict, SameSite::None])
            }),
            max_age: u.option(4, duration),
            expires: u.option(4, |u| match u.below(6) {
                0 => Expires::WithSession,
                _ => Expires::In(duration(u)),
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

    /// The Domain that is sent: without its leading dot, which browsers ignore.
    pub(crate) fn sent_domain(&self) -> &str {
        let domain = self.domain.as_deref().unwrap_or_default();
        domain.strip_prefix('.').unwrap_or(domain)
    }

    /// The Path that is sent: Django's default if it is unset.
    pub(crate) fn sent_path(&self) -> &str {
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

    /// The kinds of all errors that apply, in the words of the vectors. `value` is the value that
    /// is sent.
    pub(crate) fn expected_errors(&self, value: &str) -> Vec<&'static str> {
        const RESERVED: &str = " expires path comment domain max-age secure httponly version \
                                samesite partitioned ";
        let name = self.name.to_lowercase();
        let domain = self.sent_domain();
        let path = self.sent_path();
        let is_invalid = |text: &str| {
            !text.chars().all(|c| matches!(c, ' '..='~' if c != ';')) || text.trim() != text
        };
        let is_address = domain
            .strip_prefix('[')
            .and_then(|address| address.strip_suffix(']'))
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
        let is_domain_char = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let rules = [
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
            ("size", name.len() + quoted(value).len() > 4096),
            ("size", domain.len() > 1024 || path.len() > 1024),
            (
                "path",
                is_invalid(path) || !(path.is_empty() || path.starts_with('/')),
            ),
            (
                "domain",
                domain.starts_with('.') || !(is_address || domain.chars().all(is_domain_char)),
            ),
            (
                "prefix",
                self.has_prefix("__host-") && (!domain.is_empty() || path != "/"),
            ),
            ("secure", self.needs_secure() && self.secure == Some(false)),
            (
                "httponly",
                self.needs_http_only() && self.http_only == Some(false),
            ),
        ];
        rules
            .into_iter()
            .filter_map(|(kind, applies)| applies.then_some(kind))
            .collect()
    }
}

pub(crate) fn name(u: &mut Unstructured<'_>) -> String {
    match u.below(4) {
        0 => u.text(),
        _ => u.choose(&NAMES).to_owned(),
    }
}

/// Whole quarters of a second: Python's floats represent these fractions exactly.
fn duration(u: &mut Unstructured<'_>) -> Duration {
    let quarters = Duration::milliseconds(250) * u.below(4).try_into().unwrap_or(0);
    let seconds = match u.below(4) {
        0 => u.integer(),
        1 => i64::from(u.byte()) - 128,
        _ => u.choose(&SECONDS),
    };
    Duration::seconds(seconds).saturating_add(quarters)
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:".contains(c)
}

/// Does the same as `_quote` in `CPython`'s `http/cookies.py`.
pub(crate) fn quoted(value: &str) -> String {
    if !value.is_empty() && value.chars().all(is_legal) {
        return value.to_owned();
    }
    let escaped = value.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if is_legal(c) || " ()/<=>?@[]{}".contains(c) || c > '\u{ff}' => c.to_string(),
        c => format!("\\{:03o}", u32::from(c)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}
