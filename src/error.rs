//! `CookieError`: the errors of this crate, each with its cause and remedy.

use std::fmt;

use http::StatusCode;

use crate::display::bounded;
use crate::scope::Scope;
#[cfg(feature = "dumps")]
use crate::signing::PayloadReason;
#[cfg(feature = "signed")]
use crate::signing::{EmptyKey, whole_seconds};
use crate::url_path::as_sent;

/// An error from reading, setting or deleting a cookie, or from building a layer.
///
/// An operation that returns an error queues nothing, and operations queued before it stay queued.
/// Neither `Debug` nor `Display` shows the value of a cookie or of a session. Messages show at most
/// 256 characters of a name, key of a session, host, Domain or Path.
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
///     r#"cookie "a": Path "app" does not start with `/`; write it from the root"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieError {
    /// The request's extensions contain no [`CookieJar`](crate::CookieJar).
    #[error(
        "CookieLayer is not installed, or a service in between dropped the request's extensions; \
         add `.layer(CookieLayer::new())` outside of every service that uses the jar \
         (in axum, the layer added last is the outermost)"
    )]
    MissingLayer,

    /// The jar was made by [`CookieJar::from_headers`](crate::CookieJar::from_headers) and has no
    /// response to write to.
    #[error(
        "cookie {name:?}: a jar made from headers has no response to write to; \
         use the jar that CookieLayer puts into the request"
    )]
    #[non_exhaustive]
    NoResponse {
        /// The cookie's name.
        name: String,
    },

    /// The response headers were sent, or the request ended with an error or was dropped.
    #[error(
        "cookie {name:?}: the response has started or the request has ended; \
         set and delete cookies before the handler returns"
    )]
    #[non_exhaustive]
    ResponseStarted {
        /// The cookie's name.
        name: String,
    },

    /// The request has no such cookie.
    #[error("cookie {name:?} is not in the request; handle this error if the cookie is optional")]
    #[non_exhaustive]
    MissingCookie {
        /// The cookie's name.
        name: String,
    },

    /// A signed or private cookie, or a session in a row or file, was forged, or was signed with
    /// another key, name or salt.
    #[cfg(any(feature = "signed", feature = "private"))]
    #[error(
        "cookie {name:?}: the signature does not match; the cookie was forged, or it was set with \
         another key, name or salt"
    )]
    #[non_exhaustive]
    BadSignature {
        /// The cookie's name.
        name: String,
    },

    /// A signed cookie is older than [`SignedJar::max_age`](crate::SignedJar::max_age), or a
    /// session in a signed cookie is older than `Sessions::max_age`.
    #[cfg(feature = "signed")]
    #[error(
        "cookie {name:?}: signed {} ago, and the maximum age is {max_age}; set it again",
        whole_seconds(age)
    )]
    #[non_exhaustive]
    SignatureExpired {
        /// The cookie's name.
        name: String,
        /// The time since the value was signed.
        age: cookie::time::Duration,
        /// The maximum age.
        max_age: cookie::time::Duration,
    },

    /// The signature of a cookie is valid, but its value is not JSON of the requested type; or a value
    /// to set cannot be written as JSON.
    #[cfg(feature = "dumps")]
    #[error("cookie {name:?}: the payload {reason}")]
    #[non_exhaustive]
    BadPayload {
        /// The cookie's name.
        name: String,
        /// The reason why the payload is invalid.
        reason: PayloadReason,
    },

    /// A session in the database, in a file or in a signed cookie cannot be decoded, although it
    /// was not forged. Or a session is too long to be written.
    #[cfg(feature = "sessions")]
    #[error("cookie {name:?}: the session {reason}")]
    #[non_exhaustive]
    InvalidSession {
        /// The name of the session cookie.
        name: String,
        /// The reason why the session cannot be read or written.
        reason: SessionReason,
    },

    /// The session's own expiry has passed. Django's `SessionBase.set_expiry` sets this expiry.
    #[cfg(feature = "sessions")]
    #[error("cookie {name:?}: the session has expired; start a new one")]
    #[non_exhaustive]
    SessionExpired {
        /// The name of the session cookie.
        name: String,
    },

    /// The value of a key in a session is not JSON of the requested type, or `serde_json` cannot
    /// read it.
    #[cfg(feature = "sessions")]
    #[error(
        "session key {key:?}: the value is not of the requested type, or contains `NaN`, an \
         infinity or a lone surrogate, which `serde_json` does not read; request another type, or \
         use `Session::raw`"
    )]
    #[non_exhaustive]
    UnreadableEntry {
        /// The key in the session.
        key: String,
    },

    /// A value for a session cannot be written as JSON.
    #[cfg(feature = "sessions")]
    #[error(
        "session key {key:?}: the value cannot be written as JSON; use strings or numbers as the \
         keys of maps"
    )]
    #[non_exhaustive]
    UnserializableEntry {
        /// The key in the session.
        key: String,
    },

    /// With the added message, the messages would be longer than Django allows in a cookie.
    #[cfg(feature = "messages")]
    #[error(
        "cookie {name:?}: with this message, the signed messages take {len} bytes, and Django \
         allows at most 2048; take and show the waiting messages first, or shorten the message"
    )]
    #[non_exhaustive]
    MessagesTooLong {
        /// The cookie's name.
        name: String,
        /// The length of the signed messages in bytes, or that of their JSON if it is more than 1 MiB.
        len: usize,
    },

    /// The operating system returned no random bytes.
    #[cfg(any(feature = "sessions", feature = "csrf"))]
    #[error("the operating system returned no random bytes; check access to its random source")]
    NoRandomBytes,

    /// The layer has no key for signed or private cookies.
    #[cfg(any(feature = "signed", feature = "private"))]
    #[error("cookie {name:?}: the layer has no key; set one with `CookieLayer::{setting}`")]
    #[non_exhaustive]
    MissingKey {
        /// The cookie's name.
        name: String,
        /// The method that sets the key: `secret_key` or `private_key`.
        setting: &'static str,
    },

    /// A key of the layer is empty.
    #[cfg(feature = "signed")]
    #[error("`CookieLayer::{setting}`: {source}")]
    #[non_exhaustive]
    InvalidKey {
        /// The method that received the key: `secret_key` or `secret_key_fallbacks`.
        setting: &'static str,
        /// The reason why the key is invalid.
        source: EmptyKey,
    },

    /// The host given to [`HostSource::Fixed`](crate::HostSource::Fixed) is not a host.
    #[error("`CookieLayer::host_from`: host {host:?} {reason}")]
    #[non_exhaustive]
    InvalidHost {
        /// The host as given.
        host: String,
        /// The reason why the host is invalid.
        reason: HostReason,
    },

    /// A string given to [`Cookie::parse`](cookie::Cookie::parse) is not a set-cookie-string.
    #[error("a cookie could not be parsed; write it as `name=value; Attribute=…`")]
    Parse(#[from] cookie::ParseError),

    /// The name is empty or contains a character that is not allowed in a cookie-name.
    ///
    /// `delete` accepts more names than `set`: every name that a browser can store. It refuses a name
    /// with U+FFFD, which stands for bytes that are not known any more.
    #[error(
        "cookie {name:?}: invalid name; use one or more ASCII letters, digits and \
         !#$%&'*+-.:^_`|~ (a name to delete may also contain other characters, but no `;`, `=`, \
         control character or U+FFFD, and no outer white space)"
    )]
    #[non_exhaustive]
    InvalidName {
        /// The cookie's name. If it contains a `=`, the text after the first `=` is replaced by
        /// `…`.
        name: String,
    },

    /// The name is the name of an attribute, which Python's `http.cookies` reserves (`partitioned`
    /// since 3.14).
    #[error("cookie {name:?}: attribute names are reserved; choose another name")]
    #[non_exhaustive]
    ReservedName {
        /// The cookie's name.
        name: String,
    },

    /// The value contains a control character (U+0000–U+001F or U+007F).
    #[error("cookie {name:?}: control character in the value; encode the value, such as in base64")]
    #[non_exhaustive]
    ControlCharacter {
        /// The cookie's name.
        name: String,
    },

    /// The value given to [`set_verbatim`](crate::CookieJar::set_verbatim) is not a cookie-value (RFC
    /// 6265 §4.1.1).
    #[error(
        "cookie {name:?}: the value cannot be sent as it is; use `set`, which quotes it, or encode the \
         value, for example with base64 or percent-encoding"
    )]
    #[non_exhaustive]
    InvalidValue {
        /// The cookie's name.
        name: String,
    },

    /// Browsers ignore or misread the Path, or never send a cookie with it, or the Path of a
    /// declared cookie is empty.
    #[error("cookie {name:?}: Path {path:?} {reason}{}", PathHint(path, *reason))]
    #[non_exhaustive]
    InvalidPath {
        /// The cookie's name.
        name: String,
        /// The Path as given.
        path: String,
        /// The reason why the Path is invalid.
        reason: AttributeReason,
    },

    /// Browsers drop a cookie with this Domain, or ignore or misread the Domain.
    #[error("cookie {name:?}: Domain {domain:?} {reason}")]
    #[non_exhaustive]
    InvalidDomain {
        /// The cookie's name.
        name: String,
        /// The Domain as given, without a leading dot.
        domain: String,
        /// The reason why the Domain is invalid.
        reason: AttributeReason,
    },

    /// Name and value together are longer than 4096 bytes, so browsers drop the cookie (RFC 6265bis
    /// §5.6).
    #[error(
        "cookie {name:?}: name and value take {len} bytes as sent, and browsers store at most \
         4096; shorten the value"
    )]
    #[non_exhaustive]
    TooLong {
        /// The cookie's name.
        name: String,
        /// The total length of name and value as sent, in bytes.
        len: usize,
    },

    /// A `__Host-` cookie has a Domain.
    #[error("cookie {name:?}: browsers drop a `__Host-` cookie with a Domain ({domain}); omit it")]
    #[non_exhaustive]
    HostPrefixDomain {
        /// The cookie's name.
        name: String,
        /// The Domain as given.
        domain: String,
    },

    /// A `__Host-` cookie has a Path other than `/`.
    #[error(
        "cookie {name:?}: browsers drop a `__Host-` cookie with a Path other than \"/\" \
         (given: {path:?}); omit it"
    )]
    #[non_exhaustive]
    HostPrefixPath {
        /// The cookie's name.
        name: String,
        /// The Path as given; empty for `.path("")`.
        path: String,
    },

    /// The cookie has `secure(false)`, but browsers store it only with `Secure`.
    #[error(
        "cookie {name:?}: {reason} requires Secure; omit `secure(false)`, here or in the declaration"
    )]
    #[non_exhaustive]
    SecureRequired {
        /// The cookie's name.
        name: String,
        /// The reason why the cookie requires `Secure`.
        reason: SecureReason,
    },

    /// The cookie has `http_only(false)`, but browsers store it only with `HttpOnly`.
    #[error("cookie {name:?}: the prefix `{prefix}` requires HttpOnly; omit `http_only(false)`")]
    #[non_exhaustive]
    HttpOnlyRequired {
        /// The cookie's name.
        name: String,
        /// The prefix of the name.
        prefix: &'static str,
    },

    /// The request's host does not domain-match the Domain (RFC 6265 §5.1.3).
    ///
    /// The message does not show the host, since the client chose it and a response may show the
    /// message.
    #[error(
        "cookie {name:?}: the request's host does not domain-match {domain:?}, so browsers drop \
         the cookie; use the host or a parent of it, or `CookieLayer::host_from` behind a proxy"
    )]
    #[non_exhaustive]
    DomainMismatch {
        /// The cookie's name.
        name: String,
        /// The cookie's Domain.
        domain: String,
        /// The request's host in lower case, without port and brackets.
        host: String,
    },

    /// Domain, Path or Partitioned differ from those of the cookie's declaration.
    #[error(
        "cookie {name:?}: declared with {declared}, but given {given}; \
         omit Domain, Path and Partitioned, or give that scope to `declare`, `retire` or `renamed`"
    )]
    #[non_exhaustive]
    ScopeMismatch {
        /// The cookie's name.
        name: String,
        /// The declared scope.
        declared: Scope,
        /// The declared scope, with the given parts in place of the declared ones.
        given: Scope,
    },

    /// `secure(false)` or `http_only(false)` contradicts the cookie's declaration.
    #[error(
        "cookie {name:?}: declared with {attribute}, which cannot be switched off; \
         omit it here, or declare the cookie without it"
    )]
    #[non_exhaustive]
    Downgrade {
        /// The cookie's name.
        name: String,
        /// `Secure` or `HttpOnly`.
        attribute: &'static str,
    },

    /// The cookie is not declared, and the layer denies undeclared cookies.
    #[error(
        "cookie {name:?} is not declared, and the layer denies undeclared cookies; correct the name, \
         or declare it with `CookieLayer::declare`"
    )]
    #[non_exhaustive]
    Undeclared {
        /// The cookie's name.
        name: String,
    },

    /// A `delete` omits a part of the scope, and several scopes of the cookie match.
    #[error(
        "cookie {name:?}: the delete matches several scopes: {}; \
         give Domain, Path and Partitioned",
        ScopeList(scopes)
    )]
    #[non_exhaustive]
    AmbiguousScope {
        /// The cookie's name.
        name: String,
        /// The scopes that match.
        scopes: Vec<Scope>,
    },

    /// The name is declared already.
    #[error(
        "cookie {name:?} is declared already; declare it once, do not give it to \
         `renamed` as the previous name, or leave it undeclared if it is set at several scopes"
    )]
    #[non_exhaustive]
    AlreadyDeclared {
        /// The cookie's name.
        name: String,
    },

    /// The name is a previous name of a declared cookie.
    #[error("cookie {name:?} was renamed to {new_name:?}; use the new name")]
    #[non_exhaustive]
    Renamed {
        /// The previous name.
        name: String,
        /// The declared name.
        new_name: String,
    },

    /// `renamed` was called with a new name that is not declared.
    #[error("cookie {name:?} is not declared; call `declare` before `renamed`")]
    #[non_exhaustive]
    RenameUndeclared {
        /// The new name.
        name: String,
    },

    /// Nested layers disagree about a renamed cookie: one layer renames a name that another one declares
    /// or renames to another name.
    #[error(
        "cookie {name:?}: a CookieLayer renames it to {new_name:?}, but a nested one declares or \
         renames it too; declare and rename it in one layer"
    )]
    #[non_exhaustive]
    RenameConflict {
        /// The previous name.
        name: String,
        /// The new name in one of the layers.
        new_name: String,
    },

    /// Nested layers declare one name with different scopes.
    #[error(
        "cookie {name:?}: an outer CookieLayer declares it with {outer} and an inner one with \
         {inner}; declare it once"
    )]
    #[non_exhaustive]
    DeclarationConflict {
        /// The cookie's name.
        name: String,
        /// The scope in the outer layer.
        outer: Scope,
        /// The scope in the inner layer.
        inner: Scope,
    },

    /// `retire` was called for a name that is not declared.
    #[error("cookie {name:?} is not declared; call `declare` before `retire`")]
    #[non_exhaustive]
    RetireUndeclared {
        /// The cookie's name.
        name: String,
    },

    /// `retire` was called with the declared scope.
    #[error(
        "cookie {name:?}: {scope} is the declared scope, so retiring it would delete the cookie; \
         retire previous scopes only"
    )]
    #[non_exhaustive]
    RetireDeclared {
        /// The cookie's name.
        name: String,
        /// The declared scope.
        scope: Scope,
    },

    /// `retire` was called twice with one scope.
    #[error("cookie {name:?}: {scope} is given twice to `retire` or `renamed`; give it once")]
    #[non_exhaustive]
    AlreadyRetired {
        /// The cookie's name.
        name: String,
        /// The retired scope.
        scope: Scope,
    },
}

impl CookieError {
    /// The status of a response that reports this error.
    ///
    /// It is 400 if the client's request is at fault: a cookie is missing or forged, its signature
    /// or session is too old, its signed value is not JSON of the requested type, or the host does not
    /// domain-match the Domain (Django's `DisallowedHost` is a 400 too). It is also 400 if the Domain is
    /// a single label or a public suffix, and not the host. It is 500 for every other error.
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
            Self::MissingCookie { .. }
            | Self::DomainMismatch { .. }
            | Self::InvalidDomain {
                reason: AttributeReason::SingleLabel | AttributeReason::PublicSuffix,
                ..
            } => StatusCode::BAD_REQUEST,
            #[cfg(any(feature = "signed", feature = "private"))]
            Self::BadSignature { .. } => StatusCode::BAD_REQUEST,
            #[cfg(feature = "signed")]
            Self::SignatureExpired { .. } => StatusCode::BAD_REQUEST,
            #[cfg(feature = "dumps")]
            Self::BadPayload {
                reason: PayloadReason::Unserializable,
                ..
            } => StatusCode::INTERNAL_SERVER_ERROR,
            #[cfg(feature = "dumps")]
            Self::BadPayload { .. } => StatusCode::BAD_REQUEST,
            #[cfg(feature = "sessions")]
            Self::SessionExpired { .. } => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The name of the cookie, if the error is about one.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer};
    ///
    /// let jar = CookieLayer::new().jar(&http::Request::new(()));
    /// assert_eq!(jar.require("session").unwrap_err().name(), Some("session"));
    /// assert_eq!(CookieError::MissingLayer.name(), None);
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::MissingLayer | Self::InvalidHost { .. } | Self::Parse(_) => None,
            #[cfg(feature = "signed")]
            Self::InvalidKey { .. } => None,
            #[cfg(any(feature = "signed", feature = "private"))]
            Self::BadSignature { name } | Self::MissingKey { name, .. } => Some(name),
            #[cfg(feature = "signed")]
            Self::SignatureExpired { name, .. } => Some(name),
            #[cfg(feature = "dumps")]
            Self::BadPayload { name, .. } => Some(name),
            #[cfg(feature = "sessions")]
            Self::InvalidSession { name, .. } | Self::SessionExpired { name } => Some(name),
            #[cfg(feature = "sessions")]
            Self::UnreadableEntry { .. } | Self::UnserializableEntry { .. } => None,
            #[cfg(feature = "messages")]
            Self::MessagesTooLong { name, .. } => Some(name),
            #[cfg(any(feature = "sessions", feature = "csrf"))]
            Self::NoRandomBytes => None,
            Self::NoResponse { name }
            | Self::ResponseStarted { name }
            | Self::MissingCookie { name }
            | Self::InvalidName { name }
            | Self::ReservedName { name }
            | Self::ControlCharacter { name }
            | Self::InvalidValue { name }
            | Self::InvalidPath { name, .. }
            | Self::InvalidDomain { name, .. }
            | Self::TooLong { name, .. }
            | Self::HostPrefixDomain { name, .. }
            | Self::HostPrefixPath { name, .. }
            | Self::SecureRequired { name, .. }
            | Self::HttpOnlyRequired { name, .. }
            | Self::DomainMismatch { name, .. }
            | Self::ScopeMismatch { name, .. }
            | Self::Downgrade { name, .. }
            | Self::Undeclared { name }
            | Self::AmbiguousScope { name, .. }
            | Self::AlreadyDeclared { name }
            | Self::Renamed { name, .. }
            | Self::RenameUndeclared { name }
            | Self::RenameConflict { name, .. }
            | Self::DeclarationConflict { name, .. }
            | Self::RetireUndeclared { name }
            | Self::RetireDeclared { name, .. }
            | Self::AlreadyRetired { name, .. } => Some(name),
        }
    }
}

/// The reason why a session cannot be read or written: in [`CookieError::InvalidSession`].
#[cfg(feature = "sessions")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionReason {
    /// It is a pickle (Python's own binary format), from Django's engine `cache` or from a
    /// `PickleSerializer`.
    Pickled,
    /// It is not JSON, or not encoded as by Django's `signing.dumps`.
    NotJson,
    /// It is JSON, but not an object.
    NotObject,
    /// Its arrays and objects are nested more than 1000 levels deep.
    TooDeep,
    /// It takes more than 1 MiB as JSON.
    TooLong,
}

#[cfg(feature = "sessions")]
impl fmt::Display for SessionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pickled => {
                "is pickled, which only Python reads; configure Django's session engine `db` or \
                 `cached_db`, and its JSONSerializer"
            }
            Self::NotJson => "is not JSON; set Django's SESSION_SERIALIZER to its JSONSerializer",
            Self::NotObject => "is not a JSON object; write sessions with `Sessions::encode`",
            Self::TooDeep => "is nested more than 1000 levels deep; store flatter values",
            Self::TooLong => "takes more than 1 MiB as JSON; store large values elsewhere",
        })
    }
}

/// The reason why a Path or a Domain is invalid: in [`CookieError::InvalidPath`] and
/// [`CookieError::InvalidDomain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributeReason {
    /// It contains a control character. Browsers drop the cookie or cut the attribute there.
    ControlCharacter,
    /// It contains a `;`, which starts another attribute.
    Semicolon,
    /// It contains a character outside of ASCII.
    NonAscii,
    /// It starts or ends with white space, which browsers trim.
    OuterWhiteSpace,
    /// It is longer than 1024 bytes, so browsers ignore it (RFC 6265bis §5.6).
    TooLong,
    /// The Path does not start with `/`, so browsers use the default-path instead.
    NotAbsolute,
    /// The Path of a declared or retired cookie is empty: its scope would depend on the request.
    Empty,
    /// The Path contains a character that browsers percent-encode in URLs, or that ends the path of a
    /// URL. So browsers would store the cookie but never send it.
    NeverSent,
    /// The Path contains a segment such as `..` or `%2e`, which browsers resolve in URLs. So they would
    /// store the cookie but never send it.
    DotSegment,
    /// The Domain is a single label, such as `com`, and not the request's host.
    SingleLabel,
    /// The Domain is a public suffix by
    /// [`CookieLayer::public_suffixes`](crate::CookieLayer::public_suffixes), and not the request's
    /// host.
    PublicSuffix,
    /// The Domain contains a character that hosts cannot contain, such as `/`, `*` or a space.
    InvalidCharacter,
    /// The Domain starts with two dots.
    Dot,
    /// The Domain has a port, but cookies are not bound to ports.
    Port,
}

impl fmt::Display for AttributeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlCharacter => "contains a control character; remove it",
            Self::Semicolon => {
                "contains a `;`, which ends an attribute; percent-encode it in a Path, remove it \
                 from a Domain"
            }
            Self::NonAscii => {
                "contains non-ASCII characters; percent-encode a Path, write a Domain in its \
                 `xn--` form"
            }
            Self::OuterWhiteSpace => "starts or ends with white space; trim it",
            Self::TooLong => "is longer than 1024 bytes, so browsers ignore it; shorten it",
            Self::NotAbsolute => "does not start with `/`; write it from the root",
            Self::Empty => {
                "is empty, so the cookie's scope would depend on the request; give a Path"
            }
            Self::NeverSent => {
                "contains a character that browsers never send in a URL path, so the cookie would \
                 never be sent"
            }
            Self::DotSegment => {
                "contains a dot segment, which browsers resolve, so the cookie would never be sent"
            }
            Self::SingleLabel => {
                "is a single label and not the request's host, so browsers drop the cookie; use the \
                 host or a parent of it"
            }
            Self::PublicSuffix => {
                "is a public suffix, so browsers drop the cookie; use the host or a parent of it"
            }
            Self::InvalidCharacter => "contains a character that hosts cannot contain; remove it",
            Self::Dot => "starts with two dots; remove them",
            Self::Port => "has a port, but cookies are not bound to ports; remove it",
        })
    }
}

/// The Path to use in place of one that is never sent.
struct PathHint<'a>(&'a str, AttributeReason);

impl fmt::Display for PathHint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            AttributeReason::NeverSent | AttributeReason::DotSegment => {
                // The Path in the error is cut if it is long.
                if !self.0.ends_with('…') {
                    write!(f, "; use {:?}", bounded(&as_sent(self.0)))?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// The reason why a fixed host is invalid: in [`CookieError::InvalidHost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostReason {
    /// It is empty.
    Empty,
    /// It is a URL, or a host with a path.
    Url,
    /// It has a port, or it is an invalid IPv6 address.
    Port,
    /// It contains a character that hosts cannot contain, starts with a dot, contains two
    /// successive dots, or is longer than 255 bytes.
    Invalid,
}

impl fmt::Display for HostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty; give a host, such as `www.example.com`",
            Self::Url => "is a URL or has a path; give the host alone, such as `www.example.com`",
            Self::Port => "has a port, but cookies are not bound to ports; remove it",
            Self::Invalid => "is not a host; give one such as `www.example.com`",
        })
    }
}

/// The reason why a cookie requires `Secure`: in [`CookieError::SecureRequired`].
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

/// The maximum number of scopes in a message. The error itself contains all of them.
const MAX_SCOPES_SHOWN: usize = 8;

struct ScopeList<'a>(&'a [Scope]);

impl fmt::Display for ScopeList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, others) = self.0.split_at(self.0.len().min(MAX_SCOPES_SHOWN));
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
