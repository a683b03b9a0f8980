//! CSRF secrets and tokens: `django.middleware.csrf`.

use subtle::ConstantTimeEq;

use crate::contrib::random::random_string;
use crate::error::CookieError;

/// Django's `CSRF_SECRET_LENGTH`.
const SECRET_LEN: usize = 32;
/// Django's `CSRF_ALLOWED_CHARS`.
const CHARS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A secret of 32 letters and digits.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    /// Django's `_get_new_csrf_string`.
    pub(super) fn new() -> Result<Self, CookieError> {
        random_string(SECRET_LEN, CHARS).map(Self)
    }

    /// Reads a secret, or the secret in a token: Django's `_check_token_format` and
    /// `_unmask_cipher_token`. Returns `None` if the text is neither.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| CHARS.contains(&byte)) {
            return None;
        }
        match text.len() {
            SECRET_LEN => Some(Self(text.to_owned())),
            len if len == 2 * SECRET_LEN => {
                let (mask, cipher) = text.split_at(SECRET_LEN);
                Some(Self(combine(cipher, mask, |cipher, mask| {
                    cipher + CHARS.len() - mask
                })))
            }
            _ => None,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns a token: the secret with a random mask, so that each token is different: Django's
    /// `_mask_cipher_secret`.
    pub(super) fn to_token(&self) -> Result<String, CookieError> {
        let mask = random_string(SECRET_LEN, CHARS)?;
        let cipher = combine(&self.0, &mask, |secret, mask| secret + mask);
        Ok(mask + &cipher)
    }

    /// Returns `true` if `given` is the secret, or a token of it: Django's `_does_token_match`.
    pub(super) fn matches(&self, given: &str) -> bool {
        Self::parse(given).is_some_and(|given| given.0.as_bytes().ct_eq(self.0.as_bytes()).into())
    }
}

/// Combines two strings character by character, by the positions of the characters in the alphabet.
fn combine(a: &str, b: &str, sum: impl Fn(usize, usize) -> usize) -> String {
    let place = |byte| CHARS.iter().position(|&c| c == byte).unwrap_or_default();
    a.bytes()
        .zip(b.bytes())
        .map(|(a, b)| char::from(CHARS[sum(place(a), place(b)) % CHARS.len()]))
        .collect()
}
