//! `PrivateJar`: encrypted cookies, those of the `cookie` crate.

use cookie::{Cookie, Key};
use percent_encoding::percent_decode_str;

use crate::error::{CookieError, shown};
use crate::jar::CookieJar;
use crate::jar::secure::Seal;
use crate::set_cookie::Value;

impl CookieJar {
    /// The same jar for encrypted cookies, with the layer's
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

/// A [`CookieJar`] whose cookies clients can neither read nor make up.
///
/// Values are encrypted by the [`cookie`] crate (AES-256-GCM, bound to the name), so that
/// tower-cookies and axum-extra read what is set here with the same [`Key`], and the other way
/// round. Django has no such cookies. Scopes, declarations and errors are those of the plain jar; to
/// delete a cookie use [`CookieJar::delete`].
///
/// A value may have about 3000 bytes. It has no age: put a time into it if it is to expire.
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

    /// The value of an encrypted cookie.
    ///
    /// What peers wrote percent-encoded is understood too.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingCookie`] if the request has no such cookie, [`CookieError::BadSignature`] if
    /// it was forged or encrypted with another key or name, and [`CookieError::MissingKey`] if the
    /// layer has no [`private_key`](crate::CookieLayer::private_key).
    pub fn get(&self, name: &str) -> Result<String, CookieError> {
        Seal::get(self, &self.jar, name)
    }

    /// Encrypts the cookie's value and queues it.
    ///
    /// # Errors
    ///
    /// Those of [`CookieJar::set`], and [`CookieError::MissingKey`] if the layer has no
    /// [`private_key`](crate::CookieLayer::private_key).
    pub fn set<'c>(&self, cookie: impl Into<Cookie<'c>>) -> Result<(), CookieError> {
        Seal::set(self, &self.jar, &cookie.into())
    }

    fn keys(&self, name: &str) -> Result<(&Key, &[Key]), CookieError> {
        let keys = &self.jar.settings().private;
        match &keys.key {
            Some(key) => Ok((key, &keys.fallbacks)),
            None => Err(CookieError::MissingKey {
                name: shown(name),
                setting: "private_key",
            }),
        }
    }
}

impl Seal for PrivateJar {
    fn seal(&self, name: &str, value: &str) -> Result<String, CookieError> {
        let mut sealed = cookie::CookieJar::new();
        let cookie = Cookie::new(name.to_owned(), value.to_owned());
        sealed.private_mut(self.keys(name)?.0).add(cookie);
        let sealed = sealed.get(name).expect("it was added");
        Ok(sealed.value().to_owned())
    }

    /// Base64 is all cookie-octets, and peers know no quotes.
    fn written(sealed: &str) -> Value<'_> {
        Value::Verbatim(sealed)
    }

    fn open(&self, name: &str, sealed: &str) -> Result<String, CookieError> {
        let (key, fallbacks) = self.keys(name)?;
        let sealed = percent_decode_str(sealed).decode_utf8_lossy();
        let sealed = Cookie::new(name.to_owned(), sealed.into_owned());
        std::iter::once(key)
            .chain(fallbacks)
            .find_map(|key| {
                cookie::CookieJar::new()
                    .private(key)
                    .decrypt(sealed.clone())
            })
            .map(|opened| opened.value().to_owned())
            .ok_or_else(|| CookieError::BadSignature { name: name.into() })
    }
}
