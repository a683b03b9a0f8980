//! Checks of a cookie's name, value and attributes. Those that browsers would drop or misread are
//! errors.

use std::net::Ipv6Addr;

use cookie::SameSite;

use crate::display::{bounded, display_name};
use crate::error::{AttributeReason, CookieError, SecureReason};
use crate::quote::{class, classes};
use crate::scope::Prefix;
use crate::set_cookie::attributes::Attributes;
use crate::set_cookie::value::Value;
use crate::url_path::{NeverSent, never_sent};

/// RFC 6265bis §5.6: browsers drop a cookie with a longer name and value.
pub(crate) const MAX_PAIR: usize = 4096;
/// RFC 6265bis §5.6: browsers ignore a longer attribute.
pub(crate) const MAX_ATTRIBUTE: usize = 1024;

/// `Morsel._reserved` of the newest `CPython`.
const RESERVED: [&str; 10] = [
    "expires",
    "path",
    "comment",
    "domain",
    "max-age",
    "secure",
    "httponly",
    "version",
    "samesite",
    "partitioned",
];

pub(super) fn check_name(name: &str) -> Result<(), CookieError> {
    if name.is_empty() || classes(name) != 0 {
        return Err(CookieError::InvalidName {
            name: display_name(name),
        });
    }
    if RESERVED
        .iter()
        .any(|reserved| name.eq_ignore_ascii_case(reserved))
    {
        return Err(CookieError::ReservedName {
            name: display_name(name),
        });
    }
    Ok(())
}

/// Accepts every name that a browser can store, since a request may contain it.
pub(super) fn check_name_to_delete(name: &str) -> Result<(), CookieError> {
    let is_refused = |c: char| match c {
        ';' | '=' | char::REPLACEMENT_CHARACTER => true,
        c => c.is_ascii_control() && c != '\t',
    };
    let is_trimmed = name.trim_matches([' ', '\t']).len() == name.len();
    if name.is_empty() || !is_trimmed || name.contains(is_refused) {
        return Err(CookieError::InvalidName {
            name: display_name(name),
        });
    }
    Ok(())
}

/// Returns the length of the value as it is written.
pub(super) fn check_value(name: &str, value: Value<'_>) -> Result<usize, CookieError> {
    let classes = classes(value.as_str());
    if classes & class::CONTROL != 0 {
        return Err(CookieError::ControlCharacter {
            name: display_name(name),
        });
    }
    let value_len = value.len(classes);
    let len = name.len() + value_len;
    if len > MAX_PAIR {
        return Err(CookieError::TooLong {
            name: display_name(name),
            len,
        });
    }
    Ok(value_len)
}

/// Accepts a cookie-value (RFC 6265 §4.1.1): cookie-octets, or cookie-octets between quotes. Does not
/// reject control characters: [`check_value`] does.
pub(crate) fn check_verbatim(name: &str, text: &str) -> Result<(), CookieError> {
    let octets = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let is_octet = |byte: u8| match byte {
        b' ' | b'"' | b',' | b';' | b'\\' => false,
        byte => byte.is_ascii(),
    };
    if octets.bytes().all(is_octet) {
        Ok(())
    } else {
        Err(CookieError::InvalidValue {
            name: display_name(name),
        })
    }
}

/// Checks all attributes, and adds the `Secure` and `HttpOnly` that browsers require.
pub(super) fn check_attributes(
    name: &str,
    attributes: &mut Attributes<'_>,
) -> Result<(), CookieError> {
    check_path(name, attributes)?;
    check_domain(name, attributes)?;
    let prefix = Prefix::of(name);
    check_prefix(name, prefix, attributes)?;
    require_secure(name, prefix, attributes)?;
    require_http_only(name, prefix, attributes)
}

fn check_path(name: &str, attributes: &Attributes<'_>) -> Result<(), CookieError> {
    match attributes
        .path
        .and_then(|path| Some((path, invalid_path(path)?)))
    {
        None => Ok(()),
        Some((path, reason)) => Err(CookieError::InvalidPath {
            name: display_name(name),
            path: bounded(path),
            reason,
        }),
    }
}

fn check_domain(name: &str, attributes: &Attributes<'_>) -> Result<(), CookieError> {
    let domain = attributes.domain;
    match domain.and_then(|domain| Some((domain, invalid_domain(domain)?))) {
        None => Ok(()),
        Some((domain, reason)) => Err(CookieError::InvalidDomain {
            name: display_name(name),
            domain: bounded(domain),
            reason,
        }),
    }
}

/// Browsers store a cookie whose Path no URL contains, but never send it.
pub(super) fn check_path_is_sent(
    name: &str,
    attributes: &Attributes<'_>,
) -> Result<(), CookieError> {
    let Some(path) = attributes.path else {
        return Ok(());
    };
    let reason = match never_sent(path) {
        None => return Ok(()),
        Some(NeverSent::Character) => AttributeReason::NeverSent,
        Some(NeverSent::DotSegment) => AttributeReason::DotSegment,
    };
    Err(CookieError::InvalidPath {
        name: display_name(name),
        path: bounded(path),
        reason,
    })
}

/// `__Host-` and `__Host-Http-` allow no Domain, and no Path other than `/`.
fn check_prefix(
    name: &str,
    prefix: Option<Prefix>,
    attributes: &Attributes<'_>,
) -> Result<(), CookieError> {
    if !prefix.is_some_and(Prefix::is_host_only) {
        return Ok(());
    }
    if let Some(domain) = attributes.domain.filter(|domain| !domain.is_empty()) {
        return Err(CookieError::HostPrefixDomain {
            name: display_name(name),
            domain: bounded(domain),
        });
    }
    if let Some(path) = attributes.path.filter(|&path| path != "/") {
        return Err(CookieError::HostPrefixPath {
            name: display_name(name),
            path: bounded(path),
        });
    }
    Ok(())
}

fn require_secure(
    name: &str,
    prefix: Option<Prefix>,
    attributes: &mut Attributes<'_>,
) -> Result<(), CookieError> {
    let Some(reason) = secure_reason(prefix, attributes) else {
        return Ok(());
    };
    if attributes.secure == Some(false) {
        return Err(CookieError::SecureRequired {
            name: display_name(name),
            reason,
        });
    }
    attributes.secure = Some(true);
    Ok(())
}

fn require_http_only(
    name: &str,
    prefix: Option<Prefix>,
    attributes: &mut Attributes<'_>,
) -> Result<(), CookieError> {
    let Some(prefix) = prefix.filter(|prefix| prefix.is_http_only()) else {
        return Ok(());
    };
    if attributes.http_only == Some(false) {
        return Err(CookieError::HttpOnlyRequired {
            name: display_name(name),
            prefix: prefix.as_str(),
        });
    }
    attributes.http_only = Some(true);
    Ok(())
}

/// The first reason why browsers drop the cookie unless it is `Secure`.
fn secure_reason(prefix: Option<Prefix>, attributes: &Attributes<'_>) -> Option<SecureReason> {
    if let Some(prefix) = prefix {
        Some(SecureReason::Prefix(prefix.as_str()))
    } else if attributes.same_site == Some(SameSite::None) {
        Some(SecureReason::SameSiteNone)
    } else if attributes.partitioned == Some(true) {
        Some(SecureReason::Partitioned)
    } else {
        None
    }
}

fn invalid_path(path: &str) -> Option<AttributeReason> {
    invalid_attribute(path).or_else(|| {
        (!path.is_empty() && !path.starts_with('/')).then_some(AttributeReason::NotAbsolute)
    })
}

fn invalid_domain(domain: &str) -> Option<AttributeReason> {
    invalid_attribute(domain).or_else(|| invalid_host(domain))
}

/// Returns the reason why `domain`, without its leading dot, is not a host.
fn invalid_host(domain: &str) -> Option<AttributeReason> {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_host_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if let Some((address, rest)) = domain
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return match rest.strip_prefix(':') {
            Some(port) if is_port(port) => Some(AttributeReason::Port),
            None if rest.is_empty() && address.parse::<Ipv6Addr>().is_ok() => None,
            _ => Some(AttributeReason::InvalidCharacter),
        };
    }
    if domain.starts_with('.') {
        Some(AttributeReason::Dot)
    } else if domain.bytes().all(is_host_byte) {
        None
    } else if domain
        .split_once(':')
        .is_some_and(|(_, port)| is_port(port))
    {
        Some(AttributeReason::Port)
    } else {
        Some(AttributeReason::InvalidCharacter)
    }
}

fn invalid_attribute(text: &str) -> Option<AttributeReason> {
    let classes = classes(text);
    if classes & class::CONTROL != 0 {
        Some(AttributeReason::ControlCharacter)
    } else if classes & class::ESCAPED != 0 && text.contains(';') {
        Some(AttributeReason::Semicolon)
    } else if classes & class::NON_ASCII != 0 {
        Some(AttributeReason::NonAscii)
    } else if text.starts_with(' ') || text.ends_with(' ') {
        Some(AttributeReason::OuterWhiteSpace)
    } else if text.len() > MAX_ATTRIBUTE {
        Some(AttributeReason::TooLong)
    } else {
        None
    }
}
