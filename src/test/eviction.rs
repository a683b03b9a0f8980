//! Eviction: removes cookies if there are too many.

use std::collections::HashMap;

use cookie::time::{Duration, OffsetDateTime};

/// Chromium and Firefox store up to this many cookies of a site. If there is one more, they keep only
/// [`SITE_COOKIES_KEPT`].
const SITE_COOKIES: usize = 180;
const SITE_COOKIES_KEPT: usize = 150;

/// If Chromium and Firefox store more cookies than this, they remove cookies that were not used for
/// the time [`UNUSED`], until [`COOKIES_KEPT`] are left.
const COOKIES: usize = 3300;
const COOKIES_KEPT: usize = 3000;
const UNUSED: Duration = Duration::days(30);

/// If a cookie is sent, Chromium and Firefox record this use only if the last recorded use is longer
/// ago than this.
const USE_RESOLUTION: Duration = Duration::MINUTE;

/// The last use of a cookie. Setting a cookie is a use, too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) time: OffsetDateTime,
    /// Orders uses at the same time. No two cookies have the same step.
    pub(super) step: u64,
}

impl Use {
    /// Records a use by a request.
    pub(super) fn renew(&mut self, time: OffsetDateTime, step: u64) {
        if time - self.time > USE_RESOLUTION {
            *self = Self { time, step };
        }
    }

    fn is_long_ago(self, now: OffsetDateTime) -> bool {
        now - self.time >= UNUSED
    }
}

pub(super) trait Evictable {
    fn is_secure(&self) -> bool;
    fn is_partitioned(&self) -> bool;
    fn used(&self) -> Use;
}

/// If a site has too many cookies, removes the least recently used ones and returns them. Cookies
/// without Secure come first. Partitioned cookies are counted separately.
pub(super) fn evict_from_site<T: Evictable>(stored: &mut Vec<T>, partitioned: bool) -> Vec<T> {
    if stored.len() <= SITE_COOKIES {
        return Vec::new();
    }
    let key = |stored: &T| (stored.is_secure(), stored.used());
    let is_counted = |stored: &T| stored.is_partitioned() == partitioned;
    let mut keys: Vec<_> = stored
        .iter()
        .filter(|stored| is_counted(stored))
        .map(key)
        .collect();
    if keys.len() <= SITE_COOKIES {
        return Vec::new();
    }
    keys.sort_unstable();
    let first_kept = keys[keys.len() - SITE_COOKIES_KEPT];
    let is_evicted = |stored: &T| is_counted(stored) && key(stored) < first_kept;
    let mut evicted = remove_if(stored, is_evicted);
    evicted.sort_unstable_by_key(key);
    evicted
}

/// If there are too many cookies, removes those that were not used for a long time, the least
/// recently used first. Returns them, and a lower bound for the last uses of the remaining cookies.
///
/// `first_use` is such a lower bound for all cookies. Without it, each new cookie would require a scan
/// of all others.
pub(super) fn evict_unused<T: Evictable>(
    sites: &mut HashMap<String, Vec<T>>,
    count: usize,
    first_use: OffsetDateTime,
    now: OffsetDateTime,
) -> (Vec<T>, OffsetDateTime) {
    let first = Use {
        time: first_use,
        step: 0,
    };
    if count <= COOKIES || !first.is_long_ago(now) {
        return (Vec::new(), first_use);
    }
    let mut uses: Vec<_> = sites.values().flatten().map(T::used).collect();
    uses.sort_unstable();
    let excess = uses.len() - COOKIES_KEPT;
    let evicted_count = uses
        .partition_point(|used| used.is_long_ago(now))
        .min(excess);
    let first_kept = uses[evicted_count];
    let mut evicted = Vec::new();
    sites.retain(|_, stored| {
        evicted.append(&mut remove_if(stored, |stored| stored.used() < first_kept));
        !stored.is_empty()
    });
    evicted.sort_unstable_by_key(T::used);
    (evicted, first_kept.time)
}

/// Removes and returns the elements for which `is_removed` is true. Keeps the order of the others.
fn remove_if<T>(list: &mut Vec<T>, is_removed: impl Fn(&T) -> bool) -> Vec<T> {
    let (removed, kept) = std::mem::take(list).into_iter().partition(is_removed);
    *list = kept;
    removed
}
