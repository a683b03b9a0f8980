//! What a layer was told, shared by its services and jars.

pub(crate) mod declaration;
#[cfg(any(feature = "signed", feature = "private"))]
mod keys;

use std::collections::HashMap;
use std::fmt;

use cookie::Cookie;

use crate::config::declaration::Declaration;
use crate::error::{CookieError, shown};
use crate::request::host::HostSource;

#[derive(Clone, Default)]
pub(crate) struct Settings {
    declarations: HashMap<String, Declaration>,
    pub(crate) deny_undeclared: bool,
    /// `None` is unsaid: an outer layer's source, else the default.
    pub(crate) host_from: Option<HostSource>,
    pub(crate) vary_on_cookie: bool,
    #[cfg(feature = "signed")]
    pub(crate) signing: keys::SigningKeys,
    #[cfg(feature = "private")]
    pub(crate) private: keys::PrivateKeys,
}

impl Settings {
    pub(crate) fn declare(&mut self, cookie: Cookie<'static>) -> Result<(), CookieError> {
        let declaration = Declaration::new(cookie)?;
        let name = declaration.name();
        if self.declarations.contains_key(name) {
            return Err(CookieError::AlreadyDeclared { name: name.into() });
        }
        self.declarations.insert(name.into(), declaration);
        Ok(())
    }

    pub(crate) fn retire(&mut self, cookie: Cookie<'static>) -> Result<(), CookieError> {
        match self.declarations.get_mut(cookie.name()) {
            Some(declaration) => declaration.retire(cookie),
            None => Err(CookieError::RetireUndeclared {
                name: shown(cookie.name()),
            }),
        }
    }

    /// The declaration of `name`; `None` if it has none and needs none.
    pub(crate) fn declaration(&self, name: &str) -> Result<Option<&Declaration>, CookieError> {
        let declaration = self.declarations.get(name);
        if declaration.is_none() && self.deny_undeclared {
            return Err(CookieError::Undeclared { name: shown(name) });
        }
        match declaration.and_then(Declaration::conflict) {
            Some(conflict) => Err(conflict.clone()),
            None => Ok(declaration),
        }
    }

    pub(crate) fn host_from(&self) -> &HostSource {
        self.host_from.as_ref().unwrap_or(&HostSource::Request)
    }

    /// An inner layer's settings, and the `outer` one's where these say nothing.
    pub(crate) fn over(&self, outer: &Self) -> Self {
        let mut declarations = outer.declarations.clone();
        for (name, inner) in &self.declarations {
            let declaration = match outer.declarations.get(name) {
                Some(outer) => inner.clone().over(outer),
                None => inner.clone(),
            };
            declarations.insert(name.clone(), declaration);
        }
        Self {
            declarations,
            deny_undeclared: self.deny_undeclared || outer.deny_undeclared,
            host_from: self.host_from.clone().or_else(|| outer.host_from.clone()),
            vary_on_cookie: self.vary_on_cookie || outer.vary_on_cookie,
            #[cfg(feature = "signed")]
            signing: self.signing.over(&outer.signing),
            #[cfg(feature = "private")]
            private: self.private.over(&outer.private),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut declared: Vec<_> = self.declarations.values().collect();
        declared.sort_unstable_by_key(|declaration| declaration.name());
        f.debug_struct("Settings")
            .field("declared", &declared)
            .field("deny_undeclared", &self.deny_undeclared)
            .field("host_from", self.host_from())
            .field("vary_on_cookie", &self.vary_on_cookie)
            .finish_non_exhaustive()
    }
}
