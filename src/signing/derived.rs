//! A cache of the keys derived from secret and salt.

use std::fmt;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::signing::SecretKey;

/// Salts contain cookie names, and handlers use few of them. Further keys are derived each time.
const KEPT: usize = 16;

/// The derived keys of each secret, by salt. Slots are filled from the first and never emptied, so that
/// reading takes no lock.
#[derive(Clone, Default)]
pub(super) struct DerivedKeys(OnceLock<Box<[OnceLock<Derived>; KEPT]>>);

#[derive(Clone)]
struct Derived {
    /// The place of the secret among the signer's.
    secret: usize,
    salt: String,
    key: Key,
}

pub(super) type Key = Zeroizing<[u8; 32]>;

impl DerivedKeys {
    /// The key of Django's `salted_hmac` for `salt`. `place` is the place of `secret` among the signer's.
    pub(super) fn get(&self, salt: &str, place: usize, secret: &SecretKey) -> Key {
        for slot in &**self.0.get_or_init(Box::default) {
            let derived = slot.get_or_init(|| Derived {
                secret: place,
                salt: salt.to_owned(),
                key: derive(salt, secret),
            });
            if derived.secret == place && derived.salt == salt {
                return derived.key.clone();
            }
        }
        derive(salt, secret)
    }
}

fn derive(salt: &str, secret: &SecretKey) -> Key {
    let derived = Sha256::new()
        .chain_update(salt)
        .chain_update("signer")
        .chain_update(secret.as_bytes())
        .finalize();
    Zeroizing::new(derived.into())
}

impl fmt::Debug for DerivedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKeys(..)")
    }
}
