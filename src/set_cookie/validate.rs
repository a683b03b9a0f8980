//! What is wrong with a Path or a Domain.

use std::net::Ipv6Addr;

use crate::error::AttributeProblem;
use crate::quote::{class, classes};

/// RFC 6265bis §5.6: browsers ignore a longer attribute.
pub(crate) const MAX_ATTRIBUTE: usize = 1024;

pub(super) fn path_problem(path: &str) -> Option<(&str, AttributeProblem)> {
    let problem = attribute_problem(path).or_else(|| {
        (!path.is_empty() && !path.starts_with('/')).then_some(AttributeProblem::NotAbsolute)
    })?;
    Some((path, problem))
}

pub(super) fn domain_problem(domain: &str) -> Option<(&str, AttributeProblem)> {
    let problem = attribute_problem(domain).or_else(|| host_problem(domain))?;
    Some((domain, problem))
}

/// What keeps `domain`, without its leading dot, from being a host.
fn host_problem(domain: &str) -> Option<AttributeProblem> {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if let Some((address, rest)) = domain
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return match rest.strip_prefix(':') {
            Some(port) if is_port(port) => Some(AttributeProblem::Port),
            None if rest.is_empty() && address.parse::<Ipv6Addr>().is_ok() => None,
            _ => Some(AttributeProblem::IllegalCharacter),
        };
    }
    if domain.starts_with('.') {
        Some(AttributeProblem::Dot)
    } else if domain
        .split_once(':')
        .is_some_and(|(_, port)| is_port(port))
    {
        Some(AttributeProblem::Port)
    } else if !domain.bytes().all(is_of_name) {
        Some(AttributeProblem::IllegalCharacter)
    } else {
        None
    }
}

fn attribute_problem(text: &str) -> Option<AttributeProblem> {
    let classes = classes(text);
    if classes & class::CONTROL != 0 {
        Some(AttributeProblem::ControlCharacter)
    } else if classes & class::ESCAPED != 0 && text.contains(';') {
        Some(AttributeProblem::Semicolon)
    } else if classes & class::NON_ASCII != 0 {
        Some(AttributeProblem::NonAscii)
    } else if text.starts_with(' ') || text.ends_with(' ') {
        Some(AttributeProblem::OuterWhiteSpace)
    } else if text.len() > MAX_ATTRIBUTE {
        Some(AttributeProblem::TooLong)
    } else {
        None
    }
}
