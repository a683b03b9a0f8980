//! `CookieError`: what can go wrong, and what to do about it.

use std::fmt;

use http::StatusCode;

use crate::scope::Scope;

/// Why a cookie was not read, set, deleted, declared or retired.
///
/// Whatever the error, nothing was queued and nothing that was queued before is lost. Neither
/// `Debug` nor `Display` shows a cookie's value.
///
/// ```
/// use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieLayer};
/// # let jar = CookieLayer::new().jar(&http::Request::new(()));
///
/// let error = jar.set(Cookie::build(("a", "1")).path("app")).unwrap_err();
/// assert!(matches!(
///     error,
///     CookieError::InvalidPath { reason: AttributeReason::NotAbsolute, .. }
/// ));
/// assert_eq!(
///     error.to_string(),
///     r#"cookie "a": Path "app" doesn't start with `/`; write it from the root"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieError {
    /// No [`CookieLayer`](crate::CookieLayer) around this put a jar into the request.
    #[error(
        "CookieLayer is not installed; add `.layer(CookieLayer::new())` around all that uses the \
         jar (in axum the layer that is added last is the outermost)"
    )]
    MissingLayer,

    /// The jar was made by [`CookieJar::from_headers`](crate::CookieJar::from_headers), and has no
    /// response to write to.
    #[error(
        "cookie {name:?}: a jar made from headers has no response to write to; \
         use the one that CookieLayer puts into the request"
    )]
    NoResponse {
        /// The cookie's name.
        name: String,
    },

    /// The response's head has left, or the request ended with an error or was dropped.
    #[error(
        "cookie {name:?}: the response has started or the request has ended; \
         set and delete cookies before the handler returns"
    )]
    ResponseStarted {
        /// The cookie's name.
        name: String,
    },

    /// [`CookieJar::require`](crate::CookieJar::require) found no such cookie in the request.
    #[error("cookie {name:?} is missing from the request; use `get` where it may be absent")]
    MissingCookie {
        /// The cookie's name.
        name: String,
    },

    /// A signed or private cookie was forged, or sealed with another key, name or salt.
    #[cfg(any(feature = "signed", feature = "private"))]
    #[error(
        "cookie {name:?}: the seal doesn't match; it was forged, or key, name or salt differ from \
         those it was set with"
    )]
    BadSignature {
        /// The cookie's name.
        name: String,
    },

    /// A signed cookie is older than [`SignedJar::max_age`](crate::SignedJar::max_age).
    #[cfg(feature = "signed")]
    #[error("cookie {name:?}: signed {age:?} ago, longer than {max_age:?}; set it anew")]
    SignatureExpired {
        /// The cookie's name.
        name: String,
        /// How long ago it was signed.
        age: std::time::Duration,
        /// How long ago that may have been.
        max_age: std::time::Duration,
    },

    /// The layer has no key for signed or private cookies, or an empty one among them.
    #[cfg(any(feature = "signed", feature = "private"))]
    #[error("cookie {name:?}: a key is missing or empty; give it to `CookieLayer::{setting}`")]
    MissingKey {
        /// The cookie's name.
        name: String,
        /// `secret_key`, `secret_key_fallbacks` or `private_key`.
        setting: &'static str,
    },

    /// A string given to [`Cookie::parse`](cookie::Cookie::parse) is no set-cookie-string.
    #[error("a cookie could not be parsed; write it as `name=value; Attribute=…`")]
    Parse(#[from] cookie::ParseError),

    /// The name is empty or has a character that no cookie-name may have.
    #[error("cookie {name:?}: illegal name; use ASCII letters, digits and !#$%&'*+-.:^_`|~ alone")]
    InvalidName {
        /// The cookie's name; of a whole `name=value`, what stands before the value.
        name: String,
    },

    /// The name is that of an attribute, which Python's `http.cookies` reserves (`partitioned`
    /// since 3.14).
    #[error("cookie {name:?}: the name of an attribute is reserved; choose another name")]
    ReservedName {
        /// The cookie's name.
        name: String,
    },

    /// The value has a control character (U+0000–U+001F or U+007F).
    #[error("cookie {name:?}: control character in the value; encode it first, in base64 say")]
    ControlCharacter {
        /// The cookie's name.
        name: String,
    },

    /// The Path would be ignored or misread by browsers.
    #[error("cookie {name:?}: Path {path:?} {reason}")]
    InvalidPath {
        /// The cookie's name.
        name: String,
        /// The Path as given.
        path: String,
        /// What is wrong with it.
        reason: AttributeReason,
    },

    /// The Domain would be ignored or misread by browsers.
    #[error("cookie {name:?}: Domain {domain:?} {reason}")]
    InvalidDomain {
        /// The cookie's name.
        name: String,
        /// The Domain as given.
        domain: String,
        /// What is wrong with it.
        reason: AttributeReason,
    },

    /// Name and value are longer than browsers store (RFC 6265bis §5.6: 4096 bytes).
    #[error(
        "cookie {name:?}: name and value are {len} bytes as sent, browsers drop more than 4096; \
         keep the data on the server and a key to it in the cookie"
    )]
    TooLong {
        /// The cookie's name.
        name: String,
        /// The length of name and value as sent, in bytes.
        len: usize,
    },

    /// A `__Host-` cookie has a Domain.
    #[error("cookie {name:?}: browsers drop a `__Host-` cookie with Domain={domain}; leave it out")]
    HostPrefixDomain {
        /// The cookie's name.
        name: String,
        /// The Domain as given.
        domain: String,
    },

    /// A `__Host-` cookie has a Path other than `/`.
    #[error(
        "cookie {name:?}: browsers drop a `__Host-` cookie with a Path other than \"/\" \
         (given: {path:?}); leave it out"
    )]
    HostPrefixPath {
        /// The cookie's name.
        name: String,
        /// The Path as given; empty for none.
        path: String,
    },

    /// `secure(false)` was said of a cookie that browsers store only with `Secure`.
    #[error(
        "cookie {name:?}: {reason} needs Secure; leave out `secure(false)`, here or where it is declared"
    )]
    SecureRequired {
        /// The cookie's name.
        name: String,
        /// What needs `Secure`.
        reason: SecureReason,
    },

    /// `http_only(false)` was said of a cookie that browsers store only with `HttpOnly`.
    #[error("cookie {name:?}: the prefix `{prefix}` needs HttpOnly; leave out `http_only(false)`")]
    HttpOnlyRequired {
        /// The cookie's name.
        name: String,
        /// The prefix of the name.
        prefix: &'static str,
    },

    /// The request's host doesn't domain-match the Domain (RFC 6265 §5.1.3).
    #[error(
        "cookie {name:?}: the request's host {host:?} doesn't domain-match {domain:?}, so browsers \
         drop the cookie; use the host or a parent of it, or `CookieLayer::host_from` behind a proxy"
    )]
    DomainMismatch {
        /// The cookie's name.
        name: String,
        /// The cookie's Domain.
        domain: String,
        /// The request's host, normalised.
        host: String,
    },

    /// Domain, Path or Partitioned differ from those the cookie was declared with.
    #[error(
        "cookie {name:?}: declared with {declared}, given with {given}; \
         leave the scope out, or declare or retire the one meant"
    )]
    ScopeMismatch {
        /// The cookie's name.
        name: String,
        /// The scope that was declared.
        declared: Scope,
        /// The declared scope with what was given in its place.
        given: Scope,
    },

    /// A declared `Secure` or `HttpOnly` was to be switched off.
    #[error(
        "cookie {name:?}: declared with {attribute}, which can't be switched off; \
         leave it out, or declare the cookie without it"
    )]
    Downgrade {
        /// The cookie's name.
        name: String,
        /// `Secure` or `HttpOnly`.
        attribute: &'static str,
    },

    /// The name was not declared, and the layer denies undeclared cookies.
    #[error("cookie {name:?} is not declared; declare it with `CookieLayer::declare`")]
    Undeclared {
        /// The cookie's name.
        name: String,
    },

    /// A delete fits several scopes of its name, so it can't be told which is meant.
    #[error(
        "cookie {name:?}: the delete fits {}; say Domain and Path",
        ScopeList(scopes)
    )]
    AmbiguousScope {
        /// The cookie's name.
        name: String,
        /// The scopes that fit.
        scopes: Vec<Scope>,
    },

    /// The name was declared before.
    #[error(
        "cookie {name:?} is declared twice; declare it once, and leave a name that lives at \
         several scopes undeclared"
    )]
    AlreadyDeclared {
        /// The cookie's name.
        name: String,
    },

    /// Nested layers declare one name at different scopes.
    #[error(
        "cookie {name:?}: declared with {outer} by an outer CookieLayer and with {inner} by an \
         inner one; declare it once"
    )]
    DeclarationConflict {
        /// The cookie's name.
        name: String,
        /// The scope that the outer layer declares.
        outer: Scope,
        /// The scope that the inner layer declares.
        inner: Scope,
    },

    /// A scope of a name that isn't declared was to be retired.
    #[error("cookie {name:?} is not declared; call `declare` before `retire`")]
    RetireUndeclared {
        /// The cookie's name.
        name: String,
    },

    /// The scope that is declared was to be retired.
    #[error(
        "cookie {name:?}: {scope} is the declared scope, and retiring it would delete what is set; \
         retire the former scopes only"
    )]
    RetireDeclared {
        /// The cookie's name.
        name: String,
        /// The declared scope.
        scope: Scope,
    },

    /// The scope was retired before.
    #[error("cookie {name:?}: {scope} is retired twice; retire it once")]
    AlreadyRetired {
        /// The cookie's name.
        name: String,
        /// The retired scope.
        scope: Scope,
    },
}

/// A name as it is shown: without the value, where a whole `name=value` was given for one.
pub(crate) fn shown(name: &str) -> String {
    match name.split_once('=') {
        Some((name, _)) => format!("{name}=…"),
        None => name.to_owned(),
    }
}

impl CookieError {
    /// The status of a response that reports this error.
    ///
    /// 400 where the client's request is at fault: a cookie that is missing, forged or expired, or a
    /// host that doesn't fit the Domain (Django's `DisallowedHost` is a 400 too). 500 for a
    /// programming error.
    ///
    /// ```
    /// use http::StatusCode;
    /// use tower_django_cookies::CookieError;
    ///
    /// assert_eq!(CookieError::MissingLayer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    /// ```
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingCookie { .. } | Self::DomainMismatch { .. } => StatusCode::BAD_REQUEST,
            #[cfg(any(feature = "signed", feature = "private"))]
            Self::BadSignature { .. } => StatusCode::BAD_REQUEST,
            #[cfg(feature = "signed")]
            Self::SignatureExpired { .. } => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// What is wrong with a Path or a Domain: in [`CookieError::InvalidPath`] and
/// [`CookieError::InvalidDomain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributeReason {
    /// It has a control character, which browsers refuse or cut at.
    ControlCharacter,
    /// It has a `;`, which would begin another attribute.
    Semicolon,
    /// It has a character outside ASCII.
    NonAscii,
    /// It begins or ends with white space, which browsers trim.
    OuterWhiteSpace,
    /// It is over 1024 bytes, so that browsers ignore it (RFC 6265bis §5.6).
    TooLong,
    /// A Path that doesn't start with `/`: browsers put the default-path in its place.
    NotAbsolute,
    /// A declared or retired cookie without a Path: its scope would hang on the request's.
    Empty,
    /// A Domain with a character that no host has, such as `/`, `*` or a space.
    IllegalCharacter,
    /// A Domain that is a dot alone, or begins with two.
    Dot,
    /// A Domain with a port: cookies have none.
    Port,
}

impl fmt::Display for AttributeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlCharacter => "has a control character; remove it",
            Self::Semicolon => "has a `;`, which ends an attribute; percent-encode it",
            Self::NonAscii => {
                "isn't ASCII; percent-encode a Path, write a Domain in its `xn--` form"
            }
            Self::OuterWhiteSpace => "begins or ends with white space; trim it",
            Self::TooLong => "is over 1024 bytes, so browsers ignore it; shorten it",
            Self::NotAbsolute => "doesn't start with `/`; write it from the root",
            Self::Empty => "is empty, so the scope would hang on the request; name a Path",
            Self::IllegalCharacter => "has a character that no host has; name the host alone",
            Self::Dot => "is no domain; name one, or use `.domain(\"\")` for a host-only cookie",
            Self::Port => "has a port; leave it out, cookies don't know ports",
        })
    }
}

/// What makes a cookie need `Secure`: in [`CookieError::SecureRequired`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecureReason {
    /// The prefix of its name.
    Prefix(&'static str),
    /// `SameSite=None`.
    SameSiteNone,
    /// `Partitioned`.
    Partitioned,
}

impl fmt::Display for SecureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(prefix) => write!(f, "the prefix `{prefix}`"),
            Self::SameSiteNone => f.write_str("SameSite=None"),
            Self::Partitioned => f.write_str("Partitioned"),
        }
    }
}

/// In a message; the error itself has all.
const SCOPES_SHOWN: usize = 8;

struct ScopeList<'a>(&'a [Scope]);

impl fmt::Display for ScopeList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, others) = self.0.split_at(self.0.len().min(SCOPES_SHOWN));
        for (i, scope) in shown.iter().enumerate() {
            if i > 0 {
                f.write_str(" and ")?;
            }
            write!(f, "({scope})")?;
        }
        match others.len() {
            0 => Ok(()),
            others => write!(f, " and {others} more"),
        }
    }
}
