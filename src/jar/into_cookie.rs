//! `IntoCookie`: conversion into a cookie to set.

use std::borrow::Cow;

use cookie::{Cookie, CookieBuilder};

/// A cookie to set: `(name, value)`, a [`Cookie`] or a [`CookieBuilder`].
///
/// A name alone does not implement it. So code that forgets the value does not compile:
///
/// ```compile_fail,E0277
/// # let jar = tower_django_cookies::CookieLayer::new().jar(&http::Request::new(()));
/// jar.set("visited");
/// ```
///
/// ```
/// # use tower_django_cookies::{Cookie, CookieError, CookieLayer};
/// # let jar = CookieLayer::new().jar(&http::Request::new(()));
/// jar.set(("visited", "True"))?;
/// jar.set(("visits", 5.to_string()))?;
/// jar.set(Cookie::new("theme", "dark"))?;
/// jar.set(Cookie::build(("language", "en")).path("/app"))?;
/// # Ok::<(), CookieError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cookie with a value",
    label = "expected `(name, value)`, a `Cookie` or a `CookieBuilder`",
    note = "write `jar.set((\"visited\", \"True\"))`, or `(\"visited\", \"\")` for an empty value"
)]
pub trait IntoCookie<'c> {
    /// Converts into a cookie.
    fn into_cookie(self) -> Cookie<'c>;
}

impl<'c> IntoCookie<'c> for Cookie<'c> {
    fn into_cookie(self) -> Cookie<'c> {
        self
    }
}

impl<'c> IntoCookie<'c> for CookieBuilder<'c> {
    fn into_cookie(self) -> Cookie<'c> {
        self.build()
    }
}

impl<'c, N, V> IntoCookie<'c> for (N, V)
where
    N: Into<Cow<'c, str>>,
    V: Into<Cow<'c, str>>,
{
    fn into_cookie(self) -> Cookie<'c> {
        self.into()
    }
}
