//! `PrivateJar`: encrypted cookies, in the format of the `cookie` crate.

use std::borrow::Cow;

use cookie::{Cookie, Key};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::display::display_name;
use crate::error::CookieError;
use crate::jar::secure::{Protect, Scheme};
use crate::jar::{CookieJar, IntoCookie};
use crate::set_cookie::Value;

/// The characters of base64 that other libraries percent-encode in cookies.
const ENCODED: &AsciiSet = &CONTROLS.add(b'/').add(b'=');

impl CookieJar {
    /// Returns a jar that encrypts and decrypts values with the layer's
    /// [`private_key`](crate::CookieLayer::private_key).
    ///
    /// An encrypted value has no timestamp: it stays valid as long as the layer has the key. For a
    /// login, use `CookieJar::signed` with a maximum age, or include a time in the value.
    ///
    /// ```
    /// use tower_django_cookies::cookie::Key;
    /// use tower_django_cookies::{CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new().private_key(Key::generate());
    /// let jar = layer.jar(&http::Request::new(()));
    /// jar.private().set(("card", "4111 1111"))?;
    /// assert!(!jar.queued()[0].value().contains("4111"));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn private(&self) -> PrivateJar {
        PrivateJar::new(self.clone())
    }
}

/// A [`CookieJar`] for cookies that clients can neither read nor forge.
///
/// Values are encrypted by the [`cookie`] crate (AES-256-GCM, bound to the cookie's name). With the
/// same [`Key`], tower-cookies and axum-extra read the cookies set here, and this jar reads theirs.
/// Django has no such cookies. Scopes, declarations and errors are those of the plain jar. To delete
/// a private cookie, use [`CookieJar::delete`].
///
/// A value can have about 3000 bytes. It has no timestamp: anyone with a copy of the cookie can use it
/// as long as the layer has the key. If a value must expire, include a time in it.
///
/// ```
/// use tower_django_cookies::cookie::Key;
/// use tower_django_cookies::{CookieError, CookieLayer};
///
/// let layer = CookieLayer::new().private_key(Key::generate());
/// # let jar = layer.jar(&http::Request::new(()));
/// jar.private().set(("card", "4111 1111"))?;
/// # let queued = jar.queued();
/// # let request = http::Request::builder()
/// #     .header("cookie", format!("card={}", queued[0].value()))
/// #     .body(())
/// #     .unwrap();
/// # let jar = layer.jar(&request);
///
/// // In the next request:
/// assert_eq!(jar.private().get("card")?, "4111 1111");
/// assert_ne!(jar.get("card"), Some("4111 1111"));
/// # Ok::<(), CookieError>(())
/// ```
#[doc(alias = "PrivateCookieJar")]
#[doc(alias = "PrivateCookies")]
#[derive(Clone, Debug)]
#[must_use]
pub struct PrivateJar {
    jar: CookieJar,
}

impl PrivateJar {
    pub(crate) fn new(jar: CookieJar) -> Self {
        Self { jar }
    }

    /// Returns the value of an encrypted cookie.
    ///
    /// Some libraries, such as axum-extra, percent-encode encrypted values. This method accepts a value
    /// as this jar or those libraries write it, and rejects every other encoding of it.
    ///
    /// If several cookies have this name, this method returns the value of the last one that can be
    /// decrypted. It tries at most the last eight. If it can decrypt none of them, it returns the error
    /// of the last one.
    ///
    /// # Errors
    ///
    /// - [`CookieError::MissingKey`] if the layer has no
    ///   [`private_key`](crate::CookieLayer::private_key).
    /// - [`CookieError::MissingCookie`] if the request has no such cookie.
    /// - [`CookieError::BadSignature`] if it was forged, or encrypted with another key or name.
    pub fn get(&self, name: &str) -> Result<String, CookieError> {
        Protect::get(self, &self.jar, name)
    }

    /// Encrypts the cookie's value and sets the cookie.
    ///
    /// # Errors
    ///
    /// The errors of [`CookieJar::set`], and [`CookieError::MissingKey`] if the layer has no
    /// [`private_key`](crate::CookieLayer::private_key).
    pub fn set<'c>(&self, cookie: impl IntoCookie<'c>) -> Result<(), CookieError> {
        Protect::set(self, &self.jar, cookie)
    }

    fn keys(&self, name: &str) -> Result<(&Key, &[Key]), CookieError> {
        let keys = &self.jar.config().private;
        match &keys.key {
            Some(key) => Ok((key, &keys.fallbacks)),
            None => Err(CookieError::MissingKey {
                name: display_name(name),
                setting: "private_key",
            }),
        }
    }
}

impl Protect for PrivateJar {
    type Verified = String;

    fn check_key(&self, name: &str) -> Result<(), CookieError> {
        self.keys(name).map(drop)
    }

    fn protect(&self, name: &str, value: &str) -> Result<String, CookieError> {
        let mut encrypting = cookie::CookieJar::new();
        let cookie = Cookie::new(name.to_owned(), value.to_owned());
        encrypting.private_mut(self.keys(name)?.0).add(cookie);
        let encrypted = encrypting.get(name).expect("it was added");
        Ok(encrypted.value().to_owned())
    }

    /// Base64 needs no quotes, and other libraries do not remove quotes.
    fn to_value(protected: &str) -> Value<'_> {
        Value::Verbatim(protected)
    }

    fn verify(&self, name: &str, protected: &str, _: Scheme) -> Result<String, CookieError> {
        let (key, fallbacks) = self.keys(name)?;
        let decrypt = |encrypted: Cow<'_, str>| {
            let encrypted = Cookie::new(name.to_owned(), encrypted.into_owned());
            std::iter::once(key).chain(fallbacks).find_map(|key| {
                cookie::CookieJar::new()
                    .private(key)
                    .decrypt(encrypted.clone())
            })
        };
        canonical(protected)
            .and_then(decrypt)
            .map(|decrypted| decrypted.value().to_owned())
            .ok_or_else(|| CookieError::BadSignature {
                name: display_name(name),
            })
    }
}

/// Returns the base64 text of a value, which may be plain or percent-encoded as by other libraries.
/// Returns `None` for every other encoding, since a client could choose among dozens of them.
fn canonical(protected: &str) -> Option<Cow<'_, str>> {
    let decoded = percent_decode_str(protected).decode_utf8_lossy();
    let is_known =
        decoded == protected || Cow::from(utf8_percent_encode(&decoded, ENCODED)) == protected;
    is_known.then_some(decoded)
}
