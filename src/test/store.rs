//! The cookies that a browser would keep, and those that it would send.

use std::cmp::Reverse;
use std::fmt;

use cookie::{Cookie, SameSite};
use cookie_store::CookieDomain;
use http::HeaderValue;
use url::{Host, Url};

use super::error::{Refusal, Refused};
use crate::quote::unquote;
use crate::scope::{Prefix, domain_match};
use crate::set_cookie::{MAX_ATTRIBUTE, MAX_PAIR};

/// Apart by name, Domain, host-only, Path and Partitioned, in the order of their creation.
///
/// `cookie_store` reads and matches each cookie; its own store has one place for a host-only cookie
/// and one with that host as its Domain, and none of the rules for prefixes.
#[derive(Clone, Default)]
pub(super) struct Store {
    cookies: Vec<cookie_store::Cookie<'static>>,
}

impl Store {
    /// Takes a set-cookie-string that came from `url` (RFC 6265bis §5.7).
    pub(super) fn receive(&mut self, field: &HeaderValue, url: &Url) -> Result<(), Refused> {
        let text = String::from_utf8_lossy(field.as_bytes());
        let (pair, attributes) = text.split_at(text.find(';').unwrap_or(text.len()));
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let [name, value] = [name, value].map(|text| text.trim_matches([' ', '\t']));
        // `cookie` would trim all white space of Unicode off the pair.
        let Some(mut raw) = Cookie::parse(format!("pair={attributes}"))
            .ok()
            .filter(|_| !name.is_empty())
        else {
            return Err(Refused {
                name: name.to_owned(),
                reason: Refusal::Unreadable,
            });
        };
        raw.set_name(name);
        raw.set_value(value);
        if raw.path().is_some_and(|path| path.len() > MAX_ATTRIBUTE) {
            raw.unset_path();
        }
        if raw
            .domain()
            .is_some_and(|domain| domain.len() > MAX_ATTRIBUTE)
        {
            raw.unset_domain();
        }
        let refused = |reason| Refused {
            name: raw.name().to_owned(),
            reason,
        };
        if let Some(reason) = refusal(&raw, url) {
            return Err(refused(reason));
        }
        let mut cookie = cookie_store::Cookie::try_from_raw_cookie(&raw, url)
            .map_err(|_| refused(Refusal::Domain))?
            .into_owned();
        if let CookieDomain::Suffix(domain) = &cookie.domain {
            if url.host_str() == Some(domain) && is_alone(url) {
                cookie.domain = CookieDomain::HostOnly(domain.clone());
            } else if !domain.contains('.') {
                return Err(refused(Refusal::Domain));
            }
        }
        if !is_trustworthy(url) && self.cookies.iter().any(|there| is_overlaid(there, &cookie)) {
            return Err(refused(Refusal::SecureCookieThere));
        }
        let place = self
            .cookies
            .iter()
            .position(|there| is_same(there, &cookie));
        match (place, cookie.is_expired()) {
            (Some(place), true) => drop(self.cookies.remove(place)),
            (Some(place), false) => self.cookies[place] = cookie,
            (None, true) => {}
            (None, false) => self.cookies.push(cookie),
        }
        Ok(())
    }

    /// The cookie-string for `url`, if there is one (RFC 6265 §5.4).
    pub(super) fn field(&self, url: &Url) -> Option<HeaderValue> {
        let mut cookies: Vec<_> = self.live().filter(|cookie| cookie.matches(url)).collect();
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

    /// Every cookie, with its value as a handler reads it.
    pub(super) fn cookies(&self) -> Vec<Cookie<'static>> {
        self.live()
            .map(|stored| {
                let mut cookie = Cookie::clone(stored);
                let mut value = String::new();
                unquote(stored.value(), &mut value);
                cookie.set_value(value);
                cookie.set_path(String::from(&stored.path));
                match &stored.domain {
                    CookieDomain::Suffix(domain) => cookie.set_domain(domain.clone()),
                    _ => cookie.unset_domain(),
                }
                cookie
            })
            .collect()
    }

    fn live(&self) -> impl Iterator<Item = &cookie_store::Cookie<'static>> {
        self.cookies.iter().filter(|cookie| !cookie.is_expired())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.live().map(|cookie| cookie.name()))
            .finish()
    }
}

/// What is wrong with the cookie itself, before its Domain is looked at.
fn refusal(cookie: &Cookie<'_>, url: &Url) -> Option<Refusal> {
    let prefix = Prefix::of(cookie.name());
    let is_secure = cookie.secure() == Some(true);
    let needs_secure = prefix.is_some()
        || cookie.same_site() == Some(SameSite::None)
        || cookie.partitioned() == Some(true);
    let is_host_only = cookie.domain().is_none() && cookie.path() == Some("/");
    let is_http_only = cookie.http_only() == Some(true);
    if cookie.name().len() + cookie.value().len() > MAX_PAIR {
        Some(Refusal::TooLong)
    } else if is_secure && !is_trustworthy(url) {
        Some(Refusal::InsecureOrigin)
    } else if needs_secure && !is_secure {
        Some(Refusal::NotSecure)
    } else if prefix.is_some_and(Prefix::is_host_only) && !is_host_only {
        Some(Refusal::NotHostOnly)
    } else if prefix.is_some_and(Prefix::is_http_only) && !is_http_only {
        Some(Refusal::NotHttpOnly)
    } else {
        None
    }
}

/// Whether browsers take `Secure` cookies from there, and send them.
fn is_trustworthy(url: &Url) -> bool {
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Domain(host)) => host == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

/// Whether no other host can share the host's cookies: it is an address, or has no parent.
fn is_alone(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(host)) => !host.contains('.'),
        _ => true,
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
    let below = |path: &str, above: &str| {
        path.strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || above.ends_with('/') || rest.starts_with('/'))
    };
    there.secure() == Some(true)
        && !there.is_expired()
        && there.name() == new.name()
        && (domain_match(&one, &other) || domain_match(&other, &one))
        && below(&new.path, &there.path)
}
