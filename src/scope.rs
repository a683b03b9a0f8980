//! A cookie's scope and identity, and the rules that depend on its name and Domain.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};

use crate::display::bounded;

/// A cookie's scope: its Domain, its Path and whether it is partitioned.
///
/// Name and scope together are a cookie's identity (RFC 6265 §5.3, step 11). A browser deletes a
/// cookie only if name and scope are those it was set with. Some errors of
/// [`CookieError`](crate::CookieError) contain scopes. Scopes are compared as they are written,
/// and the Domain in any case.
///
/// ```
/// use tower_django_cookies::{Cookie, CookieError, CookieLayer};
///
/// let layer = CookieLayer::new().declare(Cookie::build("session").path("/app"))?;
/// # let jar = layer.jar(&http::Request::new(()));
/// let error = jar.delete(Cookie::build("session").domain("example.com")).unwrap_err();
/// let CookieError::ScopeMismatch { declared, given, .. } = error else { panic!() };
/// assert_eq!(declared.to_string(), "host-only; Path=/app");
/// assert_eq!(given.domain(), Some("example.com"));
/// # Ok::<(), CookieError>(())
/// ```
#[derive(Clone)]
pub struct Scope {
    domain: Option<Box<str>>,
    path: Option<Box<str>>,
    partitioned: bool,
}

impl Scope {
    /// The Domain without a leading dot, or `None` for a host-only cookie.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The Path, or `None` if the scope has no Path and the browser uses the default-path (RFC 6265
    /// §5.1.4).
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Returns `true` if browsers store the cookie separately for each top-level site (CHIPS).
    #[must_use]
    pub fn partitioned(&self) -> bool {
        self.partitioned
    }

    pub(crate) fn as_ref(&self) -> ScopeRef<'_> {
        ScopeRef {
            domain: self.domain().unwrap_or_default(),
            path: self.path().unwrap_or_default(),
            partitioned: self.partitioned,
        }
    }
}

/// Compares scopes as browsers do: the Domain without regard to case, the Path exactly.
impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for Scope {}

impl Hash for Scope {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

/// Shows the scope as `Display` does.
impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({self})")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.domain() {
            Some(domain) => write!(f, "Domain={}", bounded(domain).escape_debug())?,
            None => f.write_str("host-only")?,
        }
        match self.path() {
            Some(path) => write!(f, "; Path={}", bounded(path).escape_debug())?,
            None => f.write_str("; no Path")?,
        }
        if self.partitioned {
            f.write_str("; Partitioned")?;
        }
        Ok(())
    }
}

/// A borrowed scope. An empty Domain or Path stands for a missing one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScopeRef<'a> {
    pub(crate) domain: &'a str,
    pub(crate) path: &'a str,
    pub(crate) partitioned: bool,
}

impl ScopeRef<'_> {
    pub(crate) fn to_owned(self) -> Scope {
        let non_empty = |text: &str| (!text.is_empty()).then(|| text.into());
        Scope {
            domain: non_empty(self.domain),
            path: non_empty(self.path),
            partitioned: self.partitioned,
        }
    }
}

impl PartialEq for ScopeRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
            && self.partitioned == other.partitioned
            && self.domain.eq_ignore_ascii_case(other.domain)
    }
}

impl Eq for ScopeRef<'_> {}

impl Hash for ScopeRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.domain.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        // Marks the end of the Domain, as the `Hash` implementation of `str` does.
        state.write_u8(0xff);
        self.path.hash(state);
        self.partitioned.hash(state);
    }
}

/// The identity of a cookie: browsers replace a cookie by another with the same identity (RFC 6265
/// §5.3, step 11, and CHIPS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity<'a> {
    pub(crate) name: &'a str,
    pub(crate) scope: ScopeRef<'a>,
}

/// Returns `true` if `host`, without port and brackets, domain-matches `domain` (RFC 6265 §5.1.3).
pub(crate) fn domain_match(host: &str, domain: &str) -> bool {
    if is_same_host(host, domain) {
        return true;
    }
    let Some(dot) = host
        .len()
        .checked_sub(domain.len() + 1)
        .filter(|&dot| host.is_char_boundary(dot) && host.as_bytes()[dot] == b'.')
    else {
        return false;
    };
    let is_address =
        || host.ends_with(|c: char| c.is_ascii_digit()) && host.parse::<IpAddr>().is_ok();
    is_same_text(&host[dot + 1..], domain) && !is_address()
}

/// Whether `domain` is `host` itself.
pub(crate) fn is_same_host(host: &str, domain: &str) -> bool {
    let domain = domain
        .strip_prefix('[')
        .and_then(|address| address.strip_suffix(']'))
        .filter(|address| address.parse::<Ipv6Addr>().is_ok())
        .unwrap_or(domain);
    is_same_text(host, domain)
}

/// Compares without regard to ASCII case. Most equal texts are spelled alike, and comparing bytes takes less
/// time.
fn is_same_text(a: &str, b: &str) -> bool {
    a == b || a.eq_ignore_ascii_case(b)
}

/// A function of the user that returns true for public suffixes.
pub(crate) type PublicSuffixes = fn(&str) -> bool;

/// Whether `domain` is a public suffix by the user's function.
pub(crate) fn is_listed(domain: &str, public_suffixes: Option<PublicSuffixes>) -> bool {
    public_suffixes.is_some_and(|is_public_suffix| {
        let domain = domain.to_ascii_lowercase();
        is_public_suffix(domain.strip_suffix('.').unwrap_or(&domain))
    })
}

/// Whether a Domain has no dot, except at its end.
pub(crate) fn is_single_label(domain: &str) -> bool {
    let without_dot = domain.trim_end_matches('.');
    memchr::memchr(b'.', without_dot.as_bytes()).is_none()
}

/// A cookie-name prefix, with which browsers require certain attributes (RFC 6265bis §4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    Secure,
    Host,
    Http,
    HostHttp,
}

impl Prefix {
    /// The prefix of `name`, compared without regard to case, as in browsers (RFC 6265bis §5.4).
    pub(crate) fn of(name: &str) -> Option<Self> {
        if !name.starts_with("__") {
            return None;
        }
        [Self::HostHttp, Self::Host, Self::Http, Self::Secure]
            .into_iter()
            .find(|prefix| {
                let text = prefix.as_str().as_bytes();
                name.len() >= text.len() && name.as_bytes()[..text.len()].eq_ignore_ascii_case(text)
            })
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Secure => "__Secure-",
            Self::Host => "__Host-",
            Self::Http => "__Http-",
            Self::HostHttp => "__Host-Http-",
        }
    }

    pub(crate) const fn is_host_only(self) -> bool {
        matches!(self, Self::Host | Self::HostHttp)
    }

    pub(crate) const fn is_http_only(self) -> bool {
        matches!(self, Self::Http | Self::HostHttp)
    }
}
