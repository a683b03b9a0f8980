//! The keys that are derived from secret and salt, kept for the next signature.

use std::fmt;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::signing::SecretKey;

/// The salts are the names of cookies, of which handlers use few; a name more is derived each time.
const KEPT: usize = 16;

/// Each secret's derived keys, by salt. Slots are filled from the first and never emptied, so that reading
/// them takes no lock.
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
    /// Django's `salted_hmac`: the key for `salt`, given that `secret` stands at this place.
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
