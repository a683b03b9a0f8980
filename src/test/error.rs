//! What can go wrong with a `Client`, and why a browser drops a cookie.

use std::fmt;

use http::StatusCode;
use http::header::MaxSizeReached;
use thiserror::Error;

use crate::error::CookieError;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a [`Client`](super::Client) has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No browser could go there.
    #[error(
        "{url:?} is no URL to go to ({reason}); give an absolute http or https URL, a path that begins with `/`, or a query that begins with `?`"
    )]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The answer redirects to where no browser could go.
    #[error("the answer redirects to {location:?}, where no browser could go ({reason})")]
    Location {
        /// The `Location` field.
        location: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The request has so many fields that the client's don't fit in.
    #[error("the request has too many fields; leave some out")]
    TooManyHeaders(#[from] MaxSizeReached),

    /// The service failed.
    #[error("the service failed")]
    Service(#[source] BoxError),

    /// The answer's body failed.
    #[error("the body failed")]
    Body(#[source] BoxError),

    /// The answer's body is longer than [`Client::body_limit`](super::Client::body_limit).
    #[error("the body is over {limit} bytes; raise `Client::body_limit`")]
    BodyTooLong {
        /// In bytes.
        limit: usize,
    },

    /// A redirect led on more often than
    /// [`Client::follow_redirects`](super::Client::follow_redirects) allows.
    #[error(
        "over {limit} redirects, the last to {location}; look for a loop, or allow more of them"
    )]
    TooManyRedirects {
        /// How many are allowed.
        limit: usize,
        /// Where the next would have gone.
        location: String,
    },

    /// A redirect that keeps the method, neither `GET` nor `HEAD`, may ask for the body again.
    #[error(
        "{status} to {location} asks for the request again, whose body is gone; send it there yourself"
    )]
    RedirectNeedsBody {
        /// 307 or 308; 301 or 302 where the method isn't `POST`.
        status: StatusCode,
        /// Where it leads.
        location: String,
    },

    /// The crate refuses the cookie.
    #[error(transparent)]
    Cookie(#[from] CookieError),

    /// A browser drops the cookie.
    #[error(transparent)]
    Rejected(#[from] RejectedCookie),
}

/// A cookie that a browser drops.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cookie {name:?}: browsers drop it, since {reason}")]
#[non_exhaustive]
pub struct RejectedCookie {
    /// The cookie's name, as far as it could be read.
    pub name: String,
    /// Why it is dropped.
    pub reason: RejectReason,
}

/// Why a browser drops a cookie (RFC 6265bis §5.6 and §5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectReason {
    /// It has no name. Browsers keep some of these.
    Nameless,
    /// Name and value are over 4096 bytes.
    TooLong,
    /// The host doesn't domain-match.
    Domain,
    /// The Domain is a single label, like `com`.
    PublicSuffix,
    /// `Secure` came over plain HTTP, from a host that isn't this machine.
    InsecureOrigin,
    /// A prefix, `SameSite=None` or `Partitioned` demands `Secure`.
    NotSecure,
    /// The prefix demands `HttpOnly`.
    NotHttpOnly,
    /// The prefix demands `Path=/` and no Domain.
    NotHostOnly,
    /// It came over plain HTTP and would take the place of a `Secure` cookie.
    SecureCookieThere,
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nameless => "it has no name",
            Self::TooLong => "name and value are over 4096 bytes",
            Self::Domain => "the host doesn't belong to its Domain",
            Self::PublicSuffix => "its Domain is a single label, which has many owners",
            Self::InsecureOrigin => "it is Secure and came over plain HTTP",
            Self::NotSecure => "its prefix, SameSite=None or Partitioned demands Secure",
            Self::NotHttpOnly => "its prefix demands HttpOnly",
            Self::NotHostOnly => "its prefix demands Path=/ and no Domain",
            Self::SecureCookieThere => {
                "it came over plain HTTP and a Secure cookie of its name is there"
            }
        })
    }
}
