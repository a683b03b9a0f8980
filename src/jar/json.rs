//! `SignedJar::set_json` and `SignedJar::get_json`: signed JSON in cookies.

use cookie::Cookie;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::display::display_name;
use crate::error::CookieError;
use crate::events;
use crate::jar::signed::SignedJar;
use crate::signing::{DEFAULT_INFLATE_LIMIT, PayloadReason, decode, encode};

impl SignedJar {
    /// Writes `value` as JSON, signs it and sets the cookie.
    ///
    /// The cookie is a name, a [`Cookie`] or a [`CookieBuilder`](crate::CookieBuilder). The cookie's own
    /// value is ignored. The JSON is written as by [`signing::dumps`](crate::signing::dumps). The keys
    /// and salts are those of [`set`](Self::set).
    ///
    /// In Django, the methods `sign_object` and `unsign_object` of this signer write and read such a
    /// cookie:
    ///
    /// ```python
    /// # The salt is f"django.http.cookies.v2:{len(salt)}:{salt}{name}".
    /// signing.get_cookie_signer(salt="django.http.cookies.v2:0:cart")
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`set`](Self::set), and [`CookieError::BadPayload`] if `value` cannot be written as
    /// JSON.
    ///
    /// ```
    /// use tower_django_cookies::time::Duration;
    /// use tower_django_cookies::{Cookie, CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// let cart = [("cocoa", 2), ("tea", 1)];
    /// jar.signed().set_json(Cookie::build("cart").max_age(Duration::DAY), &cart)?;
    /// # let header = format!("cart={}", jar.queued()[0].value());
    /// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
    ///
    /// // In the next request:
    /// let cart: Vec<(String, u32)> = jar.signed().get_json("cart")?;
    /// assert_eq!(cart[0], ("cocoa".to_owned(), 2));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn set_json<'c, T>(
        &self,
        cookie: impl Into<Cookie<'c>>,
        value: &T,
    ) -> Result<(), CookieError>
    where
        T: Serialize + ?Sized,
    {
        let mut cookie = cookie.into();
        let json = encode(value, false)
            .map_err(|reason| bad_payload(cookie.name(), reason))
            .inspect_err(|error| events::refused("set", cookie.name(), error))?;
        cookie.set_value(json);
        self.set(cookie)
    }

    /// Verifies a signed cookie, and reads the JSON that [`set_json`](Self::set_json) wrote.
    ///
    /// After a key rotation, [`verify`](Self::verify) tells whether the cookie needs renewal. Its value is
    /// the encoded JSON, so `signed.set(("cart", verified.value()))?` signs it again.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get), and [`CookieError::BadPayload`] if the value is not JSON of
    /// this type, or inflates to more than 1 MiB. For example, an earlier version of your service may
    /// have set the cookie with another type. The browser sends that cookie again with each request:
    /// treat it as missing, and set or delete it.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// # jar.signed().set_json("cart", &[1, 2])?;
    /// # let header = format!("cart={}", jar.queued()[0].value());
    /// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
    /// assert_eq!(jar.signed().get_json::<Vec<u32>>("cart")?, [1, 2]);
    ///
    /// let error = jar.signed().get_json::<String>("cart").unwrap_err();
    /// assert!(matches!(error, CookieError::BadPayload { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn get_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, CookieError> {
        decode(&self.get(name)?, DEFAULT_INFLATE_LIMIT)
            .map_err(|reason| bad_payload(name, reason))
            .inspect_err(|error| events::refused("get", name, error))
    }
}

fn bad_payload(name: &str, reason: PayloadReason) -> CookieError {
    CookieError::BadPayload {
        name: display_name(name),
        reason,
    }
}
