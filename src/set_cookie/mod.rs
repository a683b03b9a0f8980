//! The `Set-Cookie` field: checked, then written as Django writes it.

pub(crate) mod attributes;
pub(crate) mod lifetime;
pub(crate) mod validate;

use std::ops::Range;

use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::HeaderValue;

use crate::error::{CookieError, SecureReason, shown};
use crate::quote::{class, classes, quote, quoted_len, unquote};
use crate::scope::{Prefix, ScopeRef};
use crate::set_cookie::attributes::Attributes;
use crate::set_cookie::lifetime::Dates;
use crate::set_cookie::validate::{domain_reason, path_reason};

/// RFC 6265bis §5.6: browsers drop a longer name and value.
pub(crate) const MAX_PAIR: usize = 4096;

/// `Morsel._reserved` of the newest `CPython`.
const RESERVED: [&str; 10] = [
    "expires",
    "path",
    "comment",
    "domain",
    "max-age",
    "secure",
    "httponly",
    "version",
    "samesite",
    "partitioned",
];

/// A value, and how it is written.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// As Django writes it.
    Quoted(&'a str),
    /// As it is: it has cookie-octets only (RFC 6265 §4.1.1).
    #[cfg(feature = "private")]
    Verbatim(&'a str),
}

impl<'a> Value<'a> {
    fn as_str(self) -> &'a str {
        match self {
            Self::Quoted(text) => text,
            #[cfg(feature = "private")]
            Self::Verbatim(text) => text,
        }
    }

    /// The number of bytes that are written for a value with bytes of these `classes`.
    fn len(self, classes: u8) -> usize {
        match self {
            Self::Quoted(text) => quoted_len(text, classes),
            #[cfg(feature = "private")]
            Self::Verbatim(text) => text.len(),
        }
    }

    fn push_to(self, len: usize, out: &mut String) {
        match self {
            Self::Quoted(text) => quote(text, len, out),
            #[cfg(feature = "private")]
            Self::Verbatim(text) => out.push_str(text),
        }
    }
}

/// A cookie that a browser stores, its Domain aside: whether that fits hangs on the request.
#[derive(Clone, Copy)]
pub(crate) struct SetCookie<'a> {
    name: &'a str,
    value: Value<'a>,
    /// As it is written.
    value_len: usize,
    attributes: Attributes<'a>,
}

impl<'a> SetCookie<'a> {
    /// Checks all of it, and adds the `Secure` and `HttpOnly` that browsers demand.
    pub(crate) fn new(
        name: &'a str,
        value: Value<'a>,
        mut attributes: Attributes<'a>,
    ) -> Result<Self, CookieError> {
        let owned = || name.to_owned();
        if name.is_empty() || classes(name) != 0 {
            return Err(CookieError::InvalidName { name: shown(name) });
        }
        if RESERVED
            .iter()
            .any(|reserved| name.eq_ignore_ascii_case(reserved))
        {
            return Err(CookieError::ReservedName { name: owned() });
        }
        let value_classes = classes(value.as_str());
        if value_classes & class::CONTROL != 0 {
            return Err(CookieError::ControlCharacter { name: owned() });
        }
        let value_len = value.len(value_classes);
        let len = name.len() + value_len;
        if len > MAX_PAIR {
            return Err(CookieError::TooLong { name: owned(), len });
        }
        if let Some((path, reason)) = attributes.path.and_then(path_reason) {
            return Err(CookieError::InvalidPath {
                name: owned(),
                path: path.into(),
                reason,
            });
        }
        if let Some((domain, reason)) = attributes.domain.and_then(domain_reason) {
            return Err(CookieError::InvalidDomain {
                name: owned(),
                domain: domain.into(),
                reason,
            });
        }

        let prefix = Prefix::of(name);
        if prefix.is_some_and(Prefix::is_host_only) {
            if let Some(domain) = attributes.domain.filter(|domain| !domain.is_empty()) {
                return Err(CookieError::HostPrefixDomain {
                    name: owned(),
                    domain: domain.into(),
                });
            }
            if let Some(path) = attributes.path.filter(|&path| path != "/") {
                return Err(CookieError::HostPrefixPath {
                    name: owned(),
                    path: path.into(),
                });
            }
        }
        if let Some(reason) = SecureReason::of(prefix, &attributes) {
            if attributes.secure == Some(false) {
                return Err(CookieError::SecureRequired {
                    name: owned(),
                    reason,
                });
            }
            attributes.secure = Some(true);
        }
        if let Some(prefix) = prefix.filter(|prefix| prefix.is_http_only()) {
            if attributes.http_only == Some(false) {
                return Err(CookieError::HttpOnlyRequired {
                    name: owned(),
                    prefix: prefix.as_str(),
                });
            }
            attributes.http_only = Some(true);
        }
        Ok(Self {
            name,
            value,
            value_len,
            attributes,
        })
    }

    pub(crate) fn attributes(&self) -> &Attributes<'a> {
        &self.attributes
    }

    /// Writes the field in the order and spelling of `Morsel.OutputString`.
    pub(crate) fn render(&self) -> Rendered {
        let attributes = &self.attributes;
        let domain = attributes.domain.unwrap_or_default();
        let path = attributes.path.unwrap_or("/");
        let dates = attributes.lifetime.and_then(Dates::of);
        let http_only = attributes.http_only == Some(true);
        let partitioned = attributes.partitioned == Some(true);
        let same_site = attributes.same_site.map(same_site_name);
        let secure = attributes.secure == Some(true);

        let len_of = |name: &str, text: &str| {
            if text.is_empty() {
                0
            } else {
                name.len() + text.len()
            }
        };
        // Exactly as much as is written, so that the buffer becomes the field without a copy.
        let len = self.name.len()
            + 1
            + self.value_len
            + len_of(DOMAIN, domain)
            + dates.map_or(0, |dates| {
                EXPIRES.len() + Dates::EXPIRES_LEN + MAX_AGE.len() + dates.max_age_len()
            })
            + if http_only { HTTP_ONLY.len() } else { 0 }
            + if partitioned { PARTITIONED.len() } else { 0 }
            + len_of(PATH, path)
            + same_site.map_or(0, |name| SAME_SITE.len() + name.len())
            + if secure { SECURE.len() } else { 0 };

        let mut out = String::with_capacity(len);
        out.push_str(self.name);
        out.push('=');
        self.value.push_to(self.value_len, &mut out);
        let domain = push_attribute(&mut out, DOMAIN, domain);
        if let Some(dates) = dates {
            out.push_str(EXPIRES);
            dates.push_expires(&mut out);
        }
        if http_only {
            out.push_str(HTTP_ONLY);
        }
        if let Some(dates) = dates {
            out.push_str(MAX_AGE);
            dates.push_max_age(&mut out);
        }
        if partitioned {
            out.push_str(PARTITIONED);
        }
        let path = push_attribute(&mut out, PATH, path);
        if let Some(same_site) = same_site {
            push_attribute(&mut out, SAME_SITE, same_site);
        }
        if secure {
            out.push_str(SECURE);
        }
        debug_assert_eq!(out.len(), len);

        Rendered {
            text: out,
            name: self.name.len(),
            value: self.value_len,
            domain,
            path,
            partitioned,
            dates,
        }
    }
}

const DOMAIN: &str = "; Domain=";
const EXPIRES: &str = "; expires=";
const HTTP_ONLY: &str = "; HttpOnly";
const MAX_AGE: &str = "; Max-Age=";
const PARTITIONED: &str = "; Partitioned";
const PATH: &str = "; Path=";
const SAME_SITE: &str = "; SameSite=";
const SECURE: &str = "; Secure";

/// Appends an attribute, unless it is empty, and tells where its value stands.
fn push_attribute(out: &mut String, name: &str, value: &str) -> Range<usize> {
    if value.is_empty() {
        return 0..0;
    }
    out.push_str(name);
    let start = out.len();
    out.push_str(value);
    start..out.len()
}

fn same_site_name(same_site: SameSite) -> &'static str {
    match same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
        SameSite::None => "None",
    }
}

impl SecureReason {
    /// The first of what makes browsers drop a cookie that isn't `Secure`.
    fn of(prefix: Option<Prefix>, attributes: &Attributes<'_>) -> Option<Self> {
        if let Some(prefix) = prefix {
            Some(Self::Prefix(prefix.as_str()))
        } else if attributes.same_site == Some(SameSite::None) {
            Some(Self::SameSiteNone)
        } else if attributes.partitioned == Some(true) {
            Some(Self::Partitioned)
        } else {
            None
        }
    }
}

/// A finished field, and where its parts stand in it.
#[derive(Clone)]
pub(crate) struct Rendered {
    text: String,
    name: usize,
    value: usize,
    domain: Range<usize>,
    path: Range<usize>,
    partitioned: bool,
    dates: Option<Dates>,
}

impl Rendered {
    pub(crate) fn name(&self) -> &str {
        &self.text[..self.name]
    }

    /// Whether a browser would put the one in the place of the other.
    pub(crate) fn is_same_cookie(&self, other: &Self) -> bool {
        self.name == other.name
            && self.text.as_bytes()[..self.name] == other.text.as_bytes()[..other.name]
            && self.scope() == other.scope()
    }

    /// The same for the same cookie, and for no other.
    pub(crate) fn identity(&self) -> String {
        let ScopeRef {
            domain,
            path,
            partitioned,
        } = self.scope();
        let domain = domain.to_ascii_lowercase();
        let partitioned = if partitioned { ";;" } else { ";" };
        // None of them has a `;`.
        [self.name(), ";", &domain, partitioned, path].concat()
    }

    pub(crate) fn scope(&self) -> ScopeRef<'_> {
        ScopeRef {
            domain: &self.text[self.domain.clone()],
            path: &self.text[self.path.clone()],
            partitioned: self.partitioned,
        }
    }

    /// Marked as sensitive, so that logs and HPACK's tables keep it out.
    pub(crate) fn into_field(self) -> HeaderValue {
        let mut field = HeaderValue::try_from(self.text)
            .expect("`SetCookie::new` lets no control character through");
        field.set_sensitive(true);
        field
    }

    /// The cookie that a client reads from the field, its value unquoted.
    pub(crate) fn to_cookie(&self) -> Cookie<'static> {
        let mut value = String::new();
        unquote(&self.text[self.name + 1..][..self.value], &mut value);
        let mut cookie = Cookie::parse(self.text.clone()).expect("it has a name and a value");
        cookie.set_value(value);
        if let Some(Dates { max_age, expires }) = self.dates {
            // Parsing loses the sign of the one, and the early years of the other.
            cookie.set_max_age(Duration::seconds(max_age));
            cookie.set_expires(expires);
        }
        cookie
    }
}
