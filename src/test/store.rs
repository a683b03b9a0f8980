//! The cookies that a browser would keep, and those that it would send.

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
use crate::scope::{Prefix, domain_match};
use crate::set_cookie::MAX_PAIR;

/// As many as Chromium keeps.
const MOST: usize = 3300;

/// Apart by name, Domain, host-only, Path and Partitioned, in the order of their creation.
///
/// `cookie_store` matches each cookie with URLs; its own store has one place for a host-only cookie
/// and one with that host as its Domain, and none of the rules for prefixes.
#[derive(Clone, Default)]
pub(super) struct Store {
    cookies: Vec<cookie_store::Cookie<'static>>,
    /// How far the store's clock is ahead.
    ahead: Duration,
}

impl Store {
    /// Takes a set-cookie-string that came from `url` (RFC 6265bis §5.7).
    pub(super) fn receive(&mut self, field: &HeaderValue, url: &Url) -> Result<(), RejectedCookie> {
        let text = String::from_utf8_lossy(field.as_bytes());
        let Some((raw, domain)) = received::parse(&text) else {
            return Err(RejectedCookie {
                name: String::new(),
                reason: RejectReason::Nameless,
            });
        };
        let refused = |reason| RejectedCookie {
            name: raw.name().to_owned(),
            reason,
        };
        if let Some(reason) = refusal(&raw, domain, url) {
            return Err(refused(reason));
        }
        let domain = home(domain, url).map_err(refused)?;
        // What is worked out here is not left to `cookie_store`.
        let mut rest = raw.clone();
        rest.unset_expires();
        rest.set_max_age(None);
        let mut cookie = cookie_store::Cookie::try_from_raw_cookie(&rest, url)
            .map_err(|_| refused(RejectReason::Domain))?;
        cookie.domain = domain;
        cookie.expires = match received::end(&raw, self.now()) {
            Some(end) => CookieExpiration::AtUtc(end),
            None => CookieExpiration::SessionEnd,
        };

        let now = self.now();
        self.cookies.retain(|there| !there.expires_by(&now));
        if !is_trustworthy(url) && self.cookies.iter().any(|there| is_overlaid(there, &cookie)) {
            return Err(refused(RejectReason::SecureCookieThere));
        }
        let place = self
            .cookies
            .iter()
            .position(|there| is_same(there, &cookie));
        match (place, cookie.expires_by(&now)) {
            (Some(place), true) => drop(self.cookies.remove(place)),
            (Some(place), false) => self.cookies[place] = cookie,
            (None, true) => {}
            (None, false) => {
                if self.cookies.len() == MOST {
                    self.cookies.remove(0);
                }
                self.cookies.push(cookie);
            }
        }
        Ok(())
    }

    /// The cookie-string for `url`, if there is one (RFC 6265 §5.4).
    pub(super) fn field(&self, url: &Url) -> Option<HeaderValue> {
        let mut url = url.clone();
        if is_trustworthy(&url) {
            // `cookie_store` knows fewer hosts to be this machine.
            url.set_scheme("https").expect("from one to the other");
        }
        let mut cookies: Vec<_> = self.live().filter(|cookie| cookie.matches(&url)).collect();
        cookies.sort_by_key(|cookie| Reverse(cookie.path.len()));
        let pairs: Vec<_> = cookies
            .iter()
            .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
            .collect();
        (!pairs.is_empty()).then(|| {
            HeaderValue::from_bytes(pairs.join("; ").as_bytes())
                .expect("what came in a field fits into one")
        })
    }

    /// Lets time pass.
    pub(super) fn advance(&mut self, time: std::time::Duration) {
        let time = Duration::try_from(time).unwrap_or(Duration::MAX);
        self.ahead = self.ahead.saturating_add(time);
    }

    /// Forgets what lasts as long as the session.
    pub(super) fn end_session(&mut self) {
        self.cookies.retain(cookie_store::Cookie::is_persistent);
    }

    pub(super) fn clear(&mut self) {
        self.cookies.clear();
    }

    /// Every cookie, with its value as a handler reads it.
    pub(super) fn cookies(&self) -> Vec<Cookie<'static>> {
        self.live()
            .map(|stored| {
                let mut cookie = Cookie::clone(stored);
                let mut value = String::new();
                unquote(stored.value(), &mut value);
                cookie.set_value(value);
                cookie.set_path(String::from(&stored.path));
                if let CookieExpiration::AtUtc(end) = stored.expires {
                    cookie.set_expires(end);
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

    /// Never so late that the longest lifetimes are over.
    fn now(&self) -> OffsetDateTime {
        let latest = Date::MAX.with_time(Time::MIDNIGHT).assume_utc();
        let now = OffsetDateTime::now_utc();
        now.checked_add(self.ahead).unwrap_or(latest)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.live().map(|cookie| cookie.name()))
            .finish()
    }
}

/// What is wrong with the cookie itself, before its Domain is held against the host.
fn refusal(cookie: &Cookie<'_>, domain: Option<&str>, url: &Url) -> Option<RejectReason> {
    let prefix = Prefix::of(cookie.name());
    let is_secure = cookie.secure() == Some(true);
    let needs_secure = prefix.is_some()
        || cookie.same_site() == Some(SameSite::None)
        || cookie.partitioned() == Some(true);
    let is_name = matches!(url.host(), Some(Host::Domain(_)));
    // An address belongs to no Domain but itself.
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

/// The Domain, or the host of a cookie without one (RFC 6265bis §5.7, public suffixes aside).
fn home(domain: Option<&str>, url: &Url) -> Result<CookieDomain, RejectReason> {
    let host = url.host_str().ok_or(RejectReason::Domain)?;
    let Some(domain) = domain else {
        return Ok(CookieDomain::HostOnly(host.to_owned()));
    };
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    if domain.is_empty() || !domain.is_ascii() {
        return Err(RejectReason::Domain);
    }
    let domain = domain.to_ascii_lowercase();
    let has_parent = |domain: &str| domain.trim_end_matches('.').contains('.');
    let is_name = matches!(url.host(), Some(Host::Domain(_)));
    if domain == host && !(is_name && has_parent(host)) {
        Ok(CookieDomain::HostOnly(domain))
    } else if !domain_match(host, &domain) {
        Err(RejectReason::Domain)
    } else if has_parent(&domain) {
        Ok(CookieDomain::Suffix(domain))
    } else {
        Err(RejectReason::PublicSuffix)
    }
}

/// Whether browsers take `Secure` cookies from there, and send them: over TLS and on this machine.
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

/// Whether two cookies are one (RFC 6265bis §5.7, and the partition of CHIPS).
fn is_same(one: &cookie_store::Cookie<'_>, other: &cookie_store::Cookie<'_>) -> bool {
    one.name() == other.name()
        && one.domain == other.domain
        && *one.path == *other.path
        && (one.partitioned() == Some(true)) == (other.partitioned() == Some(true))
}

/// Whether `new` would hide a `Secure` cookie (RFC 6265bis §5.7, "leave secure cookies alone").
fn is_overlaid(there: &cookie_store::Cookie<'_>, new: &cookie_store::Cookie<'_>) -> bool {
    let (Some(one), Some(other)) = (there.domain.as_cow(), new.domain.as_cow()) else {
        return false;
    };
    let is_below = |path: &str, above: &str| {
        path.strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || above.ends_with('/') || rest.starts_with('/'))
    };
    there.secure() == Some(true)
        && there.name() == new.name()
        && (one == other || domain_match(&one, &other) || domain_match(&other, &one))
        && is_below(&new.path, &there.path)
}
