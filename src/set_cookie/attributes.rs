//! What is said of a cookie, and what is left to a declaration or to Django's defaults.

use cookie::{Cookie, SameSite};

use crate::error::CookieError;
use crate::scope::ScopeRef;
use crate::set_cookie::lifetime::Lifetime;

/// The attributes as they were said: `None` is unsaid, an empty Domain or Path is said to be none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes<'a> {
    pub(crate) domain: Option<&'a str>,
    pub(crate) path: Option<&'a str>,
    pub(crate) partitioned: Option<bool>,
    pub(crate) secure: Option<bool>,
    pub(crate) http_only: Option<bool>,
    pub(crate) same_site: Option<SameSite>,
    pub(crate) lifetime: Option<Lifetime>,
}

impl<'a> Attributes<'a> {
    pub(crate) fn said(cookie: &'a Cookie<'_>) -> Self {
        Self {
            domain: match cookie.domain() {
                Some("") if is_lone_dot(cookie) => Some("."),
                domain => domain,
            },
            path: cookie.path(),
            partitioned: cookie.partitioned(),
            secure: cookie.secure(),
            http_only: cookie.http_only(),
            same_site: cookie.same_site(),
            lifetime: Lifetime::said(cookie),
        }
    }

    /// What is said here, else what `other` says.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            domain: self.domain.or(other.domain),
            path: self.path.or(other.path),
            partitioned: self.partitioned.or(other.partitioned),
            secure: self.secure.or(other.secure),
            http_only: self.http_only.or(other.http_only),
            same_site: self.same_site.or(other.same_site),
            lifetime: self.lifetime.or(other.lifetime),
        }
    }

    /// What is said, else what `declared` says; the Domain, which agrees, is spelt as declared.
    pub(crate) fn or_declared(self, declared: Self) -> Self {
        Self {
            domain: declared.domain,
            ..self.or(declared)
        }
    }

    /// The scope, with Django's `Path=/` where none is said.
    pub(crate) fn scope(&self) -> ScopeRef<'a> {
        ScopeRef {
            domain: self.domain.unwrap_or_default(),
            path: self.path.unwrap_or("/"),
            partitioned: self.partitioned.unwrap_or_default(),
        }
    }

    /// What is said, and of the scope else what it is in the one of `sets` that agrees with that:
    /// the scopes at which the same response sets `name`.
    pub(crate) fn or_set(
        self,
        name: &str,
        sets: impl Iterator<Item = ScopeRef<'a>>,
    ) -> Result<Self, CookieError> {
        let mut sets = sets.filter(|&set| self.agree_with(set));
        let Some(ScopeRef {
            domain,
            path,
            partitioned,
        }) = sets.next()
        else {
            return Ok(self);
        };
        let filled = Self {
            domain: Some(domain),
            path: Some(path),
            partitioned: Some(partitioned),
            ..self
        };
        let scopes: Vec<_> = sets.map(ScopeRef::to_owned).collect();
        if scopes.is_empty() {
            return Ok(filled);
        }
        Err(CookieError::AmbiguousScope {
            name: name.into(),
            scopes: std::iter::once(filled.scope().to_owned())
                .chain(scopes)
                .collect(),
        })
    }

    /// Whether all that is said of the scope is so in `scope`.
    pub(crate) fn agree_with(&self, scope: ScopeRef<'_>) -> bool {
        self.domain
            .is_none_or(|said| said.eq_ignore_ascii_case(scope.domain))
            && self.path.is_none_or(|said| said == scope.path)
            && self
                .partitioned
                .is_none_or(|said| said == scope.partitioned)
    }
}

/// `Cookie::domain` strips a leading dot, so that `.` looks like the empty Domain that says none.
/// Only its Debug output tells; a parsed cookie, whose Domain is never empty, shows neither there.
fn is_lone_dot(cookie: &Cookie<'_>) -> bool {
    !format!("{cookie:?}").contains(r#"domain: Some(Concrete(""))"#)
}
