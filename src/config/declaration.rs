//! Declared cookies, and the scopes at which they lived before.

use std::fmt;

use cookie::Cookie;

use crate::error::{AttributeReason, CookieError};
use crate::scope::ScopeRef;
use crate::set_cookie::attributes::Attributes;
use crate::set_cookie::lifetime::Lifetime;
use crate::set_cookie::{SetCookie, Value};

/// A name's one scope, the attributes it has there, and its former scopes.
#[derive(Clone)]
pub(crate) struct Declaration {
    /// The `Secure` and `HttpOnly` that it needs are said.
    cookie: Cookie<'static>,
    retired: Vec<Cookie<'static>>,
    /// Why the name can't be used, where nested layers disagree.
    conflict: Option<CookieError>,
}

impl Declaration {
    pub(crate) fn new(mut cookie: Cookie<'static>) -> Result<Self, CookieError> {
        cookie.set_value("");
        let checked = SetCookie::new(cookie.name(), Value::Quoted(""), Attributes::said(&cookie))?;
        refuse_empty_path(&cookie)?;
        let (secure, http_only) = (checked.attributes().secure, checked.attributes().http_only);
        cookie.set_secure(secure);
        cookie.set_http_only(http_only);
        Ok(Self {
            cookie,
            retired: Vec::new(),
            conflict: None,
        })
    }

    pub(crate) fn retire(&mut self, mut cookie: Cookie<'static>) -> Result<(), CookieError> {
        cookie.set_value("");
        let over = self.over_at(&cookie);
        SetCookie::new(cookie.name(), Value::Quoted(""), over)?;
        refuse_empty_path(&cookie)?;
        let (name, scope) = (cookie.name().into(), over.scope().to_owned());
        if over.scope() == self.scope() {
            return Err(CookieError::RetireDeclared { name, scope });
        }
        if self
            .retired()
            .any(|retired| retired.scope() == over.scope())
        {
            return Err(CookieError::AlreadyRetired { name, scope });
        }
        self.retired.push(cookie);
        Ok(())
    }

    pub(crate) fn conflict(&self) -> Option<&CookieError> {
        self.conflict.as_ref()
    }

    pub(crate) fn name(&self) -> &str {
        self.cookie.name()
    }

    pub(crate) fn scope(&self) -> ScopeRef<'_> {
        Attributes::said(&self.cookie).scope()
    }

    /// What expires the cookie at each former scope.
    pub(crate) fn retired(&self) -> impl Iterator<Item = Attributes<'_>> {
        self.retired.iter().map(|former| self.over_at(former))
    }

    /// A browser takes a delete from another site only with what the cookie itself needs there.
    fn over_at<'a>(&'a self, former: &'a Cookie<'static>) -> Attributes<'a> {
        let (said, declared) = (Attributes::said(former), Attributes::said(&self.cookie));
        Attributes {
            partitioned: said.partitioned.or(declared.partitioned),
            secure: said.secure.or(declared.secure),
            same_site: said.same_site.or(declared.same_site),
            lifetime: Some(Lifetime::Over),
            ..said
        }
    }

    /// The attributes of a set or delete: those that are said, else those declared.
    pub(crate) fn fill<'a>(&'a self, said: Attributes<'a>) -> Result<Attributes<'a>, CookieError> {
        let declared = Attributes::said(&self.cookie);
        if !said.agree_with(declared.scope()) {
            return Err(CookieError::ScopeMismatch {
                name: self.name().into(),
                declared: declared.scope().to_owned(),
                given: said.or(declared).scope().to_owned(),
            });
        }
        self.refuse_downgrade(said, declared)?;
        Ok(said.or_declared(declared))
    }

    /// The attributes of a delete that names a former scope; `None` if it names none.
    pub(crate) fn fill_retired<'a>(
        &'a self,
        said: Attributes<'a>,
    ) -> Result<Option<Attributes<'a>>, CookieError> {
        if said.agree_with(self.scope()) {
            return Ok(None);
        }
        let mut named = self
            .retired()
            .filter(|retired| said.agree_with(retired.scope()));
        let Some(retired) = named.next() else {
            return Ok(None);
        };
        let mut scopes: Vec<_> = named.map(|retired| retired.scope().to_owned()).collect();
        if !scopes.is_empty() {
            scopes.insert(0, retired.scope().to_owned());
            return Err(CookieError::AmbiguousScope {
                name: self.name().into(),
                scopes,
            });
        }
        self.refuse_downgrade(said, retired)?;
        Ok(Some(said.or_declared(retired)))
    }

    fn refuse_downgrade(
        &self,
        said: Attributes<'_>,
        declared: Attributes<'_>,
    ) -> Result<(), CookieError> {
        let attribute = if declared.secure == Some(true) && said.secure == Some(false) {
            "Secure"
        } else if declared.http_only == Some(true) && said.http_only == Some(false) {
            "HttpOnly"
        } else {
            return Ok(());
        };
        Err(CookieError::Downgrade {
            name: self.name().into(),
            attribute,
        })
    }

    /// An inner layer's declaration: what it leaves unsaid, the `outer` layer's says.
    pub(crate) fn over(mut self, outer: &Self) -> Self {
        let (said, outer_said) = (
            Attributes::said(&self.cookie),
            Attributes::said(&outer.cookie),
        );
        let conflict = if said.scope() == outer_said.scope() {
            self.refuse_downgrade(said, outer_said).err()
        } else {
            Some(CookieError::DeclarationConflict {
                name: self.name().into(),
                outer: outer_said.scope().to_owned(),
                inner: said.scope().to_owned(),
            })
        };
        self.conflict = conflict.or_else(|| outer.conflict.clone());
        if said.lifetime.is_none() {
            self.cookie.set_max_age(outer.cookie.max_age());
            if let Some(expires) = outer.cookie.expires() {
                self.cookie.set_expires(expires);
            }
        }
        self.cookie
            .set_secure(self.cookie.secure().or(outer_said.secure));
        self.cookie
            .set_http_only(self.cookie.http_only().or(outer_said.http_only));
        self.cookie
            .set_same_site(self.cookie.same_site().or(outer_said.same_site));
        for cookie in &outer.retired {
            let scope = self.over_at(cookie).scope();
            if scope != self.scope() && self.retired().all(|retired| retired.scope() != scope) {
                self.retired.push(cookie.clone());
            }
        }
        self
    }
}

/// Without a Path the scope would hang on the request's.
fn refuse_empty_path(cookie: &Cookie<'_>) -> Result<(), CookieError> {
    if cookie.path() != Some("") {
        return Ok(());
    }
    Err(CookieError::InvalidPath {
        name: cookie.name().into(),
        path: String::new(),
        reason: AttributeReason::Empty,
    })
}

impl fmt::Debug for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Attributes {
            secure,
            http_only,
            same_site,
            lifetime,
            ..
        } = Attributes::said(&self.cookie);
        let retired: Vec<_> = self
            .retired()
            .map(|retired| retired.scope().to_owned())
            .collect();
        f.debug_struct("Declaration")
            .field("name", &self.name())
            .field("scope", &self.scope().to_owned())
            .field("secure", &secure)
            .field("http_only", &http_only)
            .field("same_site", &same_site)
            .field("lifetime", &lifetime)
            .field("retired", &retired)
            .finish_non_exhaustive()
    }
}
