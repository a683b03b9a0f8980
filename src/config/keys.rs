//! The keys of a layer, for signed and for private cookies.

#[cfg(feature = "signed")]
use std::sync::OnceLock;

#[cfg(feature = "private")]
use cookie::Key;

#[cfg(feature = "signed")]
use crate::signing::{SecretKey, TimestampSigner};

/// The layer's keys, as Django's cookie signer has them.
#[cfg(feature = "signed")]
#[derive(Clone, Debug, Default)]
pub(crate) struct SigningKeys {
    key: Option<SecretKey>,
    fallbacks: Vec<SecretKey>,
    /// `None` is unsaid: an outer layer's setting, else off.
    pub(crate) legacy_salt_fallback: Option<bool>,
    /// Made of the keys when it is first asked for.
    signer: OnceLock<Result<TimestampSigner, &'static str>>,
}

#[cfg(feature = "signed")]
impl SigningKeys {
    pub(crate) fn set_key(&mut self, key: SecretKey) {
        self.key = Some(key);
        self.signer.take();
    }

    pub(crate) fn set_fallbacks(&mut self, keys: impl Iterator<Item = SecretKey>) {
        self.fallbacks = keys.collect();
        self.signer.take();
    }

    /// Django's `get_cookie_signer`, the salt aside; the name of the setting that lacks a key, or has an
    /// empty one.
    pub(crate) fn signer(&self) -> Result<&TimestampSigner, &'static str> {
        let signer = self.signer.get_or_init(|| {
            let key = self.key.as_ref().and_then(cookie_signer_key);
            let fallbacks: Option<Vec<_>> = self.fallbacks.iter().map(cookie_signer_key).collect();
            let signer = TimestampSigner::new(key.ok_or("secret_key")?);
            Ok(signer.fallbacks(fallbacks.ok_or("secret_key_fallbacks")?))
        });
        signer.as_ref().map_err(|&setting| setting)
    }

    pub(crate) fn legacy_salt_fallback(&self) -> bool {
        self.legacy_salt_fallback.unwrap_or(false)
    }

    /// An inner layer's keys, else the `outer` one's.
    pub(crate) fn over(&self, outer: &Self) -> Self {
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
fn cookie_signer_key(key: &SecretKey) -> Option<SecretKey> {
    (!key.is_empty()).then(|| [b"django.http.cookies", key.as_bytes()].concat().into())
}

/// The layer's keys for private cookies.
#[cfg(feature = "private")]
#[derive(Clone, Default)]
pub(crate) struct PrivateKeys {
    pub(crate) key: Option<Key>,
    pub(crate) fallbacks: Vec<Key>,
}

#[cfg(feature = "private")]
impl PrivateKeys {
    /// An inner layer's keys, else the `outer` one's.
    pub(crate) fn over(&self, outer: &Self) -> Self {
        if self.key.is_some() { self } else { outer }.clone()
    }
}
