//! What is wrong with a Path or a Domain.

use std::net::Ipv6Addr;

use crate::error::AttributeReason;
use crate::quote::{class, classes};

/// RFC 6265bis §5.6: browsers ignore a longer attribute.
pub(crate) const MAX_ATTRIBUTE: usize = 1024;

pub(super) fn path_reason(path: &str) -> Option<(&str, AttributeReason)> {
    let reason = attribute_reason(path).or_else(|| {
        (!path.is_empty() && !path.starts_with('/')).then_some(AttributeReason::NotAbsolute)
    })?;
    Some((path, reason))
}

pub(super) fn domain_reason(domain: &str) -> Option<(&str, AttributeReason)> {
    let reason = attribute_reason(domain).or_else(|| host_reason(domain))?;
    Some((domain, reason))
}

/// What keeps `domain`, without its leading dot, from being a host.
fn host_reason(domain: &str) -> Option<AttributeReason> {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if let Some((address, rest)) = domain
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return match rest.strip_prefix(':') {
            Some(port) if is_port(port) => Some(AttributeReason::Port),
            None if rest.is_empty() && address.parse::<Ipv6Addr>().is_ok() => None,
            _ => Some(AttributeReason::IllegalCharacter),
        };
    }
    if domain.starts_with('.') {
        Some(AttributeReason::Dot)
    } else if domain
        .split_once(':')
        .is_some_and(|(_, port)| is_port(port))
    {
        Some(AttributeReason::Port)
    } else if !domain.bytes().all(is_of_name) {
        Some(AttributeReason::IllegalCharacter)
    } else {
        None
    }
}

fn attribute_reason(text: &str) -> Option<AttributeReason> {
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
