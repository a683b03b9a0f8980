//! Declared cookies and their retired scopes.

use std::fmt;

use cookie::Cookie;

use crate::display::display_name;
use crate::error::{AttributeReason, CookieError};
use crate::scope::{Identity, ScopeRef};
use crate::set_cookie::attributes::{Attributes, DeclaredAttributes};
use crate::set_cookie::lifetime::Lifetime;
use crate::set_cookie::{SetCookie, Value};

/// The declared scope and attributes of a cookie, and its previous scopes and names.
#[derive(Clone)]
pub(crate) struct Declaration {
    name: Box<str>,
    /// These include the `Secure` and `HttpOnly` that browsers require.
    attributes: DeclaredAttributes,
    retired: Vec<Retired>,
    /// The error of nested layers whose declarations of the cookie conflict.
    conflict: Option<CookieError>,
}

/// A previous scope of a declared cookie, with the name it had there.
#[derive(Clone)]
struct Retired {
    name: Box<str>,
    attributes: DeclaredAttributes,
}

impl Retired {
    fn identity(&self) -> Identity<'_> {
        Identity {
            name: &self.name,
            scope: self.attributes.scope.as_ref(),
        }
    }
}

impl Declaration {
    pub(crate) fn new(cookie: &Cookie<'_>) -> Result<Self, CookieError> {
        let given = Attributes::from_cookie(cookie);
        let checked = SetCookie::new(cookie.name(), Value::Quoted(""), given)?;
        check_path_is_not_empty(cookie)?;
        Ok(Self {
            name: cookie.name().into(),
            attributes: DeclaredAttributes::new(*checked.attributes()),
            retired: Vec::new(),
            conflict: None,
        })
    }

    /// Adds a previous scope, of this name or of a previous one.
    pub(crate) fn retire(&mut self, cookie: &Cookie<'_>) -> Result<(), CookieError> {
        let given = Attributes::from_cookie(cookie);
        // A cookie under another name was unpartitioned unless it is given as partitioned.
        let is_renamed = cookie.name() != self.name();
        let default_partitioned = Some(!is_renamed && self.scope().partitioned);
        let retired = Retired {
            name: cookie.name().into(),
            attributes: DeclaredAttributes::new(Attributes {
                partitioned: given.partitioned.or(default_partitioned),
                ..given
            }),
        };
        SetCookie::deleting(cookie.name(), self.expiring(&retired))?;
        check_path_is_not_empty(cookie)?;
        let name = display_name(cookie.name());
        let scope = retired.attributes.scope.clone();
        if retired.identity() == self.identity() {
            return Err(CookieError::RetireDeclared { name, scope });
        }
        if self
            .retired
            .iter()
            .any(|other| other.identity() == retired.identity())
        {
            return Err(CookieError::AlreadyRetired { name, scope });
        }
        self.retired.push(retired);
        Ok(())
    }

    pub(crate) fn conflict(&self) -> Option<&CookieError> {
        self.conflict.as_ref()
    }

    pub(crate) fn set_conflict(&mut self, conflict: CookieError) {
        self.conflict.get_or_insert(conflict);
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    #[cfg(feature = "sessions")]
    pub(crate) fn lifetime(&self) -> Option<Lifetime> {
        self.attributes.lifetime
    }

    /// The cookie with this value. Unset attributes are the declared ones.
    #[inline]
    pub(crate) fn cookie_to_set<'a>(
        &'a self,
        value: Value<'a>,
        given: Attributes<'a>,
    ) -> Result<SetCookie<'a>, CookieError> {
        if given.is_empty() {
            return SetCookie::declared(&self.name, value, self.attributes.as_attributes());
        }
        SetCookie::new(&self.name, value, self.fill(given)?)
    }

    /// The delete of `name`, this name or a previous one, at the declared scope. Unset attributes are the
    /// declared ones.
    #[inline]
    pub(crate) fn cookie_to_delete<'a>(
        &'a self,
        name: &str,
        given: Attributes<'a>,
    ) -> Result<SetCookie<'a>, CookieError> {
        if given.is_empty() {
            let attributes = self.attributes.as_attributes();
            return Ok(SetCookie::deleting_declared(&self.name, attributes));
        }
        SetCookie::deleting(&self.name, self.fill_delete(name, given)?)
    }

    fn scope(&self) -> ScopeRef<'_> {
        self.attributes.scope.as_ref()
    }

    fn identity(&self) -> Identity<'_> {
        Identity {
            name: &self.name,
            scope: self.scope(),
        }
    }

    /// The name and attributes of the delete at each retired scope. Attributes in `overrides` apply at
    /// every scope.
    pub(crate) fn retired<'a>(
        &'a self,
        overrides: Attributes<'a>,
    ) -> impl Iterator<Item = (&'a str, Attributes<'a>)> {
        self.retired
            .iter()
            .map(move |retired| (&*retired.name, overrides.or(self.expiring(retired))))
    }

    /// In a cross-site response, browsers accept a delete only with the `SameSite` and `Secure`
    /// that the cookie needs there. So unset ones default to those of the declaration.
    fn expiring<'a>(&'a self, retired: &'a Retired) -> Attributes<'a> {
        let given = retired.attributes.as_attributes();
        Attributes {
            secure: given.secure.or(self.attributes.secure),
            same_site: given.same_site.or(self.attributes.same_site),
            lifetime: Some(Lifetime::Expired),
            ..given
        }
    }

    /// The attributes of a set: the `given` ones, with unset ones from the declaration.
    fn fill<'a>(&'a self, given: Attributes<'a>) -> Result<Attributes<'a>, CookieError> {
        let declared = self.attributes.as_attributes();
        if !given.matches_scope(declared.scope()) {
            return Err(Self::scope_mismatch(&self.name, self.scope(), given));
        }
        self.check_downgrade(given, declared)?;
        Ok(given.or_declared(declared))
    }

    /// The attributes of a delete of `name`, this name or a previous one, at the declared scope.
    ///
    /// The scope `given` must match the declared scope, or one that is retired for `name`.
    fn fill_delete<'a>(
        &'a self,
        name: &str,
        given: Attributes<'a>,
    ) -> Result<Attributes<'a>, CookieError> {
        let declared = self.attributes.as_attributes();
        let mut scopes = std::iter::once(self.identity())
            .chain(self.retired.iter().map(Retired::identity))
            .filter(|identity| identity.name == name)
            .map(|identity| identity.scope)
            .peekable();
        let first = scopes.peek().copied().unwrap_or(declared.scope());
        if !scopes.any(|scope| given.matches_scope(scope)) {
            return Err(Self::scope_mismatch(name, first, given));
        }
        self.check_downgrade(given, declared)?;
        for retired in &self.retired {
            self.check_downgrade(given, self.expiring(retired))?;
        }
        Ok(given.without_scope().or(declared))
    }

    fn scope_mismatch(name: &str, declared: ScopeRef<'_>, given: Attributes<'_>) -> CookieError {
        let given = ScopeRef {
            domain: given.domain.unwrap_or(declared.domain),
            path: given.path.unwrap_or(declared.path),
            partitioned: given.partitioned.unwrap_or(declared.partitioned),
        };
        CookieError::ScopeMismatch {
            name: display_name(name),
            declared: declared.to_owned(),
            given: given.to_owned(),
        }
    }

    fn check_downgrade(
        &self,
        given: Attributes<'_>,
        declared: Attributes<'_>,
    ) -> Result<(), CookieError> {
        let attribute = if declared.secure == Some(true) && given.secure == Some(false) {
            "Secure"
        } else if declared.http_only == Some(true) && given.http_only == Some(false) {
            "HttpOnly"
        } else {
            return Ok(());
        };
        Err(CookieError::Downgrade {
            name: display_name(self.name()),
            attribute,
        })
    }

    /// An inner layer's declaration, with unset attributes from the `outer` layer's.
    ///
    /// The merged attributes need no further check. If one layer switches off what the other requires, the
    /// declaration has a conflict, or the inner value applies.
    pub(crate) fn merged_with(&self, outer: &Self) -> Self {
        let (inner, outer_attributes) = (&self.attributes, &outer.attributes);
        let conflict = if inner.scope == outer_attributes.scope {
            self.check_downgrade(inner.as_attributes(), outer_attributes.as_attributes())
                .err()
        } else {
            Some(CookieError::DeclarationConflict {
                name: display_name(self.name()),
                outer: outer_attributes.scope.clone(),
                inner: inner.scope.clone(),
            })
        };
        let mut retired = self.retired.clone();
        for other in &outer.retired {
            let is_known = other.identity() == self.identity()
                || retired
                    .iter()
                    .any(|known| known.identity() == other.identity());
            if !is_known {
                retired.push(other.clone());
            }
        }
        Self {
            name: self.name.clone(),
            attributes: DeclaredAttributes {
                scope: inner.scope.clone(),
                secure: inner.secure.or(outer_attributes.secure),
                http_only: inner.http_only.or(outer_attributes.http_only),
                same_site: inner.same_site.or(outer_attributes.same_site),
                lifetime: inner.lifetime.or(outer_attributes.lifetime),
            },
            retired,
            conflict: conflict.or_else(|| outer.conflict.clone()),
        }
    }
}

/// Without a Path, the scope would depend on the request's path.
fn check_path_is_not_empty(cookie: &Cookie<'_>) -> Result<(), CookieError> {
    if cookie.path() != Some("") {
        return Ok(());
    }
    Err(CookieError::InvalidPath {
        name: display_name(cookie.name()),
        path: String::new(),
        reason: AttributeReason::Empty,
    })
}

impl fmt::Debug for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DeclaredAttributes {
            scope,
            secure,
            http_only,
            same_site,
            lifetime,
        } = &self.attributes;
        let retired: Vec<_> = self.retired.iter().map(Retired::identity).collect();
        f.debug_struct("Declaration")
            .field("name", &self.name())
            .field("scope", scope)
            .field("secure", secure)
            .field("http_only", http_only)
            .field("same_site", same_site)
            .field("lifetime", lifetime)
            .field("retired", &retired)
            .finish_non_exhaustive()
    }
}
