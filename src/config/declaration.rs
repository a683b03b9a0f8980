//! Declared cookies and their retired scopes.

use std::fmt;

use cookie::Cookie;

use crate::display::display_name;
use crate::error::{AttributeReason, CookieError};
use crate::scope::ScopeRef;
use crate::set_cookie::attributes::{Attributes, DeclaredAttributes};
use crate::set_cookie::lifetime::Lifetime;
use crate::set_cookie::{SetCookie, Value};

/// A name's one scope, its attributes there, and the scopes it was moved from.
#[derive(Clone)]
pub(crate) struct Declaration {
    name: Box<str>,
    /// Includes the `Secure` and `HttpOnly` that the cookie needs.
    attributes: DeclaredAttributes,
    retired: Vec<DeclaredAttributes>,
    /// Why nested layers cannot use the name together.
    conflict: Option<CookieError>,
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

    pub(crate) fn retire(&mut self, cookie: &Cookie<'_>) -> Result<(), CookieError> {
        let given = Attributes::from_cookie(cookie);
        let retired = DeclaredAttributes::new(Attributes {
            partitioned: given.partitioned.or(Some(self.scope().partitioned)),
            ..given
        });
        SetCookie::new(cookie.name(), Value::Quoted(""), self.expiring(&retired))?;
        check_path_is_not_empty(cookie)?;
        let (name, scope) = (display_name(cookie.name()), retired.scope.clone());
        if scope == self.attributes.scope {
            return Err(CookieError::RetireDeclared { name, scope });
        }
        if self.retired.iter().any(|other| other.scope == scope) {
            return Err(CookieError::AlreadyRetired { name, scope });
        }
        self.retired.push(retired);
        Ok(())
    }

    pub(crate) fn conflict(&self) -> Option<&CookieError> {
        self.conflict.as_ref()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn scope(&self) -> ScopeRef<'_> {
        self.attributes.scope.as_ref()
    }

    /// The attributes of the delete that expires the cookie at each retired scope.
    pub(crate) fn retired(&self) -> impl Iterator<Item = Attributes<'_>> {
        self.retired.iter().map(|retired| self.expiring(retired))
    }

    /// In a cross-site response, a browser accepts a delete only with the attributes that the cookie
    /// itself needs there. So unset ones default to the declaration's.
    fn expiring<'a>(&'a self, retired: &'a DeclaredAttributes) -> Attributes<'a> {
        let given = retired.as_attributes();
        Attributes {
            secure: given.secure.or(self.attributes.secure),
            same_site: given.same_site.or(self.attributes.same_site),
            lifetime: Some(Lifetime::Expired),
            ..given
        }
    }

    /// The attributes of a set or delete: the `given` ones, with unset ones from the declaration.
    pub(crate) fn fill<'a>(&'a self, given: Attributes<'a>) -> Result<Attributes<'a>, CookieError> {
        let declared = self.attributes.as_attributes();
        if !given.matches_scope(declared.scope()) {
            return Err(CookieError::ScopeMismatch {
                name: display_name(self.name()),
                declared: self.attributes.scope.clone(),
                given: given.or(declared).scope().to_owned(),
            });
        }
        self.check_downgrade(given, declared)?;
        Ok(given.or_declared(declared))
    }

    /// The attributes of a delete whose given scope matches a retired scope and not the declared one.
    pub(crate) fn fill_retired<'a>(
        &'a self,
        given: Attributes<'a>,
    ) -> Result<Option<Attributes<'a>>, CookieError> {
        if given.matches_scope(self.scope()) {
            return Ok(None);
        }
        let mut matching = self
            .retired()
            .filter(|retired| given.matches_scope(retired.scope()));
        let Some(retired) = matching.next() else {
            return Ok(None);
        };
        let mut scopes: Vec<_> = matching.map(|other| other.scope().to_owned()).collect();
        if !scopes.is_empty() {
            scopes.insert(0, retired.scope().to_owned());
            return Err(CookieError::AmbiguousScope {
                name: display_name(self.name()),
                scopes,
            });
        }
        self.check_downgrade(given, retired)?;
        Ok(Some(given.or_declared(retired)))
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
            let is_known = other.scope == inner.scope
                || retired.iter().any(|known| known.scope == other.scope);
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
        let retired: Vec<_> = self.retired.iter().map(|retired| &retired.scope).collect();
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
