//! What signed and private cookies share: sealed on the way out, opened on the way in.

use cookie::Cookie;

use crate::error::CookieError;
use crate::events;
use crate::jar::CookieJar;
use crate::set_cookie::Value;

/// A way to keep clients from making values up.
pub(crate) trait Seal {
    fn seal(&self, name: &str, value: &str) -> Result<String, CookieError>;

    /// A sealed value as it is to be written.
    fn written(sealed: &str) -> Value<'_>;

    fn open(&self, name: &str, sealed: &str) -> Result<String, CookieError>;

    fn get(&self, jar: &CookieJar, name: &str) -> Result<String, CookieError> {
        self.open(name, jar.require(name)?)
            .inspect_err(|error| events::unopened(name, error))
    }

    fn set(&self, jar: &CookieJar, cookie: &Cookie<'_>) -> Result<(), CookieError> {
        let sealed = self
            .seal(cookie.name(), cookie.value())
            .inspect_err(|error| events::refused("set", cookie.name(), error))?;
        jar.set_value(cookie, Self::written(&sealed))
    }
}
