//! `Config`: the configuration of a layer.

pub(crate) mod declaration;
#[cfg(any(feature = "signed", feature = "private"))]
mod keys;
mod merged;
mod shared;

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use cookie::Cookie;

use crate::config::declaration::Declaration;
use crate::config::merged::MergedConfigs;
use crate::display::display_name;
use crate::error::CookieError;
use crate::request::host::HostSource;
use crate::scope::PublicSuffixes;

pub(crate) use self::shared::SharedConfig;

/// Names of a configuration, which no client can make collide. The default hasher would take 200 more
/// instructions for a look-up. So would a `BTreeMap` of ten names.
type NameMap<V> = HashMap<String, V, BuildHasherDefault<NameHasher>>;

/// FNV-1a, without its offset.
#[derive(Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Clone, Default)]
pub(crate) struct Config {
    declarations: NameMap<Declaration>,
    /// The declared name of each previous name.
    renamed: NameMap<String>,
    pub(crate) deny_undeclared: bool,
    /// If it is `None`, the source of an outer layer applies, or else the default.
    pub(crate) host_from: Option<HostSource>,
    pub(crate) vary_on_cookie: bool,
    pub(crate) cache_control_private: bool,
    pub(crate) public_suffixes: Option<PublicSuffixes>,
    #[cfg(feature = "signed")]
    pub(crate) signing: keys::SigningKeys,
    #[cfg(feature = "private")]
    pub(crate) private: keys::PrivateKeys,
    merged: MergedConfigs<Self>,
}

impl Config {
    fn forget_merged(&mut self) {
        self.merged = MergedConfigs::default();
    }

    pub(crate) fn declare(&mut self, cookie: &Cookie<'_>) -> Result<(), CookieError> {
        let declaration = Declaration::new(cookie)?;
        let name = declaration.name();
        self.check_not_renamed(name)?;
        if self.declarations.contains_key(name) {
            return Err(CookieError::AlreadyDeclared {
                name: display_name(name),
            });
        }
        self.declarations.insert(name.into(), declaration);
        Ok(())
    }

    pub(crate) fn retire(&mut self, cookie: &Cookie<'_>) -> Result<(), CookieError> {
        self.check_not_renamed(cookie.name())?;
        match self.declarations.get_mut(cookie.name()) {
            Some(declaration) => declaration.retire(cookie),
            None => Err(CookieError::RetireUndeclared {
                name: display_name(cookie.name()),
            }),
        }
    }

    pub(crate) fn rename(&mut self, old: &Cookie<'_>, new_name: &str) -> Result<(), CookieError> {
        let name = old.name();
        if self
            .renamed
            .get(name)
            .is_some_and(|other| other != new_name)
        {
            return self.check_not_renamed(name);
        }
        let is_declared = self.declarations.contains_key(name);
        let Some(declaration) = self.declarations.get_mut(new_name) else {
            return Err(CookieError::RenameUndeclared {
                name: display_name(new_name),
            });
        };
        if is_declared {
            return Err(CookieError::AlreadyDeclared {
                name: display_name(name),
            });
        }
        declaration.retire(old)?;
        self.renamed.insert(name.into(), new_name.into());
        Ok(())
    }

    /// The declaration of a cookie to set, or `None` if the cookie is not declared and undeclared
    /// cookies are allowed.
    pub(crate) fn declaration_to_set(
        &self,
        name: &str,
    ) -> Result<Option<&Declaration>, CookieError> {
        self.check_not_renamed(name)?;
        self.declaration(name)
    }

    /// The declaration of a cookie to delete, which may have a previous name.
    pub(crate) fn declaration_to_delete(
        &self,
        name: &str,
    ) -> Result<Option<&Declaration>, CookieError> {
        self.declaration(self.renamed.get(name).map_or(name, String::as_str))
    }

    pub(crate) fn declares(&self, name: &str) -> bool {
        self.declarations.contains_key(name)
    }

    fn check_not_renamed(&self, name: &str) -> Result<(), CookieError> {
        match self.renamed.get(name) {
            None => Ok(()),
            Some(new_name) => Err(CookieError::Renamed {
                name: display_name(name),
                new_name: display_name(new_name),
            }),
        }
    }

    fn declaration(&self, name: &str) -> Result<Option<&Declaration>, CookieError> {
        let declaration = self.declarations.get(name);
        if declaration.is_none() && self.deny_undeclared {
            return Err(CookieError::Undeclared {
                name: display_name(name),
            });
        }
        match declaration.and_then(Declaration::conflict) {
            Some(conflict) => Err(conflict.clone()),
            None => Ok(declaration),
        }
    }

    pub(crate) fn host_from(&self) -> &HostSource {
        self.host_from.as_ref().unwrap_or(&HostSource::Request)
    }

    /// The configuration of this inner layer, with unset settings from the `outer` layer's.
    fn merged_with(&self, outer: &Arc<Self>) -> Arc<Self> {
        self.merged.get_or_merge(outer, || self.merge(outer))
    }

    fn merge(&self, outer: &Self) -> Self {
        let mut declarations = outer.declarations.clone();
        for (name, inner) in &self.declarations {
            let declaration = match outer.declarations.get(name) {
                Some(outer) => inner.merged_with(outer),
                None => inner.clone(),
            };
            declarations.insert(name.clone(), declaration);
        }
        for (name, new_name) in outer.renamed.iter().chain(&self.renamed) {
            let is_renamed_otherwise = [outer, self].iter().any(|layer| {
                layer
                    .renamed
                    .get(name)
                    .is_some_and(|other| other != new_name)
            });
            if is_renamed_otherwise || declarations.contains_key(name) {
                let conflict = CookieError::RenameConflict {
                    name: display_name(name),
                    new_name: display_name(new_name),
                };
                for name in [name, new_name] {
                    if let Some(declaration) = declarations.get_mut(name) {
                        declaration.set_conflict(conflict.clone());
                    }
                }
            }
        }
        let mut renamed = outer.renamed.clone();
        renamed.extend(self.renamed.clone());
        Self {
            declarations,
            renamed,
            deny_undeclared: self.deny_undeclared || outer.deny_undeclared,
            host_from: self.host_from.clone().or_else(|| outer.host_from.clone()),
            vary_on_cookie: self.vary_on_cookie || outer.vary_on_cookie,
            cache_control_private: self.cache_control_private || outer.cache_control_private,
            public_suffixes: self.public_suffixes.or(outer.public_suffixes),
            #[cfg(feature = "signed")]
            signing: self.signing.merged_with(&outer.signing),
            #[cfg(feature = "private")]
            private: self.private.merged_with(&outer.private),
            merged: MergedConfigs::default(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut declared: Vec<_> = self.declarations.values().collect();
        declared.sort_unstable_by_key(|declaration| declaration.name());
        f.debug_struct("Config")
            .field("declared", &declared)
            .field("deny_undeclared", &self.deny_undeclared)
            .field("host_from", self.host_from())
            .field("vary_on_cookie", &self.vary_on_cookie)
            .field("cache_control_private", &self.cache_control_private)
            .finish_non_exhaustive()
    }
}
