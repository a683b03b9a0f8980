//! The cookies that a browser stores and sends, if it takes several scopes for one cookie.

use super::meaning::headers;
use super::{Identity, PARENT, Scope, Step};

/// A rule by which a client takes different scopes for one, or by which it differs from browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A Domain that is the host itself is the same as no Domain.
    HostAsDomain,
    /// A Path that is the default-path is the same as no Path.
    DefaultPath,
    /// Partitioned is ignored.
    Unpartitioned,
    /// A slash at the end of a Path is removed.
    TrailingSlash,
    /// All scopes of a name are three cookies, which depend on this number.
    Anything(u64),
    /// A Domain that is a single label is refused, even if it is the host.
    NoSingleLabel,
    /// All deletes of a response are processed before its sets.
    DeletesFirst,
    /// A host-only cookie is sent to subdomains.
    SentToSubdomains,
}

/// A client that loads a page.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    /// The host of the page.
    pub(crate) host: &'static str,
    /// The default-path of the page.
    pub(crate) default_path: &'static str,
    pub(crate) rules: Vec<Rule>,
}

/// A cookie of the browser. Steps with the same key overwrite each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    pub(crate) name: &'a str,
    pub(crate) scope: Scope,
    group: u64,
}

impl Browser {
    /// A browser according to RFC 6265bis. The host, if it has a single label, is a public suffix.
    pub(crate) fn standard(host: &'static str, default_path: &'static str) -> Self {
        let mut rules = vec![Rule::DefaultPath];
        if !host.contains('.') {
            rules.push(Rule::HostAsDomain);
        }
        Self {
            host,
            default_path,
            rules,
        }
    }

    fn has(&self, rule: Rule) -> bool {
        self.rules.contains(&rule)
    }

    /// The cookie of `identity`, or `None` if the browser drops it.
    fn key<'a>(&self, identity: &'a Identity) -> Option<Key<'a>> {
        let name = &identity.name;
        let mut scope = identity.scope;
        if let Some(domain) = scope.domain {
            if domain == self.host {
                if self.has(Rule::NoSingleLabel) && !domain.contains('.') {
                    return None;
                }
                if self.has(Rule::HostAsDomain) {
                    scope.domain = None;
                }
            } else if domain != PARENT || !is_below(self.host, PARENT) {
                return None;
            }
        }
        if self.has(Rule::DefaultPath) {
            scope.path = scope.path.or(Some(self.default_path));
        }
        if self.has(Rule::TrailingSlash) && scope.path == Some("/app/") {
            scope.path = Some("/app");
        }
        if self.has(Rule::Unpartitioned) {
            scope.partitioned = false;
        }
        for &rule in &self.rules {
            if let Rule::Anything(seed) = rule {
                return Some(Key {
                    name,
                    scope: Scope::DEFAULT,
                    group: group(scope, seed),
                });
            }
        }
        Some(Key {
            name,
            scope,
            group: 0,
        })
    }

    /// The steps of one response, in the order in which the client processes them.
    pub(crate) fn in_order<'a>(&self, steps: &'a [Step]) -> Vec<&'a Step> {
        if !self.has(Rule::DeletesFirst) {
            return steps.iter().collect();
        }
        let mut steps = headers(steps);
        steps.sort_by_key(|step| step.value.is_some());
        steps
    }

    /// The last step of each cookie that `steps` set or delete, in the order in which the cookies
    /// were first used.
    pub(crate) fn processed<'a>(
        &self,
        steps: impl IntoIterator<Item = &'a Step>,
    ) -> Vec<(Key<'a>, &'a Step)> {
        let mut cookies: Vec<(Key<'_>, &Step)> = Vec::new();
        for step in steps {
            let Some(key) = self.key(&step.identity) else {
                continue;
            };
            match cookies.iter_mut().find(|(other, _)| *other == key) {
                Some(cookie) => cookie.1 = step,
                None => cookies.push((key, step)),
            }
        }
        cookies
    }

    /// The cookies that the browser has after `steps`, with the steps that set them.
    pub(crate) fn stored<'a>(
        &self,
        steps: impl IntoIterator<Item = &'a Step>,
    ) -> Vec<(Key<'a>, &'a Step)> {
        let mut cookies = self.processed(steps);
        cookies.retain(|(_, step)| step.value.is_some());
        cookies
    }

    /// The names and values of `stored` cookies that the browser sends to a URL, sorted.
    pub(crate) fn sent(
        &self,
        stored: &[(Key<'_>, &Step)],
        host: &str,
        path: &str,
    ) -> Vec<(String, String)> {
        let mut sent: Vec<_> = stored
            .iter()
            .filter(|(key, step)| {
                let domain = step.identity.scope.domain;
                let is_wide = domain.is_some() || self.has(Rule::SentToSubdomains);
                let domain = domain.unwrap_or(self.host);
                let cookie_path = key.scope.path.expect("the browser has a default-path");
                (host == domain || is_wide && is_below(host, domain))
                    && path_matches(path, cookie_path)
            })
            .map(|(key, step)| (key.name.to_owned(), step.value.clone().expect("a set")))
            .collect();
        sent.sort_unstable();
        sent
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'))
}

/// RFC 6265 §5.1.4.
fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

/// One of three groups, for each seed another one.
fn group(scope: Scope, seed: u64) -> u64 {
    let texts = [scope.domain.unwrap_or_default(), scope.path.unwrap_or("-")];
    let bytes = texts.iter().flat_map(|text| text.bytes());
    let hash = bytes.fold(seed ^ u64::from(scope.partitioned), |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 32) % 3
}
