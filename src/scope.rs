//! Name, Domain and Path: what makes two cookies one, and which host may set them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Where a cookie lives: its Domain, its Path and whether it is partitioned.
///
/// Together with the name this is a cookie's identity (RFC 6265 §5.3, step 11): a browser
/// deletes a cookie only if all of it is the same. Found in [`CookieError`](crate::CookieError).
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    domain: Option<Box<str>>,
    path: Option<Box<str>>,
    partitioned: bool,
}

impl Scope {
    /// The Domain without a leading dot; `None` is a host-only cookie.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The Path; `None` leaves it to the browser (RFC 6265 §5.1.4, default-path).
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Whether the cookie is kept apart for each top-level site (CHIPS).
    #[must_use]
    pub fn partitioned(&self) -> bool {
        self.partitioned
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.domain() {
            Some(domain) => write!(f, "Domain={}", domain.escape_debug())?,
            None => f.write_str("host-only")?,
        }
        match self.path() {
            Some(path) => write!(f, "; Path={}", path.escape_debug())?,
            None => f.write_str("; no Path")?,
        }
        if self.partitioned {
            f.write_str("; Partitioned")?;
        }
        Ok(())
    }
}

/// A scope that borrows; an empty Domain or Path is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScopeRef<'a> {
    pub(crate) domain: &'a str,
    pub(crate) path: &'a str,
    pub(crate) partitioned: bool,
}

impl ScopeRef<'_> {
    pub(crate) fn to_owned(self) -> Scope {
        let said = |text: &str| (!text.is_empty()).then(|| text.into());
        Scope {
            domain: said(self.domain),
            path: said(self.path),
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

/// RFC 6265 §5.1.3, for a `host` that [`RequestHost`](crate::request::host::RequestHost) normalised.
pub(crate) fn domain_match(host: &str, domain: &str) -> bool {
    let domain = domain
        .strip_prefix('[')
        .and_then(|address| address.strip_suffix(']'))
        .filter(|address| address.parse::<Ipv6Addr>().is_ok())
        .unwrap_or(domain);
    if host.eq_ignore_ascii_case(domain) {
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
    host[dot + 1..].eq_ignore_ascii_case(domain) && !is_address()
}

/// A cookie-name prefix, which makes browsers demand attributes (RFC 6265bis §4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    Secure,
    Host,
    Http,
    HostHttp,
}

impl Prefix {
    /// Browsers match prefixes in any case (RFC 6265bis §5.4), so do we.
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
