//! The cookies that a browser would store, and those that it would send.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::fmt;

use cookie::Cookie;
use cookie::time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time};
use cookie_store::{CookieDomain, CookieExpiration};
use http::{HeaderValue, StatusCode};
use url::Url;

use super::error::{RejectReason, RejectedCookie};
use super::eviction::{Evictable, Use, evict_from_site, evict_unused};
use super::policy::{effective_domain, is_trustworthy, reject_reason, site};
use super::received;
use crate::quote::unquote;
use crate::scope::{PublicSuffixes, domain_match};

/// The stored cookies by site, in the order of their creation. No two of them have the same name,
/// host or Domain, Path and Partitioned.
///
/// The crate `cookie_store` matches each cookie with a URL. Its own store is not used, because it
/// does not distinguish a host-only cookie from one with that host as its Domain, and has no rules
/// for prefixes.
#[derive(Clone, Default)]
pub(super) struct Store {
    /// No value of the map is empty.
    sites: HashMap<String, Vec<Stored>>,
    /// The number of cookies of all sites.
    count: usize,
    /// A lower bound for the last uses of all cookies.
    first_use: Option<OffsetDateTime>,
    /// The number of cookies set and sent so far, and of requests. It orders uses at the same time.
    step: u64,
    /// The step at which the last request began.
    request: u64,
    /// The status of its last response.
    pub(super) status: Option<StatusCode>,
    /// The cookies that were rejected or evicted since then.
    pub(super) rejected: Vec<RejectedCookie>,
    /// The names of cookies that were evicted, and not set again.
    evicted: HashSet<String>,
    /// The deletes that were received since then.
    deletes: Vec<Delete>,
    /// How far the store's clock is ahead of the system's.
    clock_offset: Duration,
    public_suffixes: Option<PublicSuffixes>,
}

/// A stored cookie.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) cookie: cookie_store::Cookie<'static>,
    /// The step that created the cookie. A new value does not change it.
    created: u64,
    /// The step that set the current value.
    set: u64,
    used: Use,
}

impl Evictable for Stored {
    fn is_secure(&self) -> bool {
        self.cookie.secure() == Some(true)
    }

    fn is_partitioned(&self) -> bool {
        is_partitioned(&self.cookie)
    }

    fn used(&self) -> Use {
        self.used
    }
}

/// The scope at which a `Set-Cookie` header deleted a cookie.
#[derive(Clone)]
pub(super) struct Delete {
    pub(super) name: String,
    pub(super) domain: CookieDomain,
    pub(super) path: String,
    pub(super) partitioned: bool,
}

impl Store {
    /// Marks the beginning of a request, and clears the status, the rejected cookies and the deletes.
    pub(super) fn begin_request(&mut self) {
        self.status = None;
        self.rejected.clear();
        self.deletes.clear();
        self.step += 1;
        self.request = self.step;
    }

    /// Stores the cookie of a `Set-Cookie` header received from `url` (RFC 6265bis §5.7). Other
    /// cookies that make room for it are added to `rejected`.
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
        let now = self.now();
        let cookie = self
            .accept(&raw, domain, url, now)
            .map_err(|reason| rejected(&raw, reason))?;

        let site = site(url.host_str().unwrap_or_default(), self.public_suffixes);
        let mut overwritten = None;
        if let Some(stored) = self.sites.get_mut(site) {
            self.count -= stored.len();
            stored.retain(|stored| !stored.cookie.expires_by(&now));
            self.count += stored.len();
            if !is_trustworthy(url)
                && stored
                    .iter()
                    .any(|stored| would_hide(&stored.cookie, &cookie))
            {
                return Err(rejected(&raw, RejectReason::HidesSecureCookie));
            }
            overwritten = stored
                .iter()
                .position(|stored| is_same(&stored.cookie, &cookie));
        }
        if cookie.expires_by(&now) {
            self.delete(site, overwritten, &cookie);
            return Ok(());
        }
        self.step += 1;
        let step = self.step;
        let used = Use { time: now, step };
        if let Some(place) = overwritten {
            let stored = &mut self.sites.get_mut(site).expect("it has a cookie")[place];
            (stored.cookie, stored.set, stored.used) = (cookie, step, used);
            return Ok(());
        }
        let partitioned = is_partitioned(&cookie);
        self.evicted.remove(cookie.name());
        self.add(
            site,
            Stored {
                cookie,
                created: step,
                set: step,
                used,
            },
        );
        let mut result = Ok(());
        for evicted in self.evict(site, partitioned, now) {
            if evicted.cookie.expires_by(&now) {
                continue;
            }
            let rejected = rejected(&evicted.cookie, RejectReason::Evicted);
            self.evicted.insert(rejected.name.clone());
            // The new cookie can be the first to be evicted.
            if evicted.created == step {
                result = Err(rejected);
            } else {
                self.rejected.push(rejected);
            }
        }
        result
    }

    /// Does the same as [`receive`](Self::receive) for a cookie that no response has set, so a delete
    /// is not remembered.
    pub(super) fn set(&mut self, header: &HeaderValue, url: &Url) -> Result<(), RejectedCookie> {
        let deletes = self.deletes.len();
        let result = self.receive(header, url);
        self.deletes.truncate(deletes);
        result
    }

    /// Returns the cookie with its scope and expiry, or why browsers drop it.
    fn accept(
        &self,
        raw: &Cookie<'static>,
        domain: Option<&str>,
        url: &Url,
        now: OffsetDateTime,
    ) -> Result<cookie_store::Cookie<'static>, RejectReason> {
        if let Some(reason) = reject_reason(raw, domain, url) {
            return Err(reason);
        }
        let domain = effective_domain(domain, url, self.public_suffixes)?;
        // `received::expiry` computes the expiry, not `cookie_store`.
        let mut rest = raw.clone();
        rest.unset_expires();
        rest.set_max_age(None);
        let mut cookie = cookie_store::Cookie::try_from_raw_cookie(&rest, url)
            .map_err(|_| RejectReason::Domain)?;
        cookie.domain = domain;
        cookie.expires = match received::expiry(raw, now) {
            Some(expiry) => CookieExpiration::AtUtc(expiry),
            None => CookieExpiration::SessionEnd,
        };
        Ok(cookie)
    }

    fn delete(&mut self, site: &str, place: Option<usize>, cookie: &cookie_store::Cookie<'_>) {
        self.deletes.push(Delete {
            name: cookie.name().to_owned(),
            domain: cookie.domain.clone(),
            path: String::from(&cookie.path),
            partitioned: is_partitioned(cookie),
        });
        if let (Some(place), Some(stored)) = (place, self.sites.get_mut(site)) {
            stored.remove(place);
            self.count -= 1;
        }
        if self.sites.get(site).is_some_and(Vec::is_empty) {
            self.sites.remove(site);
        }
    }

    fn add(&mut self, site: &str, stored: Stored) {
        self.count += 1;
        let time = stored.used.time;
        self.first_use = Some(self.first_use.map_or(time, |first| first.min(time)));
        match self.sites.get_mut(site) {
            Some(cookies) => cookies.push(stored),
            None => {
                self.sites.insert(site.to_owned(), vec![stored]);
            }
        }
    }

    /// Removes and returns the cookies that browsers remove after they have stored one of `site`.
    fn evict(&mut self, site: &str, partitioned: bool, now: OffsetDateTime) -> Vec<Stored> {
        let stored = self.sites.get_mut(site);
        let mut evicted =
            stored.map_or_else(Vec::new, |stored| evict_from_site(stored, partitioned));
        self.count -= evicted.len();
        let first_use = self.first_use.unwrap_or(now);
        let (unused, first_use) = evict_unused(&mut self.sites, self.count, first_use, now);
        self.count -= unused.len();
        self.first_use = Some(first_use);
        evicted.extend(unused);
        evicted
    }

    /// Returns the `Cookie` header for `url`, or `None` if no cookie matches (RFC 6265 §5.4).
    pub(super) fn header(&mut self, url: &Url) -> Option<HeaderValue> {
        let now = self.now();
        let site = site(url.host_str()?, self.public_suffixes);
        let stored = self.sites.get_mut(site)?;
        let mut url = url.clone();
        if is_trustworthy(&url) {
            // `cookie_store` recognises fewer hosts as localhost.
            url.set_scheme("https").expect("http can become https");
        }
        let mut matching: Vec<_> = stored
            .iter_mut()
            .filter(|stored| !stored.cookie.expires_by(&now) && stored.cookie.matches(&url))
            .collect();
        matching.sort_by_key(|stored| Reverse(stored.cookie.path.len()));
        let mut text = String::new();
        for stored in &mut matching {
            self.step += 1;
            stored.used.renew(now, self.step);
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(stored.cookie.name());
            text.push('=');
            text.push_str(stored.cookie.value());
        }
        (!matching.is_empty()).then(|| {
            HeaderValue::from_bytes(text.as_bytes()).expect("names and values come from headers")
        })
    }

    pub(super) fn set_public_suffixes(&mut self, is_public_suffix: PublicSuffixes) {
        self.public_suffixes = Some(is_public_suffix);
        let mut stored: Vec<_> = self.sites.drain().flat_map(|(_, stored)| stored).collect();
        stored.sort_by_key(|stored| stored.created);
        self.count = 0;
        for stored in stored {
            let host = stored.cookie.domain.as_cow().unwrap_or_default();
            let site = site(&host, self.public_suffixes).to_owned();
            self.add(&site, stored);
        }
    }

    pub(super) fn advance(&mut self, time: Duration) {
        self.clock_offset = self.clock_offset.saturating_add(time);
    }

    /// Removes the session cookies.
    pub(super) fn end_session(&mut self) {
        self.sites.retain(|_, stored| {
            stored.retain(|stored| stored.cookie.is_persistent());
            !stored.is_empty()
        });
        self.count = self.sites.values().map(Vec::len).sum();
    }

    pub(super) fn clear(&mut self) {
        self.sites.clear();
        self.evicted.clear();
        self.count = 0;
        self.first_use = None;
    }

    /// Returns every cookie that has not expired, with its value unquoted as a handler reads it.
    pub(super) fn cookies(&self) -> Vec<Cookie<'static>> {
        let cookies = self
            .live()
            .into_iter()
            .map(|Stored { cookie: stored, .. }| {
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
            });
        cookies.collect()
    }

    /// Returns the cookies that have not expired, in the order of their creation.
    pub(super) fn live(&self) -> Vec<&Stored> {
        let now = self.now();
        let mut live: Vec<_> = self.sites.values().flatten().collect();
        live.retain(|stored| !stored.cookie.expires_by(&now));
        live.sort_unstable_by_key(|stored| stored.created);
        live
    }

    /// Returns the deletes of cookies called `name` that were received since the last request began.
    pub(super) fn deletes(&self, name: &str) -> impl Iterator<Item = &Delete> {
        self.deletes
            .iter()
            .filter(move |delete| delete.name == name)
    }

    /// Returns true if a cookie called `name` was evicted, and none was set since then.
    pub(super) fn was_evicted(&self, name: &str) -> bool {
        self.evicted.contains(name)
    }

    /// Returns true if the cookie was set since the last request began.
    pub(super) fn is_new(&self, stored: &Stored) -> bool {
        stored.set > self.request
    }

    /// Returns the store's time. It never passes the expiry of a cookie with the longest lifetime.
    fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc();
        now.checked_add(self.clock_offset)
            .unwrap_or(if self.clock_offset.is_negative() {
                PrimitiveDateTime::MIN.assume_utc()
            } else {
                Date::MAX.with_time(Time::MIDNIGHT).assume_utc()
            })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.live().iter().map(|stored| stored.cookie.name()))
            .finish()
    }
}

fn rejected(cookie: &Cookie<'_>, reason: RejectReason) -> RejectedCookie {
    RejectedCookie {
        name: cookie.name().to_owned(),
        reason,
    }
}

fn is_partitioned(cookie: &Cookie<'_>) -> bool {
    cookie.partitioned() == Some(true)
}

/// Returns true if both cookies have the same name, host or Domain, Path and Partitioned.
fn is_same(one: &cookie_store::Cookie<'_>, other: &cookie_store::Cookie<'_>) -> bool {
    one.name() == other.name()
        && one.domain == other.domain
        && *one.path == *other.path
        && is_partitioned(one) == is_partitioned(other)
}

/// Returns true if `stored` is `Secure` and `new` would replace or hide it (RFC 6265bis §5.7).
fn would_hide(stored: &cookie_store::Cookie<'_>, new: &cookie_store::Cookie<'_>) -> bool {
    if stored.secure() != Some(true) || stored.name() != new.name() {
        return false;
    }
    let (Some(one), Some(other)) = (stored.domain.as_cow(), new.domain.as_cow()) else {
        return false;
    };
    let path_matches = |path: &str, cookie_path: &str| {
        path.strip_prefix(cookie_path).is_some_and(|rest| {
            rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/')
        })
    };
    (one == other || domain_match(&one, &other) || domain_match(&other, &one))
        && path_matches(&new.path, &stored.path)
}
