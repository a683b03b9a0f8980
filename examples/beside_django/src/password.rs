//! Django's password hashes of `PBKDF2PasswordHasher`, which is the default: `pbkdf2_sha256$…`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use subtle::ConstantTimeEq;

const ALGORITHM: &str = "pbkdf2_sha256";
/// More than Django uses, so that a damaged row cannot keep the processor busy.
const MAX_ITERATIONS: u32 = 10_000_000;
/// Hashed if there is no such user, so that the time of the response does not tell who exists.
const NOBODY: &str = "pbkdf2_sha256$10000$0000000000000000000000$";

/// Returns `true` if the hash is of this password. Other algorithms and unusable passwords (`!…`)
/// match none. It takes most of a second with Django's number of iterations.
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

/// Hashes another password, with a new salt and the number of iterations of `previous`.
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
