//! The host that a request is for, against which Domains are checked.

use std::borrow::Cow;

use http::Uri;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::Authority;

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Where [`CookieLayer`](crate::CookieLayer) learns the host that the browser asked for.
///
/// A cookie with a Domain that the host doesn't domain-match (RFC 6265 §5.1.3) is dropped by the
/// browser, so it is refused. The check guards against mistakes; it is no defence, since a client
/// may send any `Host`. Of the host, port, brackets and case don't count. A trailing dot does, as in
/// browsers: `example.com.` is another host than `example.com`, with cookies of its own. A request
/// without a host, or with one that can't be read, is not checked. Public suffixes (`co.uk`) are
/// not known here.
///
/// ```
/// use tower_django_cookies::{CookieLayer, HostSource};
///
/// let behind_proxy = CookieLayer::new().host_from(HostSource::XForwardedHost);
/// # let _ = behind_proxy;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostSource {
    /// The authority of the request's URI, else its `Host` field.
    #[default]
    Request,
    /// The first host in `X-Forwarded-Host`, else, where that is missing or can't be read, as
    /// [`Request`](Self::Request): for a proxy that rewrites `Host` (Django's
    /// `USE_X_FORWARDED_HOST`).
    XForwardedHost,
    /// Always this host: for a proxy that doesn't tell.
    Fixed(String),
    /// No host: Domains are not checked.
    Unchecked,
}

/// What a request says of its host, as it stands there.
#[derive(Clone, Debug, Default)]
pub(crate) enum RequestHost {
    Authority(Authority),
    Field(HeaderValue),
    #[default]
    Unsaid,
}

impl RequestHost {
    pub(crate) fn new(headers: &HeaderMap, uri: &Uri, source: &HostSource) -> Self {
        let field = |name: &HeaderName| match headers.get(name) {
            Some(field) => Self::Field(field.clone()),
            None => Self::Unsaid,
        };
        let of_request = || match uri.authority() {
            Some(authority) => Self::Authority(authority.clone()),
            None => field(&HOST),
        };
        match source {
            HostSource::Request => of_request(),
            HostSource::XForwardedHost => match field(&X_FORWARDED_HOST) {
                forwarded if forwarded.normalized(source).is_some() => forwarded,
                _ => of_request(),
            },
            HostSource::Fixed(_) | HostSource::Unchecked => Self::Unsaid,
        }
    }

    /// Without port and brackets; `None` where it isn't known.
    pub(crate) fn normalized<'a>(&'a self, source: &'a HostSource) -> Option<Cow<'a, str>> {
        let host = match (source, self) {
            // What is no authority matches no Domain, which can't end so, and the error will show it.
            (HostSource::Fixed(host), _) => match host_in(host.as_bytes()) {
                None => return Some(format!("{host} (no host)").into()),
                Some(host) => host,
            },
            (_, Self::Authority(authority)) => bare(authority.host()).into(),
            // `X-Forwarded-Host` grows a host with each proxy; the first is the browser's.
            (_, Self::Field(field)) => {
                let first = field.as_bytes().split(|&byte| byte == b',').next()?;
                host_in(first.trim_ascii())?
            }
            (_, Self::Unsaid) => return None,
        };
        (!host.is_empty()).then_some(host)
    }
}

/// The host of an authority; `None` if it is none.
fn host_in(authority: &[u8]) -> Option<Cow<'_, str>> {
    // As nearly all are: parsing copies the rest.
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if !authority.is_empty() && authority.iter().all(is_of_name) {
        return std::str::from_utf8(authority).ok().map(bare).map(Cow::from);
    }
    let authority = Authority::try_from(authority).ok()?;
    Some(bare(authority.host()).to_owned().into())
}

/// Without brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}
