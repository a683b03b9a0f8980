//! The host of a request, against which Domains are checked.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use http::Uri;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::Authority;

use crate::display::bounded;
use crate::error::{CookieError, HostReason};

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Where [`CookieLayer`](crate::CookieLayer) finds the host that the browser sent its request to.
///
/// If the host does not domain-match a cookie's Domain (RFC 6265 §5.1.3), browsers drop the cookie, so
/// setting it is an error. The check finds mistakes. It is no protection against attacks, since clients
/// can send any `Host`.
///
/// Port, brackets and case of the host are ignored. A trailing dot is not, as in browsers:
/// `example.com.` and `example.com` are different hosts with separate cookies. If the request has no
/// host or an invalid one, Domains are not checked. Public suffixes (`co.uk`) are not known.
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
    /// `USE_X_FORWARDED_HOST`. If the header is missing or invalid, as [`Request`](Self::Request).
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

/// The host of a request, as it was received.
#[derive(Clone, Debug, Default)]
pub(crate) enum RequestHost {
    Authority(Authority),
    Header(HeaderValue),
    #[default]
    Unknown,
}

impl RequestHost {
    pub(crate) fn new(headers: &HeaderMap, uri: &Uri, source: &HostSource) -> Self {
        let header = |name: &HeaderName| match headers.get(name) {
            Some(value) => Self::Header(value.clone()),
            None => Self::Unknown,
        };
        let from_request = || match uri.authority() {
            Some(authority) => Self::Authority(authority.clone()),
            None => header(&HOST),
        };
        match source {
            HostSource::Request => from_request(),
            HostSource::XForwardedHost => match header(&X_FORWARDED_HOST) {
                forwarded if forwarded.normalized(source).is_some() => forwarded,
                _ => from_request(),
            },
            HostSource::Fixed(_) | HostSource::Unchecked => Self::Unknown,
        }
    }

    /// The host without port and brackets, or `None` if it is not known.
    pub(crate) fn normalized<'a>(&'a self, source: &'a HostSource) -> Option<Cow<'a, str>> {
        let host = match (source, self) {
            // `validated` has normalised it.
            (HostSource::Fixed(host), _) => host.into(),
            (_, Self::Authority(authority)) => without_brackets(authority.host()).into(),
            // Each proxy appends a host to `X-Forwarded-Host`; the browser's is the first.
            (_, Self::Header(header)) => {
                let first = header.as_bytes().split(|&byte| byte == b',').next()?;
                host_of_authority(first.trim_ascii())?
            }
            (_, Self::Unknown) => return None,
        };
        (!host.is_empty()).then_some(host)
    }
}

/// The host of an authority, or `None` if `authority` is not one.
fn host_of_authority(authority: &[u8]) -> Option<Cow<'_, str>> {
    // Nearly all are a plain host name. Parsing the others copies them.
    let is_name_byte = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if !authority.is_empty() && authority.iter().all(is_name_byte) {
        return std::str::from_utf8(authority).ok().map(Cow::from);
    }
    let authority = Authority::try_from(authority).ok()?;
    Some(without_brackets(authority.host()).to_owned().into())
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}
