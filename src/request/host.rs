//! The host of a request, against which Domains are checked.

use std::net::Ipv6Addr;

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

/// The longest header that is copied. With a longer one, [`RequestHost`] would be larger.
const MAX_COPIED: usize = 31;

/// The longest header or authority that is kept as received. The host of a longer one is normalised at once.
/// Otherwise, the work could grow with the product of its length and the number of cookies.
const MAX_RECEIVED: usize = 300;

/// The host of a request, as received. It is normalised when it is needed.
#[derive(Debug, Default)]
pub(crate) enum RequestHost {
    Authority(Authority),
    Header(HeaderValue),
    /// Copying the bytes takes 8 ns less than cloning the `HeaderValue`.
    ShortHeader {
        len: u8,
        bytes: [u8; MAX_COPIED],
    },
    /// The host of a header or authority that is longer than [`MAX_RECEIVED`].
    Normalized(Box<str>),
    #[default]
    Unknown,
}

impl RequestHost {
    pub(crate) fn new(headers: &HeaderMap, uri: &Uri, source: &HostSource) -> Self {
        let header = |name: &HeaderName| match headers.get(name) {
            Some(value) => Self::from_header(value),
            None => Self::Unknown,
        };
        let from_request = || match uri.authority() {
            Some(authority) => Self::from_authority(authority),
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

    fn from_authority(authority: &Authority) -> Self {
        if authority.as_str().len() > MAX_RECEIVED {
            return Self::from_host(without_brackets(authority.host()));
        }
        Self::Authority(authority.clone())
    }

    fn from_header(header: &HeaderValue) -> Self {
        let text = header.as_bytes();
        let mut bytes = [0; MAX_COPIED];
        match (u8::try_from(text.len()), bytes.get_mut(..text.len())) {
            (Ok(len), Some(start)) => {
                start.copy_from_slice(text);
                Self::ShortHeader { len, bytes }
            }
            _ if text.len() > MAX_RECEIVED => host_in(text).map_or(Self::Unknown, Self::from_host),
            _ => Self::Header(header.clone()),
        }
    }

    fn from_host(host: &str) -> Self {
        if is_host_len(host.len()) {
            Self::Normalized(host.into())
        } else {
            Self::Unknown
        }
    }

    /// The host without port and brackets, or `None` if it is not known.
    pub(crate) fn normalized<'a>(&'a self, source: &'a HostSource) -> Option<&'a str> {
        if let HostSource::Fixed(host) = source {
            // `validated` has normalised it.
            return Some(host);
        }
        let host = match self {
            Self::Authority(authority) => without_brackets(authority.host()),
            Self::Header(header) => host_in(header.as_bytes())?,
            Self::ShortHeader { len, bytes } => host_in(&bytes[..usize::from(*len)])?,
            Self::Normalized(host) => host,
            Self::Unknown => return None,
        };
        is_host_len(host.len()).then_some(host)
    }
}

fn is_host_len(len: usize) -> bool {
    (1..=MAX_HOST).contains(&len)
}

/// The host in the value of `Host` or `X-Forwarded-Host`.
fn host_in(header: &[u8]) -> Option<&str> {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let name_len = header
        .iter()
        .take_while(|&&byte| is_name_byte(byte))
        .count();
    // Most hosts are a name, or a name and a port. All others are parsed, which copies them.
    let host = match &header[name_len..] {
        [] => header,
        [b':', port @ ..] if port.iter().all(u8::is_ascii_digit) => &header[..name_len],
        _ => {
            // Each proxy appends a host to `X-Forwarded-Host`; the browser's is the first.
            let first = header.split(|&byte| byte == b',').next()?.trim_ascii();
            let authority = Authority::try_from(first).ok()?;
            let after_user_info = authority.as_str().rfind('@').map_or(0, |at| at + 1);
            let host = &first[after_user_info..][..authority.host().len()];
            return std::str::from_utf8(host).ok().map(without_brackets);
        }
    };
    std::str::from_utf8(host).ok()
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}
