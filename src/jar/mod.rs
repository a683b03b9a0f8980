//! `CookieJar`: what handlers hold.

pub(crate) mod flush;
#[cfg(feature = "private")]
mod private;
pub(crate) mod queue;
#[cfg(any(feature = "signed", feature = "private"))]
mod secure;
#[cfg(feature = "signed")]
mod signed;
mod state;
mod sync;

use std::fmt;
use std::sync::Arc;

use cookie::Cookie;
use http::{Extensions, HeaderMap, Uri};

use crate::config::Settings;
use crate::error::CookieError;
use crate::events;
use crate::jar::flush::Flush;
use crate::jar::queue::{Queue, State};
use crate::jar::state::{Shared, View};
use crate::jar::sync::Ordering;
use crate::request::{GetAll, Iter, RequestCookies};
use crate::set_cookie::Value;

#[cfg(feature = "private")]
pub use self::private::PrivateJar;
#[cfg(feature = "signed")]
pub use self::signed::SignedJar;

/// A request's cookies, and those that its response will set and delete.
///
/// [`CookieLayer`](crate::CookieLayer) puts it into the request's extensions. Clones share all.
///
/// Reading and writing are apart, as in Django: reading sees only what the request sent, writing
/// only queues for the response. `get` after `set` does not change.
///
/// What was queued goes with the request's end; the `Cookie` fields and the host stay with the jar, and with
/// them the buffer that they are a part of, which in hyper's HTTP/1 is that of the whole head. So keep
/// values, not jars, where requests are many and what is kept lives long.
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
#[derive(Clone)]
pub struct CookieJar {
    shared: Arc<Shared>,
    /// How a nested layer sees the request; `None` is as the outermost.
    nested: Option<Arc<View>>,
}

impl CookieJar {
    /// The jar for a request that goes through no other layer.
    pub(crate) fn outermost(
        settings: &Arc<Settings>,
        headers: &HeaderMap,
        uri: &Uri,
        state: State,
    ) -> Self {
        Self {
            shared: Arc::new(Shared::new(
                RequestCookies::new(headers),
                Queue::new(state),
                View::new(Arc::clone(settings), headers, uri),
            )),
            nested: None,
        }
    }

    /// The jar of a layer within this one's.
    pub(crate) fn nested(&self, settings: &Settings, headers: &HeaderMap, uri: &Uri) -> Self {
        let settings = Arc::new(settings.over(&self.view().settings));
        Self {
            shared: Arc::clone(&self.shared),
            nested: Some(Arc::new(View::new(settings, headers, uri))),
        }
    }

    /// Whether what a layer within would queue in `inner` can wait in this jar.
    pub(crate) fn serves(&self, inner: State) -> bool {
        self.shared.queue().serves(inner)
    }

    /// What the layer's future does with the response.
    pub(crate) fn flush(&self) -> Flush {
        Flush::new(
            Arc::clone(&self.shared),
            self.nested.is_none(),
            self.view().settings.vary_on_cookie,
        )
    }

    /// The jar that [`CookieLayer`](crate::CookieLayer) put into a request's extensions: for hyper
    /// and whatever else has no extractors.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingLayer`] if there is none.
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
        extensions.get().ok_or(CookieError::MissingLayer)
    }

    /// A jar to read `headers` with where there is no layer.
    ///
    /// It has no response, so [`set`](Self::set) and [`delete`](Self::delete) answer
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
            shared: Arc::new(Shared::new(
                RequestCookies::new(headers),
                Queue::new(State::Detached),
                View::default(),
            )),
            nested: None,
        }
    }

    /// The value of the cookie `name`, if the request has one: Django's `request.COOKIES.get`.
    ///
    /// Of several the last counts; [`get_all`](Self::get_all) has them all. A cookie that was sent
    /// without a name has the name `""`. A plain value borrows from the header's own bytes.
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

    /// Every value of the cookie `name`, in the order of the header.
    ///
    /// A browser that holds one name at several scopes sends it several times, as a rule the one
    /// with the longest Path first (RFC 6265 §5.4).
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

    /// The value of the cookie `name`, which the request must have: Django's
    /// `request.COOKIES[name]`.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingCookie`] if the request has no such cookie; as a response it is a 400.
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
        self.get(name)
            .ok_or_else(|| CookieError::MissingCookie { name: name.into() })
    }

    /// Whether the request has a cookie `name`: Django's `name in request.COOKIES`.
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

    /// The number of names in the request: Django's `len(request.COOKIES)`.
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

    /// Whether the request has no cookies.
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

    /// Names and values: Django's `request.COOKIES.items()`.
    ///
    /// Each name comes once, where the header has it first, with its last value.
    ///
    /// ```
    /// # use tower_django_cookies::CookieLayer;
    /// # let request = http::Request::builder().header("cookie", "a=1; b=2; a=3").body(())?;
    /// # let jar = CookieLayer::new().jar(&request);
    /// // Cookie: a=1; b=2; a=3
    /// assert_eq!(jar.iter().collect::<Vec<_>>(), [("a", "3"), ("b", "2")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        self.read().iter()
    }

    /// Queues a cookie for the response: Django's `response.set_cookie`.
    ///
    /// Name and value are a tuple; a name alone sets an empty value.
    ///
    /// An attribute left unsaid is the declared one, else Django's default: `Path=/` and nothing
    /// more. `.path("")` and `.domain("")` leave these out. The value is quoted where it must be.
    /// Of several operations on one name, Domain, Path and Partitioned the last counts.
    ///
    /// # Errors
    ///
    /// Whatever browsers would drop or misread is refused, each with its own [`CookieError`]; so is
    /// what differs from the cookie's declaration, and whatever comes after the response's head
    /// has left.
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
    pub fn set<'c>(&self, cookie: impl Into<Cookie<'c>>) -> Result<(), CookieError> {
        let cookie = cookie.into();
        self.set_value(&cookie, Value::Quoted(cookie.value()))
    }

    /// Queues the end of a cookie: Django's `response.delete_cookie`.
    ///
    /// A browser deletes a cookie only if Domain and Path are those that it was set with. They are
    /// the declared ones; of an undeclared cookie those that are said, else those with which it was
    /// set in this response, else Django's default, `Path=/`. A declared cookie's retired scopes
    /// end too, unless the argument names one of them: then just that one ends, and the cookie at
    /// its declared scope stays. Value and expiry of the argument are ignored. It is sent whether
    /// or not the request has the cookie.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set); [`CookieError::ScopeMismatch`] where the scope isn't the
    /// declared one or a retired one, and [`CookieError::AmbiguousScope`] where it can't be told
    /// which is meant.
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
    pub fn delete<'c>(&self, cookie: impl Into<Cookie<'c>>) -> Result<(), CookieError> {
        let cookie = cookie.into();
        self.shared
            .delete(self.view(), &cookie)
            .inspect_err(|error| events::refused("delete", cookie.name(), error))
    }

    /// The cookies that the response will carry, in their order, values as they were set; a
    /// deleted one has a `Max-Age` of 0. Empty once the response's head has left.
    ///
    /// They are what a client will read; the fields themselves are quoted where they must be.
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
        self.shared.queue().cookies()
    }

    /// Queues `cookie` with another value than its own.
    pub(crate) fn set_value(
        &self,
        cookie: &Cookie<'_>,
        value: Value<'_>,
    ) -> Result<(), CookieError> {
        self.shared
            .set(self.view(), cookie, value)
            .inspect_err(|error| events::refused("set", cookie.name(), error))
    }

    #[cfg(any(feature = "signed", feature = "private"))]
    pub(crate) fn settings(&self) -> &Settings {
        &self.view().settings
    }

    fn read(&self) -> &RequestCookies {
        self.shared.was_read.store(true, Ordering::Relaxed);
        &self.shared.cookies
    }

    fn view(&self) -> &View {
        self.nested.as_deref().unwrap_or(&self.shared.view)
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
        let names: Vec<_> = self.shared.cookies.iter().map(|(name, _)| name).collect();
        // Copied, so that a writer that uses the jar finds it unlocked.
        let queued: Vec<_> = self.shared.queue().names().map(str::to_owned).collect();
        f.debug_struct("CookieJar")
            .field("cookies", &names)
            .field("queued", &queued)
            .finish_non_exhaustive()
    }
}
