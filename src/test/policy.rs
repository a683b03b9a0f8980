//! The rules by which browsers accept or drop a cookie, and the site that it belongs to.

use std::net::Ipv4Addr;

use cookie::{Cookie, SameSite};
use cookie_store::CookieDomain;
use url::{Host, Url};

use super::error::RejectReason;
use crate::scope::{Prefix, PublicSuffixes, domain_match, is_listed, is_single_label};
use crate::set_cookie::validate::MAX_PAIR;

/// Returns why browsers drop the cookie. Does not check if the host may set this Domain, and does not
/// depend on stored cookies.
pub(super) fn reject_reason(
    cookie: &Cookie<'_>,
    domain: Option<&str>,
    url: &Url,
) -> Option<RejectReason> {
    let prefix = Prefix::of(cookie.name());
    let is_secure = cookie.secure() == Some(true);
    let needs_secure = prefix.is_some()
        || cookie.same_site() == Some(SameSite::None)
        || cookie.partitioned() == Some(true);
    let is_name = matches!(url.host(), Some(Host::Domain(_)));
    // An IP address domain-matches only itself.
    let is_host_only = domain.is_none_or(|domain| !is_name && url.host_str() == Some(domain))
        && cookie.path() == Some("/");
    let is_http_only = cookie.http_only() == Some(true);
    let has_control = |path: &str| path.bytes().any(|byte| byte.is_ascii_control());
    if cookie.name().len() + cookie.value().len() > MAX_PAIR {
        Some(RejectReason::TooLong)
    } else if cookie.path().is_some_and(has_control) {
        Some(RejectReason::Path)
    } else if is_secure && !is_trustworthy(url) {
        Some(RejectReason::InsecureOrigin)
    } else if needs_secure && !is_secure {
        Some(RejectReason::NotSecure)
    } else if prefix.is_some_and(Prefix::is_host_only) && !is_host_only {
        Some(RejectReason::NotHostOnly)
    } else if prefix.is_some_and(Prefix::is_http_only) && !is_http_only {
        Some(RejectReason::NotHttpOnly)
    } else {
        None
    }
}

/// Returns the Domain of the cookie, or the host for a host-only cookie (RFC 6265bis §5.7).
///
/// As in Chromium and Firefox, a Domain that covers more than the site of the host is treated as a
/// public suffix, even if the list does not contain it. An example is `amazonaws.com` for a host below
/// the public suffix `s3.amazonaws.com`.
pub(super) fn effective_domain(
    domain: Option<&str>,
    url: &Url,
    public_suffixes: Option<PublicSuffixes>,
) -> Result<CookieDomain, RejectReason> {
    let host = url.host_str().ok_or(RejectReason::Domain)?;
    let Some(domain) = domain else {
        return Ok(CookieDomain::HostOnly(host.to_owned()));
    };
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    if domain.is_empty() || !domain.is_ascii() {
        return Err(RejectReason::Domain);
    }
    let domain = domain.to_ascii_lowercase();
    let is_name = matches!(url.host(), Some(Host::Domain(_)));
    if domain == host && (!is_name || is_public_suffix(&domain, public_suffixes)) {
        Ok(CookieDomain::HostOnly(domain))
    } else if !domain_match(host, &domain) {
        Err(RejectReason::Domain)
    } else if domain_match(&domain, site(host, public_suffixes)) {
        Ok(CookieDomain::Suffix(domain))
    } else {
        Err(RejectReason::PublicSuffix)
    }
}

/// Returns the site of `host`, which must be serialized as in the URL standard. The site is the
/// registrable domain: the longest public suffix and one more label. An IP address and a public suffix
/// are sites of their own.
///
/// Without a list, only the last label is a public suffix.
pub(super) fn site(host: &str, public_suffixes: Option<PublicSuffixes>) -> &str {
    if host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() {
        return host;
    }
    let mut site = host;
    let mut parent = host;
    while !is_public_suffix(parent, public_suffixes) {
        site = parent;
        match parent.split_once('.') {
            Some((_, rest)) => parent = rest,
            None => break,
        }
    }
    site
}

fn is_public_suffix(domain: &str, public_suffixes: Option<PublicSuffixes>) -> bool {
    is_single_label(domain) || is_listed(domain, public_suffixes)
}

/// Returns true if browsers accept `Secure` cookies from this URL and send them to it. That is the
/// case for HTTPS, localhost and loopback addresses.
pub(super) fn is_trustworthy(url: &Url) -> bool {
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Domain(host)) => {
                let host = host.strip_suffix('.').unwrap_or(host);
                host == "localhost" || host.ends_with(".localhost")
            }
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}
