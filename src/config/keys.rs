//! The keys of a layer, for signed and for private cookies.

#[cfg(feature = "signed")]
use std::sync::OnceLock;

#[cfg(feature = "private")]
use cookie::Key;

#[cfg(feature = "signed")]
use crate::signing::{SecretKey, TimestampSigner};

/// The keys of Django's cookie signer.
#[cfg(feature = "signed")]
#[derive(Clone, Debug, Default)]
pub(crate) struct SigningKeys {
    key: Option<SecretKey>,
    fallbacks: Vec<SecretKey>,
    /// If it is `None`, the setting of an outer layer applies, or else `false`.
    pub(crate) legacy_salt_fallback: Option<bool>,
    /// Created from the keys at its first use. The signer caches the keys that it derives.
    signer: OnceLock<Option<TimestampSigner>>,
}

#[cfg(feature = "signed")]
impl SigningKeys {
    pub(crate) fn set_key(&mut self, key: SecretKey) {
        self.key = Some(key);
        self.signer.take();
    }

    pub(crate) fn set_fallbacks(&mut self, keys: Vec<SecretKey>) {
        self.fallbacks = keys;
        self.signer.take();
    }

    /// The key and its fallbacks, as given: Django's `SECRET_KEY` and `SECRET_KEY_FALLBACKS`.
    #[cfg(feature = "sessions")]
    pub(crate) fn keys(&self) -> Option<(&SecretKey, &[SecretKey])> {
        Some((self.key.as_ref()?, &self.fallbacks))
    }

    /// Django's `get_cookie_signer` without the salt; `None` if there is no key.
    pub(crate) fn signer(&self) -> Option<&TimestampSigner> {
        let signer = self.signer.get_or_init(|| {
            let signer = TimestampSigner::new(cookie_signer_key(self.key.as_ref()?));
            Some(signer.fallbacks(self.fallbacks.iter().map(cookie_signer_key)))
        });
        signer.as_ref()
    }

    pub(crate) fn legacy_salt_fallback(&self) -> bool {
        self.legacy_salt_fallback.unwrap_or(false)
    }

    /// An inner layer's keys, or the `outer` layer's if the inner one has no key.
    pub(super) fn merged_with(&self, outer: &Self) -> Self {
        let keys = if self.key.is_some() { self } else { outer };
        Self {
            key: keys.key.clone(),
            fallbacks: keys.fallbacks.clone(),
            legacy_salt_fallback: self.legacy_salt_fallback.or(outer.legacy_salt_fallback),
            signer: keys.signer.clone(),
        }
    }
}

/// Django's `_cookie_signer_key`.
#[cfg(feature = "signed")]
fn cookie_signer_key(key: &SecretKey) -> SecretKey {
    key.with_prefix(b"django.http.cookies")
}

/// The keys of private cookies.
#[cfg(feature = "private")]
#[derive(Clone, Default)]
pub(crate) struct PrivateKeys {
    pub(crate) key: Option<Key>,
    pub(crate) fallbacks: Vec<Key>,
}

#[cfg(feature = "private")]
impl PrivateKeys {
    /// An inner layer's keys, or the `outer` layer's if the inner one has no key.
    pub(super) fn merged_with(&self, outer: &Self) -> Self {
        if self.key.is_some() { self } else { outer }.clone()
    }
}
