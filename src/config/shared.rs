//! `SharedConfig`: a layer's configuration, shared by its services and jars.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use crate::config::Config;

static UNSET: LazyLock<Config> = LazyLock::new(Config::default);

/// `None` in a layer without settings, so that its requests do not count references.
#[derive(Clone, Default)]
pub(crate) struct SharedConfig(Option<Arc<Config>>);

impl SharedConfig {
    /// Returns the configuration for a change, without the merged configurations it had before.
    pub(crate) fn make_mut(&mut self) -> &mut Config {
        let config = Arc::make_mut(self.0.get_or_insert_default());
        config.forget_merged();
        config
    }

    /// The configuration of this inner layer, with unset settings from the `outer` layer's, or `None`
    /// if that is the outer layer's.
    pub(crate) fn merged_with(&self, outer: &Self) -> Option<Self> {
        match (&self.0, &outer.0) {
            (None, _) => None,
            (Some(_), None) => Some(self.clone()),
            (Some(inner), Some(outer)) if Arc::ptr_eq(inner, outer) => None,
            (Some(inner), Some(outer)) => Some(Self(Some(inner.merged_with(outer)))),
        }
    }
}

impl Deref for SharedConfig {
    type Target = Config;

    fn deref(&self) -> &Config {
        self.0.as_deref().unwrap_or_else(|| &UNSET)
    }
}

impl fmt::Debug for SharedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
