//! A cookie as a handler passes it to `set` or `delete`, with the result that DESIGN and Django
//! demand. The result is computed here a second time, independently of the crate.

use std::net::Ipv6Addr;

use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, Expiration, SameSite};
use url::Url;

use super::set::Operation;
use super::unstructured::Unstructured;

const NAMES: [&str; 36] = [
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
    // `set` refuses these names, and `delete` refuses the last four.
    "user[id]",
    "c d",
    "é",
    "a\tb",
    "\u{2000}a",
    "\u{3000}__Host-a",
    "__Host-\u{a0}",
    "__http-(漢)",
    " a",
    "a\t",
    "a\u{fffd}",
    "a\nb",
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
const PATHS: [&str; 30] = [
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
    "/a?b",
    "/a#b",
    "/<a>",
    "/a\\b",
    "/a^b",
    "/a`b",
    "/{a}",
    "/a|b",
    "/..",
    "/.",
    "/app/../b",
    "/app/./",
    "/%2e%2E",
    "/.%2e/a",
    "/...",
    "/.a",
    "/a.",
    "/%2ea",
    "/a%20b",
    "//",
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

    /// Whether the cookie of a `set` would have a Path that browsers never send. `url` is the
    /// reference, but for `|` and `^`, which it leaves and some browsers encode.
    pub(crate) fn is_never_sent(&self) -> bool {
        let path = self.sent_path();
        if !path.starts_with('/') || is_invalid_attribute(path) {
            return false;
        }
        let url = Url::parse(&format!("https://example.com{path}")).expect("a URL");
        url.path() != path || url.query().is_some() || url.fragment().is_some() || {
            path.contains(['|', '^'])
        }
    }

    /// The value that a delete writes. Quotes would make a long name too long for browsers.
    pub(crate) fn deleted_value(&self) -> &'static str {
        if self.has_too_long_name_for_quotes() {
            ""
        } else {
            "\"\""
        }
    }

    pub(crate) fn has_too_long_name_for_quotes(&self) -> bool {
        self.name.len() > 4094
    }

    /// Whether `set` takes the name, as Django does.
    pub(crate) fn has_legal_name(&self) -> bool {
        const RESERVED: &str = " expires path comment domain max-age secure httponly version \
                                samesite partitioned ";
        let name = self.name.to_lowercase();
        !name.is_empty() && name.chars().all(is_legal) && !RESERVED.contains(&format!(" {name} "))
    }

    /// Whether a browser can store a cookie with the name: the name is all that is before the first
    /// `=`, without the spaces and tabs around it. Browsers drop cookies with control characters.
    /// The bytes of a name with U+FFFD are not known.
    fn has_name_of_stored_cookie(&self) -> bool {
        let header = format!("{}=", self.name);
        let stored = header
            .split(';')
            .next()
            .and_then(|pair| pair.split('=').next());
        let is_control = |c| matches!(c, '\0'..='\x08' | '\n'..='\x1f' | '\x7f');
        stored.map(|name| name.trim_matches([' ', '\t'])) == Some(&self.name)
            && !self.name.is_empty()
            && !self.name.contains(is_control)
            && !self.name.contains('\u{fffd}')
    }

    /// The kinds of all errors that apply, in the words of the vectors. `value` is the value that
    /// is sent.
    pub(crate) fn expected_errors(&self, operation: Operation, value: &str) -> Vec<&'static str> {
        let is_set = operation == Operation::Set;
        let domain = self.sent_domain();
        let path = self.sent_path();
        let is_address = domain
            .strip_prefix('[')
            .and_then(|address| address.strip_suffix(']'))
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
        let is_domain_char = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let takes_name = match operation {
            Operation::Set => self.has_legal_name(),
            Operation::Delete => self.has_name_of_stored_cookie(),
        };
        let rules = [
            ("name", !takes_name),
            (
                "control",
                value.contains(|c| matches!(c, '\0'..='\x1f' | '\x7f')),
            ),
            (
                "size",
                is_set && self.name.len() + quoted(value).len() > 4096,
            ),
            ("size", domain.len() > 1024 || path.len() > 1024),
            (
                "path",
                is_invalid_attribute(path) || !(path.is_empty() || path.starts_with('/')),
            ),
            ("path", is_set && self.is_never_sent()),
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

/// Whether a Domain or Path has characters that no attribute may have.
fn is_invalid_attribute(text: &str) -> bool {
    !text.chars().all(|c| matches!(c, ' '..='~' if c != ';')) || text.trim() != text
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
