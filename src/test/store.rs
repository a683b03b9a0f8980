//! The cookies that a browser would store, and those that it would send.

use std::cmp::Reverse;
use std::fmt;

use cookie::time::{Date, Duration, OffsetDateTime, Time};
use cookie::{Cookie, SameSite};
use cookie_store::{CookieDomain, CookieExpiration};
use http::HeaderValue;
use url::{Host, Url};

use super::error::{RejectReason, RejectedCookie};
use super::received;
use crate::quote::unquote;
use crate::scope::{
    Identity, Prefix, PublicSuffixes, ScopeRef, domain_match, is_listed, is_single_label,
};
use crate::set_cookie::validate::MAX_PAIR;

/// The maximum number of cookies in Chromium.
const MAX_COOKIES: usize = 3300;

/// The stored cookies, in the order of their creation. No two of them have the same name, host or
/// Domain, Path and Partitioned.
///
/// The crate `cookie_store` matches each cookie with a URL. Its own store is not used, because it
/// does not distinguish a host-only cookie from one with that host as its Domain, and has no rules
/// for prefixes.
#[derive(Clone, Default)]
pub(super) struct Store {
    cookies: Vec<cookie_store::Cookie<'static>>,
    /// How far the store's clock is ahead of the system's.
    clock_offset: Duration,
    pub(super) public_suffixes: Option<PublicSuffixes>,
}

impl Store {
    /// Stores the cookie of a `Set-Cookie` header received from `url` (RFC 6265bis §5.7).
    pub(super) fn receive(
        &mut self,
        header: &HeaderValue,
        url: &Url,
    ) -> Result<(), RejectedCookie> {
        let text = String::from_utf8_lossy(header.as_bytes());
        let Some((raw, domain)) = received::parse(&text) else {
            return Err(RejectedCookie {
                name: String::new(),
                reason: RejectReason::Nameless,
            });
        };
        let rejected = |reason| RejectedCookie {
            name: raw.name().to_owned(),
            reason,
        };
        if let Some(reason) = reject_reason(&raw, domain, url) {
            return Err(rejected(reason));
        }
        let domain = effective_domain(domain, url, self.public_suffixes).map_err(rejected)?;
        // `received::expiry` computes the expiry, not `cookie_store`.
        let mut rest = raw.clone();
        rest.unset_expires();
        rest.set_max_age(None);
        let mut cookie = cookie_store::Cookie::try_from_raw_cookie(&rest, url)
            .map_err(|_| rejected(RejectReason::Domain))?;
        cookie.domain = domain;
        cookie.expires = match received::expiry(&raw, self.now()) {
            Some(expiry) => CookieExpiration::AtUtc(expiry),
            None => CookieExpiration::SessionEnd,
        };

        let now = self.now();
        self.cookies.retain(|stored| !stored.expires_by(&now));
        if !is_trustworthy(url)
            && self
                .cookies
                .iter()
                .any(|stored| would_hide(stored, &cookie))
        {
            return Err(rejected(RejectReason::HidesSecureCookie));
        }
        let place = self
            .cookies
            .iter()
            .position(|stored| is_same(stored, &cookie));
        match (place, cookie.expires_by(&now)) {
            (Some(place), true) => drop(self.cookies.remove(place)),
            (Some(place), false) => self.cookies[place] = cookie,
            (None, true) => {}
            (None, false) => {
                if self.cookies.len() == MAX_COOKIES {
                    self.cookies.remove(0);
                }
                self.cookies.push(cookie);
            }
        }
        Ok(())
    }

    /// Returns the `Cookie` header for `url`, or `None` if no cookie matches (RFC 6265 §5.4).
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let mut url = url.clone();
        if is_trustworthy(&url) {
            // `cookie_store` recognises fewer hosts as localhost.
            url.set_scheme("https").expect("http can become https");
        }
        let mut cookies: Vec<_> = self.live().filter(|cookie| cookie.matches(&url)).collect();
        cookies.sort_by_key(|cookie| Reverse(cookie.path.len()));
        let pairs: Vec<_> = cookies
            .iter()
            .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
            .collect();
        (!pairs.is_empty()).then(|| {
            HeaderValue::from_bytes(pairs.join("; ").as_bytes())
                .expect("names and values come from valid headers")
        })
    }

    pub(super) fn advance(&mut self, time: Duration) {
        self.clock_offset = self.clock_offset.saturating_add(time);
    }

    /// Removes the session cookies.
    pub(super) fn end_session(&mut self) {
        self.cookies.retain(cookie_store::Cookie::is_persistent);
    }

    pub(super) fn clear(&mut self) {
        self.cookies.clear();
    }

    /// Returns every cookie that has not expired, with its value unquoted as a handler reads it.
    pub(super) fn cookies(&self) -> Vec<Cookie<'static>> {
        self.live()
            .map(|stored| {
                let mut cookie = Cookie::clone(stored);
                let mut value = String::new();
                unquote(stored.value(), &mut value);
                cookie.set_value(value);
                cookie.set_path(String::from(&stored.path));
                if let CookieExpiration::AtUtc(expiry) = stored.expires {
                    cookie.set_expires(expiry);
                }
                match &stored.domain {
                    CookieDomain::Suffix(domain) => cookie.set_domain(domain.clone()),
                    _ => cookie.unset_domain(),
                }
                cookie
            })
            .collect()
    }

    fn live(&self) -> impl Iterator<Item = &cookie_store::Cookie<'static>> {
        let now = self.now();
        self.cookies
            .iter()
            .filter(move |cookie| !cookie.expires_by(&now))
    }

    /// Returns the store's time. It never passes the expiry of a cookie with the longest lifetime.
    fn now(&self) -> OffsetDateTime {
        let latest = Date::MAX.with_time(Time::MIDNIGHT).assume_utc();
        let now = OffsetDateTime::now_utc();
        now.checked_add(self.clock_offset).unwrap_or(latest)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.live().map(|cookie| cookie.name()))
            .finish()
    }
}

/// Returns why browsers drop the cookie, for all reasons but a Domain that the host does not match.
fn reject_reason(cookie: &Cookie<'_>, domain: Option<&str>, url: &Url) -> Option<RejectReason> {
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
    if cookie.name().len() + cookie.value().len() > MAX_PAIR {
        Some(RejectReason::TooLong)
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

/// Returns the Domain of the cookie, or the host for a host-only cookie (RFC 6265bis §5.7). There
/// is no list of public suffixes.
fn effective_domain(
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
    let is_public_suffix = is_single_label(&domain) || is_listed(&domain, public_suffixes);
    if domain == host && (!is_name || is_public_suffix) {
        Ok(CookieDomain::HostOnly(domain))
    } else if !domain_match(host, &domain) {
        Err(RejectReason::Domain)
    } else if is_public_suffix {
        Err(RejectReason::PublicSuffix)
    } else {
        Ok(CookieDomain::Suffix(domain))
    }
}

/// Returns true if browsers accept `Secure` cookies from this URL and send them to it. That is the
/// case for HTTPS, localhost and loopback addresses.
fn is_trustworthy(url: &Url) -> bool {
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

/// Returns true if both cookies have the same name, host or Domain, Path and Partitioned.
fn is_same(one: &cookie_store::Cookie<'_>, other: &cookie_store::Cookie<'_>) -> bool {
    one.domain == other.domain && identity(one) == identity(other)
}

fn identity<'a>(cookie: &'a cookie_store::Cookie<'_>) -> Identity<'a> {
    Identity {
        name: cookie.name(),
        scope: ScopeRef {
            domain: match &cookie.domain {
                CookieDomain::Suffix(domain) => domain,
                _ => "",
            },
            path: &cookie.path,
            partitioned: cookie.partitioned() == Some(true),
        },
    }
}

/// Returns true if `stored` is `Secure` and `new` would replace or hide it (RFC 6265bis §5.7).
fn would_hide(stored: &cookie_store::Cookie<'_>, new: &cookie_store::Cookie<'_>) -> bool {
    let (Some(one), Some(other)) = (stored.domain.as_cow(), new.domain.as_cow()) else {
        return false;
    };
    let path_matches = |path: &str, cookie_path: &str| {
        path.strip_prefix(cookie_path).is_some_and(|rest| {
            rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/')
        })
    };
    stored.secure() == Some(true)
        && stored.name() == new.name()
        && (one == other || domain_match(&one, &other) || domain_match(&other, &one))
        && path_matches(&new.path, &stored.path)
}
