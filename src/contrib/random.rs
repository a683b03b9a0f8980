//! Random strings: `django.utils.crypto.get_random_string`.

use crate::error::CookieError;

/// Returns `len` characters of the alphabet, each with the same probability.
pub(super) fn random_string(len: usize, alphabet: &[u8]) -> Result<String, CookieError> {
    // Bytes at or above this limit are dropped. They would make the first characters more probable.
    let limit = 256 / alphabet.len() * alphabet.len();
    let mut string = String::with_capacity(len);
    let mut bytes = [0; 64];
    while string.len() < len {
        getrandom::fill(&mut bytes).map_err(|_| CookieError::NoRandomBytes)?;
        let usable = bytes.iter().map(|&byte| usize::from(byte));
        let usable = usable.filter(|&byte| byte < limit);
        string.extend(
            usable
                .map(|byte| char::from(alphabet[byte % alphabet.len()]))
                .take(len - string.len()),
        );
    }
    Ok(string)
}
