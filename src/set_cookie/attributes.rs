//! A cookie's attributes as given, before declarations and defaults fill in those that are unset.

use cookie::{Cookie, SameSite};

use crate::display::display_name;
use crate::error::CookieError;
use crate::scope::{Scope, ScopeRef};
use crate::set_cookie::lifetime::Lifetime;

/// `None` is unset. An empty Domain or Path means that the attribute is not written.
#[derive(Clone, Copy, Debug, Default)]
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
    /// `Cookie::domain` strips a leading dot, so a Domain that is only a dot is an empty one.
    pub(crate) fn from_cookie(cookie: &'a Cookie<'_>) -> Self {
        Self {
            domain: cookie.domain(),
            path: cookie.path(),
            partitioned: cookie.partitioned(),
            secure: cookie.secure(),
            http_only: cookie.http_only(),
            same_site: cookie.same_site(),
            lifetime: Lifetime::from_cookie(cookie),
        }
    }

    /// Returns `true` if no attribute is set.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(
            self,
            Self {
                domain: None,
                path: None,
                partitioned: None,
                secure: None,
                http_only: None,
                same_site: None,
                lifetime: None,
            }
        )
    }

    /// These attributes, with the unset ones taken from `other`.
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

    /// These attributes, with the unset ones taken from `declared`, whose scope matches. The Domain
    /// keeps its declared spelling.
    pub(crate) fn or_declared(self, declared: Self) -> Self {
        Self {
            domain: declared.domain,
            ..self.or(declared)
        }
    }

    pub(crate) fn without_scope(self) -> Self {
        Self {
            domain: None,
            path: None,
            partitioned: None,
            ..self
        }
    }

    /// The scope; an unset Path is Django's default, `/`.
    pub(crate) fn scope(&self) -> ScopeRef<'a> {
        ScopeRef {
            domain: self.domain.unwrap_or_default(),
            path: self.path.unwrap_or("/"),
            partitioned: self.partitioned.unwrap_or_default(),
        }
    }

    /// These attributes, with this scope.
    pub(crate) fn with_scope(self, scope: ScopeRef<'a>) -> Self {
        Self {
            domain: Some(scope.domain),
            path: Some(scope.path),
            partitioned: Some(scope.partitioned),
            ..self
        }
    }

    /// The one queued scope that matches these attributes, if there is one.
    ///
    /// `queued` yields the scopes at which this response sets `name`.
    ///
    /// # Errors
    ///
    /// [`CookieError::AmbiguousScope`] if several match.
    pub(crate) fn queued_scope<'q>(
        &self,
        name: &str,
        queued: impl Iterator<Item = ScopeRef<'q>>,
    ) -> Result<Option<Scope>, CookieError> {
        let matching = queued.filter(|&scope| self.matches_scope(scope));
        let mut scopes: Vec<_> = matching.map(ScopeRef::to_owned).collect();
        if scopes.len() > 1 {
            return Err(CookieError::AmbiguousScope {
                name: display_name(name),
                scopes,
            });
        }
        Ok(scopes.pop())
    }

    /// Returns `true` if `scope` is equal in every part of the scope that these attributes set.
    pub(crate) fn matches_scope(&self, scope: ScopeRef<'_>) -> bool {
        let given = ScopeRef {
            domain: self.domain.unwrap_or(scope.domain),
            path: self.path.unwrap_or(scope.path),
            partitioned: self.partitioned.unwrap_or(scope.partitioned),
        };
        given == scope
    }
}

/// Checked attributes with a complete scope: those of a declared or retired cookie.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredAttributes {
    pub(crate) scope: Scope,
    pub(crate) secure: Option<bool>,
    pub(crate) http_only: Option<bool>,
    pub(crate) same_site: Option<SameSite>,
    pub(crate) lifetime: Option<Lifetime>,
}

impl DeclaredAttributes {
    pub(crate) fn new(attributes: Attributes<'_>) -> Self {
        Self {
            scope: attributes.scope().to_owned(),
            secure: attributes.secure,
            http_only: attributes.http_only,
            same_site: attributes.same_site,
            lifetime: attributes.lifetime,
        }
    }

    pub(crate) fn as_attributes(&self) -> Attributes<'_> {
        let ScopeRef {
            domain,
            path,
            partitioned,
        } = self.scope.as_ref();
        Attributes {
            domain: Some(domain),
            path: Some(path),
            partitioned: Some(partitioned),
            secure: self.secure,
            http_only: self.http_only,
            same_site: self.same_site,
            lifetime: self.lifetime,
        }
    }
}
