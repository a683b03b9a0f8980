//! A cache of the keys derived from secret and salt.

use std::fmt;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::signing::SecretKey;

/// The maximum number of cached keys. Each salt contains a cookie name, and a site signs few
/// cookies. A key that is not cached is derived at each use.
const KEPT: usize = 16;

/// The keys derived from each secret and salt. Slots are filled in order and never emptied, so
/// reading a filled slot needs no lock.
#[derive(Clone, Default)]
pub(super) struct DerivedKeys(OnceLock<Box<[OnceLock<Derived>; KEPT]>>);

#[derive(Clone)]
struct Derived {
    /// The index of the secret in the signer: 0 is the key, and 1 is the first fallback.
    secret: usize,
    salt: String,
    key: Key,
}

pub(super) type Key = Zeroizing<[u8; 32]>;

impl DerivedKeys {
    /// Returns the key that Django's `salted_hmac` uses for `salt`. `place` is the index of
    /// `secret` in the signer.
    pub(super) fn get(&self, salt: &[&str], place: usize, secret: &SecretKey) -> Key {
        for slot in &**self.0.get_or_init(Box::default) {
            let derived = slot.get_or_init(|| Derived {
                secret: place,
                salt: salt.concat(),
                key: derive(salt, secret),
            });
            if derived.secret == place && is_concatenation(&derived.salt, salt) {
                return derived.key.clone();
            }
        }
        derive(salt, secret)
    }
}

/// Returns `true` if `text` is the concatenation of `parts`.
fn is_concatenation(text: &str, parts: &[&str]) -> bool {
    let rest = parts
        .iter()
        .try_fold(text, |rest, part| rest.strip_prefix(part));
    rest == Some("")
}

fn derive(salt: &[&str], secret: &SecretKey) -> Key {
    let mut key = Key::default();
    salt.iter()
        .fold(Sha256::new(), Digest::chain_update)
        .chain_update("signer")
        .chain_update(secret.as_bytes())
        .finalize_into((&mut *key).into());
    key
}

impl fmt::Debug for DerivedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKeys(..)")
    }
}
