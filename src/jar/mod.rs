//! `CookieJar`: reads, sets and deletes cookies in a handler.

mod caching;
pub(crate) mod flush;
mod into_cookie;
#[cfg(feature = "dumps")]
mod json;
#[cfg(feature = "private")]
mod private;
pub(crate) mod queue;
#[cfg(any(feature = "signed", feature = "private"))]
pub(crate) mod secure;
#[cfg(feature = "signed")]
mod signed;
mod state;
mod sync;
#[cfg(feature = "signed")]
mod verified;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use cookie::Cookie;
use http::{Extensions, HeaderMap, Uri};
use percent_encoding::percent_decode_str;

use crate::config::{Config, SharedConfig};
use crate::display::display_name;
use crate::error::CookieError;
use crate::events;
use crate::jar::flush::Flush;
use crate::jar::queue::{Queue, QueueState};
use crate::jar::state::{LayerView, RequestState};
#[cfg(any(feature = "csrf", feature = "messages"))]
use crate::jar::sync::MutexGuard;
use crate::jar::sync::{Arc, Ordering};
use crate::request::{GetAll, Iter, RequestCookies};
use crate::set_cookie::Value;
use crate::set_cookie::validate::check_verbatim;

pub use self::into_cookie::IntoCookie;
#[cfg(feature = "private")]
pub use self::private::PrivateJar;
#[cfg(feature = "signed")]
pub use self::signed::SignedJar;
#[cfg(feature = "signed")]
pub use self::verified::Verified;

/// The cookies of a request, and the cookies that its response will set and delete.
///
/// [`CookieLayer`](crate::CookieLayer) puts a jar into the extensions of each request. All clones
/// of a jar share the same cookies.
///
/// Reads return only the cookies of the request, and writes affect only the response, as in Django.
/// So `get` after `set` still returns the value from the request.
///
/// A jar that outlives its request keeps the `Cookie` headers and the host in memory. They can be
/// slices of a larger buffer: in hyper's HTTP/1, the buffer of all request headers. If you need a
/// value for longer, copy the value instead of keeping the jar. Queued cookies are freed at the end
/// of the request.
///
/// ```
/// use http::Request;
/// use tower_django_cookies::CookieLayer;
///
/// let request = Request::builder().header("cookie", "visited=True").body(())?;
/// let jar = CookieLayer::new().jar(&request);
///
/// assert_eq!(jar.get("visited"), Some("True"));
/// jar.delete("visited")?;
/// assert_eq!(jar.get("visited"), Some("True"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "Cookies")]
#[doc(alias = "COOKIES")]
#[derive(Clone)]
pub struct CookieJar {
    state: Arc<RequestState>,
    /// The view of a nested layer; `None` is the outermost layer's view.
    nested: Option<Arc<LayerView>>,
}

impl CookieJar {
    /// The jar of a request that passes through no outer layer.
    pub(crate) fn outermost(
        config: &SharedConfig,
        headers: &HeaderMap,
        uri: &Uri,
        state: QueueState,
    ) -> Self {
        Self {
            state: Arc::new(RequestState::new(
                RequestCookies::new(headers),
                Queue::new(state),
                LayerView::new(config.clone(), headers, uri),
            )),
            nested: None,
        }
    }

    /// The jar of a layer inside of this jar's layer.
    pub(crate) fn nested(&self, config: &SharedConfig, headers: &HeaderMap, uri: &Uri) -> Self {
        let Some(config) = config.merged_with(&self.view().config) else {
            return self.clone();
        };
        Self {
            state: Arc::clone(&self.state),
            nested: Some(Arc::new(LayerView::new(config, headers, uri))),
        }
    }

    /// Returns `true` if an inner layer can use this jar's queue instead of its own, which would be
    /// in the state `inner`.
    pub(crate) fn can_serve(&self, inner: QueueState) -> bool {
        self.state.queue().can_serve(inner)
    }

    /// Returns the [`Flush`] with which the layer's response future ends the request.
    #[inline]
    pub(crate) fn flush(&self, is_outermost: bool) -> Flush {
        Flush::new(Arc::clone(&self.state), is_outermost, self.config())
    }

    /// Returns the jar that [`CookieLayer`](crate::CookieLayer) put into a request's extensions.
    ///
    /// It is for hyper and other services without extractors.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingLayer`] if the extensions contain no jar.
    ///
    /// ```
    /// use http::Request;
    /// use tower_django_cookies::{CookieError, CookieJar};
    ///
    /// fn handler<B>(request: &Request<B>) -> Result<String, CookieError> {
    ///     let jar = CookieJar::from_extensions(request.extensions())?;
    ///     Ok(jar.get("cocoa").unwrap_or("1").to_owned())
    /// }
    ///
    /// assert_eq!(handler(&Request::new(())), Err(CookieError::MissingLayer));
    /// ```
    pub fn from_extensions(extensions: &Extensions) -> Result<&Self, CookieError> {
        // `ok_or` would create and drop an error for each jar, which takes 10 ns.
        let Some(jar) = extensions.get() else {
            return Err(CookieError::MissingLayer);
        };
        Ok(jar)
    }

    /// Creates a jar that reads `headers`, for code without a layer.
    ///
    /// It has no response, so [`set`](Self::set) and [`delete`](Self::delete) return
    /// [`CookieError::NoResponse`].
    ///
    /// ```
    /// use http::HeaderMap;
    /// use tower_django_cookies::{CookieError, CookieJar};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("cookie", "cocoa=2".parse()?);
    /// let jar = CookieJar::from_headers(&headers);
    ///
    /// assert_eq!(jar.get("cocoa"), Some("2"));
    /// assert!(matches!(jar.delete("cocoa"), Err(CookieError::NoResponse { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self {
            state: Arc::new(RequestState::new(
                RequestCookies::new(headers),
                Queue::new(QueueState::ReadOnly),
                LayerView::default(),
            )),
            nested: None,
        }
    }

    /// Returns the value of the cookie `name`, if the request has one: Django's
    /// `request.COOKIES.get`.
    ///
    /// If several cookies have the name, this is the last value. [`get_all`](Self::get_all) returns
    /// all of them. A cookie that was sent without a name has the name `""`. Values are unquoted
    /// but not percent-decoded. A value without escapes borrows from the header.
    ///
    /// ```
    /// # use tower_django_cookies::CookieLayer;
    /// # let request = http::Request::builder().header("cookie", r#"cocoa="2\073 3""#).body(())?;
    /// # let jar = CookieLayer::new().jar(&request);
    /// // Cookie: cocoa="2\073 3"
    /// assert_eq!(jar.get("cocoa"), Some("2; 3"));
    /// assert_eq!(jar.get("coffee").unwrap_or("1"), "1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.read().get(name)
    }

    /// Returns the value that [`get`](Self::get) returns, percent-decoded.
    ///
    /// Use it for cookies that a script wrote with `encodeURIComponent`, or that axum-extra set, which
    /// percent-encodes names and values. Bytes that are not UTF-8 become U+FFFD. A `%` that is not
    /// followed by two hexadecimal digits is kept, and so is a `+`. The name is never percent-decoded:
    /// only this host can set `__Host-id`, but other hosts of the site can set `__%48ost-id`.
    ///
    /// Do not use it for values that [`set`](Self::set) wrote: a `%25` in them would become `%`. As long
    /// as you read a cookie with this method, write it with [`set_verbatim`](Self::set_verbatim) and
    /// percent-encoding.
    ///
    /// ```
    /// # use tower_django_cookies::CookieLayer;
    /// # let request = http::Request::builder().header("cookie", "cocoa=2%3B%203").body(())?;
    /// # let jar = CookieLayer::new().jar(&request);
    /// // Cookie: cocoa=2%3B%203
    /// assert_eq!(jar.get_percent_decoded("cocoa").as_deref(), Some("2; 3"));
    /// assert_eq!(jar.get("cocoa"), Some("2%3B%203"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get_percent_decoded(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name)
            .map(|value| percent_decode_str(value).decode_utf8_lossy())
    }

    /// Returns every value of the cookie `name`, in the order of the request.
    ///
    /// A browser that stores a cookie at several scopes sends it several times: the one with the
    /// longest Path first (RFC 6265 §5.4). With Paths of the same length, the order differs between
    /// browsers. When a value changes, Chromium moves the cookie to the end, and Firefox keeps its
    /// place.
    ///
    /// ```
    /// # use tower_django_cookies::CookieLayer;
    /// # let request = http::Request::builder().header("cookie", "a=1; b=2; a=3").body(())?;
    /// # let jar = CookieLayer::new().jar(&request);
    /// // Cookie: a=1; b=2; a=3
    /// assert_eq!(jar.get_all("a").collect::<Vec<_>>(), ["1", "3"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get_all(&self, name: &str) -> GetAll<'_> {
        self.read().get_all(name)
    }

    /// Returns the value of the cookie `name`, or an error if the request has none: Django's
    /// `request.COOKIES[name]`.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingCookie`] if the request has no such cookie. The status of this error
    /// is 400.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let request = http::Request::builder().header("cookie", "cocoa=2").body(())?;
    /// # let jar = CookieLayer::new().jar(&request);
    /// assert_eq!(jar.require("cocoa"), Ok("2"));
    /// assert!(matches!(jar.require("coffee"), Err(CookieError::MissingCookie { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn require(&self, name: &str) -> Result<&str, CookieError> {
        self.get(name).ok_or_else(|| CookieError::MissingCookie {
            name: display_name(name),
        })
    }

    /// Returns `true` if the request has a cookie `name`: Django's `name in request.COOKIES`.
    ///
    /// ```
    /// # use tower_django_cookies::CookieLayer;
    /// # let request = http::Request::builder().header("cookie", "visited=True").body(())?;
    /// # let jar = CookieLayer::new().jar(&request);
    /// assert!(jar.contains("visited"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns the number of different names in the request: Django's `len(request.COOKIES)`.
    ///
    /// ```
    /// # use tower_django_cookies::CookieLayer;
    /// # let request = http::Request::builder().header("cookie", "a=1; b=2; a=3").body(())?;
    /// # let jar = CookieLayer::new().jar(&request);
    /// // Cookie: a=1; b=2; a=3
    /// assert_eq!(jar.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Returns `true` if the request has no cookies.
    ///
    /// ```
    /// # use tower_django_cookies::CookieLayer;
    /// # let jar = CookieLayer::new().jar(&http::Request::new(()));
    /// assert!(jar.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// Returns an iterator over names and values: Django's `request.COOKIES.items()`.
    ///
    /// Each name occurs once, at the position of its first occurrence in the request and with its
    /// last value.
    ///
    /// ```
    /// # use tower_django_cookies::CookieLayer;
    /// # let request = http::Request::builder().header("cookie", "a=1; b=2; a=3").body(())?;
    /// # let jar = CookieLayer::new().jar(&request);
    /// // Cookie: a=1; b=2; a=3
    /// assert_eq!(jar.iter().collect::<Vec<_>>(), [("a", "3"), ("b", "2")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "list")]
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        self.read().iter()
    }

    /// Sets a cookie in the response: Django's `response.set_cookie`.
    ///
    /// The cookie is `(name, value)`, a [`Cookie`] or a [`CookieBuilder`](crate::CookieBuilder).
    ///
    /// Unset attributes default to the declared ones, or else to Django's defaults: `Path=/` and
    /// nothing else. `.path("")` and `.domain("")` omit the attribute. The value is quoted where
    /// necessary. If several operations have the same name, Domain, Path and Partitioned, the last
    /// one takes effect.
    ///
    /// A value with characters above U+00FF is sent as UTF-8 bytes. Some libraries lose such a cookie, such
    /// as `lambda_http` in a response. Others ignore all cookies of the request, such as axum-extra. If one
    /// of them handles the cookie, use [`set_verbatim`](Self::set_verbatim) with percent-encoding.
    ///
    /// # Errors
    ///
    /// Returns a [`CookieError`] if browsers would drop or misread the cookie, if the cookie
    /// contradicts its declaration or lacks a required one, or if the jar has no response or its
    /// headers have been sent. Browsers also drop a `Secure` cookie that they receive over plain
    /// HTTP, which is not checked. They drop a cookie whose Domain is a public suffix (`co.uk`),
    /// which is checked with [`CookieLayer::public_suffixes`](crate::CookieLayer::public_suffixes)
    /// only. They shorten a lifetime of more than 400 days, without an error here.
    ///
    /// ```
    /// use tower_django_cookies::{Cookie, CookieError, CookieLayer, SameSite};
    /// # let jar = CookieLayer::new().jar(&http::Request::new(()));
    ///
    /// jar.set(("visited", "True"))?;
    /// jar.set(Cookie::build(("theme", "dark")).path("/app").same_site(SameSite::Lax))?;
    /// jar.set(Cookie::parse("cocoa=2; Max-Age=60")?)?;
    ///
    /// let error = jar.set(("theme", "dark\r\nX: 1")).unwrap_err();
    /// assert!(matches!(error, CookieError::ControlCharacter { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    #[doc(alias = "add")]
    #[doc(alias = "set_cookie")]
    // Inlined, so that the cookie is built in place.
    #[inline]
    pub fn set<'c>(&self, cookie: impl IntoCookie<'c>) -> Result<(), CookieError> {
        let cookie = cookie.into_cookie();
        self.set_value(&cookie, Value::Quoted(cookie.value()))
    }

    /// Sets a cookie and sends its value as it is, without Django's quotes and escapes.
    ///
    /// Use it for scripts that read the cookie, for services that keep quotes or percent-decode values,
    /// such as tower-cookies and axum-extra, and to send the value of another server's cookie. Everything
    /// but the value is as in [`set`](Self::set). [`queued`](Self::queued) returns the value as a handler
    /// reads it: without surrounding quotes.
    ///
    /// To forward a whole `Set-Cookie` header unchanged, append it to the response instead. The layer
    /// keeps such headers and does not check them.
    ///
    /// # Errors
    ///
    /// The errors of [`set`](Self::set), and [`CookieError::InvalidValue`] if the value is not a
    /// cookie-value (RFC 6265 §4.1.1): printable ASCII characters except space, `"`, `,`, `;` and `\`,
    /// or such characters between two quotes.
    ///
    /// ```
    /// use tower_django_cookies::{Cookie, CookieError, CookieLayer};
    /// # let jar = CookieLayer::new().jar(&http::Request::new(()));
    ///
    /// let received = Cookie::parse(r#"token="ZA=="; Path=/app"#)?;
    /// jar.set_verbatim(received)?; // token="ZA=="; Path=/app
    /// assert_eq!(jar.queued()[0].value(), "ZA==");
    ///
    /// let error = jar.set_verbatim(("cocoa", "2; 3")).unwrap_err();
    /// assert!(matches!(error, CookieError::InvalidValue { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn set_verbatim<'c>(&self, cookie: impl IntoCookie<'c>) -> Result<(), CookieError> {
        let cookie = cookie.into_cookie();
        let (name, value) = cookie.name_value();
        check_verbatim(name, value).inspect_err(|error| events::refused("set", name, error))?;
        self.set_value(&cookie, Value::Verbatim(value))
    }

    /// Deletes a cookie in the browser: Django's `response.delete_cookie`.
    ///
    /// The cookie is a name, a [`Cookie`] or a [`CookieBuilder`](crate::CookieBuilder). Its value
    /// and lifetime are ignored.
    ///
    /// A browser deletes a cookie only if Domain and Path are those it was set with. They are
    /// chosen as follows:
    ///
    /// - A declared cookie is deleted at its declared scope, at its retired scopes and under its
    ///   previous names. The argument may give the declared scope or one retired scope.
    /// - An undeclared cookie is deleted at the given Domain and Path. Unset ones default to
    ///   those of a `set` of the cookie in this response, or else to Django's default, `Path=/`.
    ///
    /// The delete is sent even if the request does not have the cookie.
    ///
    /// The name can be any name that a browser can store, so a loop over the names of a request does
    /// not fail. The exceptions are names with U+FFFD (their bytes are not known if they were not
    /// UTF-8), cookies without a name, and what the configuration of the layer refuses. Such a loop
    /// deletes the undeclared cookies that were set without a Domain and with `Path=/`.
    ///
    /// A logout should delete its cookies. `Clear-Site-Data: "cookies"` is no alternative: it also
    /// deletes the cookies of sibling hosts, such as `shop.example.com` for `www.example.com`.
    ///
    /// # Errors
    ///
    /// The errors of [`set`](Self::set), except those for names and ASCII Paths that browsers can store;
    /// [`CookieError::ScopeMismatch`] if the given scope is neither the declared one nor a retired
    /// one; and, for an undeclared cookie, [`CookieError::AmbiguousScope`] if the given parts of
    /// the scope match several scopes at which this response sets it.
    ///
    /// ```
    /// use tower_django_cookies::{Cookie, CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new().declare(Cookie::build("session").path("/app"))?;
    /// # let jar = layer.jar(&http::Request::new(()));
    ///
    /// jar.delete("session")?; // Path=/app
    /// jar.delete(Cookie::build("visited").path("/shop"))?;
    ///
    /// let error = jar.delete(Cookie::build("session").path("/")).unwrap_err();
    /// assert!(matches!(error, CookieError::ScopeMismatch { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    #[doc(alias = "remove")]
    #[doc(alias = "delete_cookie")]
    pub fn delete<'c>(&self, cookie: impl Into<Cookie<'c>>) -> Result<(), CookieError> {
        let cookie = cookie.into();
        // `inspect_err` would copy the result.
        match self.state.delete(self.view(), &cookie) {
            Ok(()) => Ok(()),
            Err(error) => {
                events::refused("delete", cookie.name(), &error);
                Err(error)
            }
        }
    }

    /// Returns the cookies that the response will set and delete, in the order of their headers.
    ///
    /// Values are unquoted. A deleted cookie has `Max-Age=0`. The list is empty after the response
    /// headers have been sent.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let jar = CookieLayer::new().jar(&http::Request::new(()));
    /// jar.set(("cocoa", "2; 3"))?;
    ///
    /// let queued = jar.queued();
    /// assert_eq!((queued[0].name(), queued[0].value()), ("cocoa", "2; 3"));
    /// assert_eq!(queued[0].path(), Some("/"));
    /// # Ok::<(), CookieError>(())
    /// ```
    #[must_use]
    pub fn queued(&self) -> Vec<Cookie<'static>> {
        self.state.queue().cookies()
    }

    /// Sets `cookie` with `value` in place of its own value.
    pub(crate) fn set_value(
        &self,
        cookie: &Cookie<'_>,
        value: Value<'_>,
    ) -> Result<(), CookieError> {
        // `inspect_err` would copy the result.
        match self.state.set(self.view(), cookie, value) {
            Ok(()) => Ok(()),
            Err(error) => {
                events::refused("set", cookie.name(), &error);
                Err(error)
            }
        }
    }

    /// Emits an event for each name for which `reported` is true and that several cookies of the request
    /// have.
    pub(crate) fn report_duplicates(&self, reported: impl Fn(&str) -> bool) {
        let mut counts = BTreeMap::new();
        for name in self.state.cookies.names().filter(|name| reported(name)) {
            *counts.entry(name).or_insert(0) += 1;
        }
        for (name, count) in counts.into_iter().filter(|&(_, count)| count > 1) {
            events::duplicated(name, count);
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.view().config
    }

    /// The state of Django's own cookies, which all jars of the request share.
    #[cfg(any(feature = "csrf", feature = "messages"))]
    pub(crate) fn contrib(&self) -> MutexGuard<'_, Extensions> {
        self.state.contrib()
    }

    fn read(&self) -> &RequestCookies {
        self.state.was_read.store(true, Ordering::Relaxed);
        &self.state.cookies
    }

    fn view(&self) -> &LayerView {
        self.nested.as_deref().unwrap_or(&self.state.view)
    }
}

impl<'a> IntoIterator for &'a CookieJar {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.state.cookies.iter().map(|(name, _)| name).collect();
        // Copied, because the formatter could use the jar, which locks the queue.
        let queued: Vec<_> = self.state.queue().names().map(str::to_owned).collect();
        f.debug_struct("CookieJar")
            .field("cookies", &names)
            .field("queued", &queued)
            .finish_non_exhaustive()
    }
}
