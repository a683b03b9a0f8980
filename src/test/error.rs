//! `ClientError` and `RejectedCookie`: why a request fails, and why a browser drops a cookie.

use std::fmt;

use http::StatusCode;
use http::header::MaxSizeReached;
use thiserror::Error;

use crate::error::CookieError;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a [`Client`](super::Client) returned no response, or did not store a cookie.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No browser could request this URL.
    #[error(
        "invalid URL {url:?} ({reason}); give an absolute http or https URL, a path that starts with \
         `/`, or a query that starts with `?`"
    )]
    Url {
        /// The URL as given, without user name and password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The response redirects to a URL that no browser could request.
    #[error(
        "the response redirects to {location:?}, which no browser could request ({reason}); \
         set `Location` to an absolute http or https URL or to a path"
    )]
    Location {
        /// The `Location` header, without user name and password.
        location: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The request has so many headers that the client cannot add its own.
    #[error("the request has too many headers; remove some")]
    TooManyHeaders(#[from] MaxSizeReached),

    /// The service returned an error.
    #[error("the service returned an error")]
    Service(#[source] BoxError),

    /// The response's body returned an error.
    #[error("the response's body returned an error")]
    Body(#[source] BoxError),

    /// The response's body is longer than [`Client::body_limit`](super::Client::body_limit).
    #[error("the body is longer than {limit} bytes; raise `Client::body_limit`")]
    BodyTooLong {
        /// The limit, in bytes.
        limit: usize,
    },

    /// There are more redirects than
    /// [`Client::follow_redirects`](super::Client::follow_redirects) allows.
    #[error(
        "more than {limit} redirects, the last one to {location}; look for a loop, or raise the limit \
         of `Client::follow_redirects`"
    )]
    TooManyRedirects {
        /// The number of redirects allowed.
        limit: usize,
        /// The URL of the redirect that was not followed, without user name and password.
        location: String,
    },

    /// A redirect keeps a method other than `GET` and `HEAD`, so it needs the request's body again.
    #[error(
        "the redirect ({status}) to {location} needs the request's body again, which the client has \
         not kept; send the request to that URL"
    )]
    RedirectNeedsBody {
        /// The status of the redirect: 307 or 308, or 301 or 302 if the method is not `POST`.
        status: StatusCode,
        /// The URL of the redirect, without user name and password.
        location: String,
    },

    /// [`CookieJar::set`](crate::CookieJar::set) would refuse the cookie.
    #[error(transparent)]
    Cookie(#[from] CookieError),

    /// A browser drops the cookie.
    #[error(transparent)]
    Rejected(#[from] RejectedCookie),
}

/// A cookie that a browser drops.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cookie {name:?}: browsers drop it, because {reason}")]
#[non_exhaustive]
pub struct RejectedCookie {
    /// The cookie's name; empty if it has none.
    pub name: String,
    /// Why browsers drop it.
    pub reason: RejectReason,
}

/// Why a browser drops a cookie (RFC 6265bis §5.6 and §5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectReason {
    /// It has no name. Some browsers store such a cookie.
    Nameless,
    /// Its name and value together are longer than 4096 bytes.
    TooLong,
    /// The host does not domain-match the Domain.
    Domain,
    /// The Domain is a single label, such as `com`, a public suffix by
    /// [`Client::public_suffixes`](super::Client::public_suffixes), or another Domain that covers more
    /// than the site of the host.
    PublicSuffix,
    /// Its Path contains a control character, such as TAB.
    Path,
    /// It is `Secure` but was received over plain HTTP, and the host is neither localhost nor a
    /// loopback address.
    InsecureOrigin,
    /// Its prefix, `SameSite=None` or `Partitioned` requires `Secure`.
    NotSecure,
    /// Its prefix requires `HttpOnly`.
    NotHttpOnly,
    /// Its prefix requires `Path=/` and no Domain.
    NotHostOnly,
    /// It was received over plain HTTP and would replace or hide a `Secure` cookie.
    HidesSecureCookie,
    /// It was removed because there were too many cookies: see
    /// [`Client`](super::Client#number-of-cookies). It can be a new cookie, too.
    Evicted,
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nameless => "it has no name",
            Self::TooLong => "its name and value together are longer than 4096 bytes",
            Self::Domain => "the host does not domain-match its Domain",
            Self::PublicSuffix => "its Domain is a public suffix, which different sites share",
            Self::Path => "its Path contains a control character",
            Self::InsecureOrigin => "it is Secure and was received over plain HTTP",
            Self::NotSecure => "its prefix, SameSite=None or Partitioned requires Secure",
            Self::NotHttpOnly => "its prefix requires HttpOnly",
            Self::NotHostOnly => "its prefix requires Path=/ and no Domain",
            Self::HidesSecureCookie => {
                "it was received over plain HTTP and would hide a Secure cookie of its name"
            }
            Self::Evicted => "there are too many cookies, and it was evicted",
        })
    }
}
