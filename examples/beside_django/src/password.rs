//! Password hashes of Django's default hasher, `PBKDF2PasswordHasher`: `pbkdf2_sha256$…`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use subtle::ConstantTimeEq;

const ALGORITHM: &str = "pbkdf2_sha256";
/// A limit above Django's number, so that a damaged row cannot cause endless hashing.
const MAX_ITERATIONS: u32 = 10_000_000;
/// The hash that is checked if the user does not exist, so that the response time does not reveal
/// which users exist. Its number of iterations must be that of the site's hashes: here, that of
/// `DemoHasher`. Django's default hasher uses 1000000 in Django 5.2, and more in later versions.
const NOBODY: &str = "pbkdf2_sha256$10000$0000000000000000000000$";

/// Returns `true` if the hash is of this password. Returns `false` for hashes of other algorithms
/// and for Django's unusable passwords (`!…`). With Django's default iterations, this takes most of
/// a second.
pub(crate) fn verify(password: &str, hash: Option<&str>) -> bool {
    let parts: Vec<_> = hash.unwrap_or(NOBODY).split('$').collect();
    let [ALGORITHM, iterations, salt, expected] = *parts else {
        return false;
    };
    let Some(computed) = iterations
        .parse()
        .ok()
        .and_then(|n| derive(password, salt, n))
    else {
        return false;
    };
    computed.as_bytes().ct_eq(expected.as_bytes()).into()
}

/// Hashes a new password, with this salt and the number of iterations of the hash `previous`.
pub(crate) fn encode(password: &str, previous: &str, salt: &str) -> Option<String> {
    let iterations = previous.split('$').nth(1)?.parse().ok()?;
    let computed = derive(password, salt, iterations)?;
    Some(format!("{ALGORITHM}${iterations}${salt}${computed}"))
}

fn derive(password: &str, salt: &str, iterations: u32) -> Option<String> {
    if !(1..=MAX_ITERATIONS).contains(&iterations) {
        return None;
    }
    let mut key = [0; 32];
    pbkdf2_hmac::<Sha256>(password.as_bytes(), salt.as_bytes(), iterations, &mut key);
    Some(STANDARD.encode(key))
}
