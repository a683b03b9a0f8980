//! `PrivateJar`: encrypted cookies, in the format of the `cookie` crate.

use cookie::{Cookie, Key};
use percent_encoding::percent_decode_str;

use crate::display::display_name;
use crate::error::CookieError;
use crate::jar::secure::Protect;
use crate::jar::{CookieJar, IntoCookie};
use crate::set_cookie::Value;

impl CookieJar {
    /// Returns a jar that encrypts and decrypts values with the layer's
    /// [`private_key`](crate::CookieLayer::private_key).
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
/// A value can have about 3000 bytes. It contains no time of encryption. If it must expire, include
/// a time in the value.
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
    /// Some libraries percent-encode encrypted values. This method decodes them.
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

    fn verify(&self, name: &str, protected: &str) -> Result<String, CookieError> {
        let (key, fallbacks) = self.keys(name)?;
        let encrypted = percent_decode_str(protected).decode_utf8_lossy();
        let encrypted = Cookie::new(name.to_owned(), encrypted.into_owned());
        std::iter::once(key)
            .chain(fallbacks)
            .find_map(|key| {
                cookie::CookieJar::new()
                    .private(key)
                    .decrypt(encrypted.clone())
            })
            .map(|decrypted| decrypted.value().to_owned())
            .ok_or_else(|| CookieError::BadSignature {
                name: display_name(name),
            })
    }
}
