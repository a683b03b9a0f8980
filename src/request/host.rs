//! The host of a request, against which Domains are checked.

use std::net::Ipv6Addr;
use std::sync::OnceLock;

use http::Uri;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::Authority;

use crate::display::bounded;
use crate::error::{CookieError, HostReason};

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The source of the request's host for [`CookieLayer`](crate::CookieLayer): the host that the
/// browser requested.
///
/// If the host does not domain-match a cookie's Domain (RFC 6265 §5.1.3), browsers drop the cookie, so
/// setting it is an error. The check finds mistakes. It is no protection against attacks, since clients
/// can send any `Host`.
///
/// Port, brackets and case of a request's host are ignored. A fixed host must not have a port. A
/// trailing dot counts, as in browsers: `example.com.` and `example.com` are different hosts with
/// separate cookies. If the request has no host, an invalid one or one of more than 255 bytes, Domains
/// are not checked. For public suffixes (`co.uk`), see
/// [`CookieLayer::public_suffixes`](crate::CookieLayer::public_suffixes).
///
/// ```
/// use tower_django_cookies::{CookieError, CookieLayer, HostSource};
///
/// let behind_proxy = CookieLayer::new().host_from(HostSource::XForwardedHost)?;
/// # let _ = behind_proxy;
/// # Ok::<(), CookieError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostSource {
    /// The authority of the request's URI, or else its `Host` header.
    #[default]
    Request,
    /// The first host in `X-Forwarded-Host`, for a proxy that rewrites `Host`: Django's
    /// `USE_X_FORWARDED_HOST`. If the header is missing or invalid, the host is that of
    /// [`Request`](Self::Request). If a proxy appends a host or a header of its own, the first one
    /// may come from the client.
    XForwardedHost,
    /// Always this host, for a proxy that does not forward it: a host name or an IP address.
    Fixed(String),
    /// No host: Domains are not checked.
    Unchecked,
}

impl HostSource {
    /// Checks and normalises a fixed host.
    pub(crate) fn validated(self) -> Result<Self, CookieError> {
        let Self::Fixed(host) = self else {
            return Ok(self);
        };
        match fixed_host(&host) {
            Ok(normalized) => Ok(Self::Fixed(normalized.to_owned())),
            Err(reason) => Err(CookieError::InvalidHost {
                host: bounded(&host),
                reason,
            }),
        }
    }
}

/// The longest host name, in bytes (RFC 1035 §3.1).
const MAX_HOST: usize = 255;

fn fixed_host(host: &str) -> Result<&str, HostReason> {
    let is_host_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let address = without_brackets(host);
    if host.is_empty() {
        Err(HostReason::Empty)
    } else if address.parse::<Ipv6Addr>().is_ok() {
        Ok(address)
    } else if host.contains(['/', '?', '#', '@', '\\']) {
        Err(HostReason::Url)
    } else if has_port(host) {
        Err(HostReason::Port)
    } else if host.len() > MAX_HOST
        || !host.bytes().all(is_host_byte)
        || host.starts_with('.')
        || host.contains("..")
    {
        Err(HostReason::Invalid)
    } else {
        Ok(host)
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(name, port)| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && (!name.contains(':') || name.ends_with(']'))
    })
}

/// The host of a request. It is normalised when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct RequestHost {
    received: Received,
    /// The place of the host in the received authority, or `None` if that is invalid.
    place: OnceLock<Option<Place>>,
}

/// Small, since each request has one.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u16,
    len: u8,
}

#[derive(Debug, Default)]
enum Received {
    Authority(Authority),
    Header(HeaderValue),
    #[default]
    Nothing,
}

impl RequestHost {
    pub(crate) fn new(headers: &HeaderMap, uri: &Uri, source: &HostSource) -> Self {
        let header = |name: &HeaderName| match headers.get(name) {
            Some(value) => Received::Header(value.clone()).into(),
            None => Self::default(),
        };
        let from_request = || match uri.authority() {
            Some(authority) => Received::Authority(authority.clone()).into(),
            None => header(&HOST),
        };
        match source {
            HostSource::Request => from_request(),
            HostSource::XForwardedHost => match header(&X_FORWARDED_HOST) {
                forwarded if forwarded.normalized(source).is_some() => forwarded,
                _ => from_request(),
            },
            HostSource::Fixed(_) | HostSource::Unchecked => Self::default(),
        }
    }

    /// The host without port and brackets, or `None` if it is not known.
    pub(crate) fn normalized<'a>(&'a self, source: &'a HostSource) -> Option<&'a str> {
        if let HostSource::Fixed(host) = source {
            // `validated` has normalised it.
            return Some(host);
        }
        let place = self.place.get_or_init(|| self.received.host_place());
        let Place { start, len } = (*place)?;
        let host = &self.received.as_bytes()[start.into()..][..len.into()];
        std::str::from_utf8(host).ok()
    }
}

impl From<Received> for RequestHost {
    fn from(received: Received) -> Self {
        Self {
            received,
            place: OnceLock::new(),
        }
    }
}

impl Received {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Authority(authority) => authority.as_str().as_bytes(),
            Self::Header(header) => header.as_bytes(),
            Self::Nothing => &[],
        }
    }

    fn host_place(&self) -> Option<Place> {
        match self {
            Self::Authority(authority) => place_in(authority),
            Self::Header(header) => {
                // Each proxy appends a host to `X-Forwarded-Host`; the browser's is the first.
                let first = header.as_bytes().split(|&byte| byte == b',').next()?;
                let start = first.len() - first.trim_ascii_start().len();
                let authority = first.trim_ascii();
                // Most authorities are plain host names, which are borrowed. Parsing the others copies them.
                let is_name_byte =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
                if authority.iter().all(is_name_byte) {
                    return Place::new(start, authority.len());
                }
                let place = place_in(&Authority::try_from(authority).ok()?)?;
                Place::new(start + usize::from(place.start), place.len.into())
            }
            Self::Nothing => None,
        }
    }
}

/// The place of the host, without brackets, in an authority.
fn place_in(authority: &Authority) -> Option<Place> {
    let host = authority.host();
    let after_user_info = authority.as_str().rfind('@').map_or(0, |at| at + 1);
    let brackets = usize::from(without_brackets(host).len() < host.len());
    let start = after_user_info + brackets;
    Place::new(start, host.len() - 2 * brackets)
}

impl Place {
    /// An empty host is not one, and neither is one that is longer than names can be.
    fn new(start: usize, len: usize) -> Option<Self> {
        let (start, len) = (u16::try_from(start).ok()?, u8::try_from(len).ok()?);
        (len > 0).then_some(Self { start, len })
    }
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}
