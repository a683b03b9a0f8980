//! `Client`: a browser for tests of one service.

use std::fmt;

use cookie::Cookie;
use cookie::time::Duration;
use url::Url;

use super::address::{parse, without_user_info};
use super::error::{ClientError, RejectedCookie};
use super::store::Store;
use crate::jar::IntoCookie;
use crate::set_cookie::attributes::Attributes;
use crate::set_cookie::{SetCookie, Value};

/// Sends requests to a service and stores its cookies as a browser does. It is like Django's test
/// client.
///
/// The default base URL is `https://testserver/`. The client stores the cookies that browsers
/// store: it distinguishes host-only cookies from cookies with a Domain, accepts `Secure` cookies
/// only over HTTPS or from localhost and loopback addresses, and follows the rules for prefixes,
/// `SameSite=None` and `Partitioned`. [`rejected_cookies`](Self::rejected_cookies) returns the
/// cookies that the client drops. The client never uses the network, so a test can use any host and
/// port.
///
/// ```
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, service_fn};
/// use tower_django_cookies::test::Client;
/// use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
///
/// async fn home(request: Request<String>) -> Result<Response<String>, CookieError> {
///     let jar = CookieJar::from_extensions(request.extensions())?;
///     let visited = jar.contains("visited");
///     jar.set(("visited", "True"))?;
///     Ok(Response::new(if visited { "again" } else { "first" }.to_owned()))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = ServiceBuilder::new().layer(CookieLayer::new()).service_fn(home);
/// let mut browser = Client::new(app);
/// assert_eq!(browser.get("/").await?.body().text()?, "first");
/// assert_eq!(browser.get("/").await?.body().text()?, "again");
/// assert_eq!(browser.cookies()[0].name_value(), ("visited", "True"));
/// # Ok(())
/// # }
/// ```
///
/// # Number of cookies
///
/// Chromium and Firefox store up to 180 cookies per site. A site is a public suffix and one more label,
/// such as `example.co.uk`. The 181st cookie evicts 31 cookies: those without `Secure` before the
/// others, and among them the least recently used ones first. A cookie counts as used when it is set.
/// It also counts as used when it is sent more than a minute after its last recorded use. Partitioned
/// cookies are counted separately.
///
/// If there are more than 3300 cookies of all sites, browsers evict cookies that were not used for 30
/// days, until 3000 cookies are left. Cookies that were used more recently are kept, even if there are
/// more than 3300.
///
/// The client does the same. [`rejected_cookies`](Self::rejected_cookies) returns the evicted cookies,
/// with [`RejectReason::Evicted`](super::RejectReason::Evicted).
///
/// # Differences from browsers
///
/// Where Chromium and Firefox behave in the same way, the client does too, with these exceptions:
///
/// - Each request counts as typed into the address bar, so `SameSite` never prevents a cookie from
///   being sent.
/// - There is one page, which is not embedded in another page. So a `Partitioned` cookie is sent
///   wherever it matches, together with an unpartitioned cookie of the same name. Partitioned
///   cookies of a site are not limited to 10 KiB.
/// - Without [`public_suffixes`](Self::public_suffixes), the Domain `com` is rejected, but `co.uk` is
///   not.
/// - Lifetimes are not limited to 400 days.
///
/// Where Chromium and Firefox differ, the client behaves as follows:
///
/// | | Chromium | Firefox | the client |
/// |---|---|---|---|
/// | a cookie without a name: `=value` | stores it, unless the value contains `=` | drops it | as Firefox |
/// | a header without `=`: `value` | stores a cookie without a name | stores a cookie without a value | drops it |
/// | a name or value with a TAB inside | drops it | stores it | as Firefox |
/// | `Max-Age=-` or `Max-Age=--1` | ignores the attribute | deletes the cookie | as Chromium |
/// | `Max-Age=+5` | keeps the cookie for 5 seconds | ignores the attribute | as Firefox |
/// | `Expires` without a time, with 24:00 or with 30 Feb | ignores the attribute | accepts the date | as Chromium |
/// | a `__Host-` cookie without a Path, if the default-path is `/` | drops it | stores it | as Chromium |
/// | over plain HTTP, a cookie with the name of a `Secure` and host-only cookie of the parent domain | drops it | stores it | as Chromium |
/// | a new value for a stored cookie | moves it to the end of the `Cookie` header | keeps its position | as Firefox and RFC 6265 |
/// | the 181st cookie of a site, if fewer than 31 cookies are without `Secure` | evicts `Secure` cookies, too | evicts only cookies without `Secure` | as Chromium |
/// | bytes that are not UTF-8 | sends them unchanged | replaces them with U+FFFD | as Firefox |
#[derive(Clone)]
pub struct Client<S> {
    pub(super) service: S,
    pub(super) base: Url,
    pub(super) store: Store,
    /// The URL of the last response.
    pub(super) url: Option<Url>,
    pub(super) redirects: usize,
    pub(super) body_limit: usize,
}

impl<S> Client<S> {
    /// Creates a client without cookies.
    ///
    /// See [`Client`] for an example.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the URL is valid")]
    pub fn new(service: S) -> Self {
        Self {
            service,
            base: Url::parse("https://testserver/").expect("a valid URL"),
            store: Store::default(),
            url: None,
            redirects: 0,
            body_limit: 16 * 1024 * 1024,
        }
    }

    /// Sets the URL to which requests without a host are sent. The default is
    /// `https://testserver/`. The path, query, fragment, user name and password of the URL are
    /// ignored.
    ///
    /// # Errors
    ///
    /// [`ClientError::Url`] if it is not an absolute http or https URL.
    ///
    /// ```
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::{Client, ClientError};
    /// # let app = ();
    /// let browser = Client::new(app).base_url("https://www.example.com")?;
    /// # Ok::<(), ClientError>(())
    /// ```
    pub fn base_url(mut self, url: &str) -> Result<Self, ClientError> {
        self.base = without_user_info(&parse(url)?);
        self.base.set_path("");
        self.base.set_query(None);
        self.base.set_fragment(None);
        Ok(self)
    }

    /// Sets a function that returns true for public suffixes, as
    /// [`CookieLayer::public_suffixes`](crate::CookieLayer::public_suffixes) does. Cookies with such a
    /// Domain are rejected, unless the Domain is the host. The function also defines sites: hosts
    /// with the same public suffix and the same label before it are one site.
    ///
    /// ```
    /// use tower_django_cookies::Cookie;
    /// use tower_django_cookies::test::{Client, ClientError};
    ///
    /// # let app = ();
    /// let mut browser = Client::new(app)
    ///     .base_url("https://www.example.co.uk")?
    ///     .public_suffixes(|domain| domain == "co.uk");
    /// let cookie = Cookie::build(("theme", "dark")).domain("co.uk");
    /// let error = browser.set_cookie(cookie).unwrap_err();
    /// assert!(matches!(error, ClientError::Rejected(_)));
    /// # Ok::<(), ClientError>(())
    /// ```
    #[must_use]
    pub fn public_suffixes(mut self, is_public_suffix: fn(&str) -> bool) -> Self {
        self.store.set_public_suffixes(is_public_suffix);
        self
    }

    /// Follows up to `limit` redirects for each request. By default, redirects are not followed.
    ///
    /// As in browsers, a 301 or 302 in response to a `POST` leads to a `GET`, and so does a 303 in
    /// response to any method other than `HEAD`. Other redirects keep the method. If that method is
    /// not `GET` or `HEAD`, the request fails with [`ClientError::RedirectNeedsBody`], because the
    /// client does not keep the request's body. The client does not read the body of a redirect
    /// that it follows.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::Client;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = service_fn(async |request: Request<String>| match request.uri().path() {
    /// #     "/" => Response::builder().status(303).header("location", "/home").body(String::new()),
    /// #     path => Ok(Response::new(path.to_owned())),
    /// # });
    /// let mut browser = Client::new(app).follow_redirects(5);
    /// assert_eq!(browser.get("/").await?.body().text()?, "/home");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn follow_redirects(mut self, limit: usize) -> Self {
        self.redirects = limit;
        self
    }

    /// Sets the maximum length of a response body, in bytes. The default is 16 MiB.
    ///
    /// The client reads a response body until it ends, or until its trailers. If a body may never
    /// end, put a timeout around the request.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::{Client, ClientError};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let app = service_fn(async |_: Request<String>| Ok::<_, std::io::Error>(Response::new("cocoa".to_owned())));
    /// let error = Client::new(app).body_limit(4).get("/").await.unwrap_err();
    /// assert!(matches!(error, ClientError::BodyTooLong { limit: 4 }));
    /// # }
    /// ```
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Returns the stored cookies of all hosts. Values are unquoted, as a handler reads them. A
    /// cookie without a Domain is host-only.
    ///
    /// See [`Client`] for an example.
    #[must_use]
    pub fn cookies(&self) -> Vec<Cookie<'static>> {
        self.store.cookies()
    }

    /// Returns the stored cookie `name`. If there are several, returns the one created last.
    ///
    /// ```
    /// # use tower_django_cookies::test::{Client, ClientError};
    /// # let mut browser = Client::new(());
    /// browser.set_cookie(("cocoa", "2; 3"))?;
    /// assert_eq!(browser.cookie("cocoa").unwrap().value(), "2; 3");
    /// assert_eq!(browser.cookie("coffee"), None);
    /// # Ok::<(), ClientError>(())
    /// ```
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<Cookie<'static>> {
        self.cookies()
            .into_iter()
            .rfind(|cookie| cookie.name() == name)
    }

    /// Stores a cookie as if a response from the base URL had set it. A handler reads the value
    /// that is given here. Unset attributes default as in [`CookieJar::set`](crate::CookieJar::set)
    /// without a declaration.
    ///
    /// To store a signed cookie, pass the cookie that [`CookieLayer::jar`](crate::CookieLayer::jar) has
    /// [queued](crate::CookieJar::queued).
    ///
    /// # Errors
    ///
    /// [`ClientError::Cookie`] if [`CookieJar::set`](crate::CookieJar::set) would refuse the
    /// cookie's name, value or attributes, and [`ClientError::Rejected`] if browsers would drop the
    /// cookie from the base URL, for example because of its Domain.
    ///
    /// ```
    /// use tower_django_cookies::Cookie;
    /// use tower_django_cookies::test::{Client, ClientError};
    ///
    /// # let app = ();
    /// let mut browser = Client::new(app).base_url("http://www.example.com")?;
    /// browser.set_cookie(Cookie::build(("theme", "dark")).domain("example.com"))?;
    ///
    /// let error = browser.set_cookie(Cookie::build(("id", "1")).secure(true)).unwrap_err();
    /// assert!(error.to_string().contains("plain HTTP"));
    /// # Ok::<(), ClientError>(())
    /// ```
    pub fn set_cookie<'c>(&mut self, cookie: impl IntoCookie<'c>) -> Result<(), ClientError> {
        let cookie = cookie.into_cookie();
        let value = Value::Quoted(cookie.value());
        let rendered =
            SetCookie::new(cookie.name(), value, Attributes::from_cookie(&cookie))?.render();
        Ok(self.store.set(&rendered.into_header_value(), &self.base)?)
    }

    /// Removes all cookies.
    ///
    /// ```
    /// # use tower_django_cookies::test::{Client, ClientError};
    /// # let mut browser = Client::new(());
    /// browser.set_cookie(("cocoa", "2"))?;
    /// browser.clear_cookies();
    /// assert!(browser.cookies().is_empty());
    /// # Ok::<(), ClientError>(())
    /// ```
    pub fn clear_cookies(&mut self) {
        self.store.clear();
    }

    /// Removes the session cookies, as closing a browser and opening it again does.
    ///
    /// ```
    /// use tower_django_cookies::test::{Client, ClientError};
    /// use tower_django_cookies::{Cookie, time};
    ///
    /// # let mut browser = Client::new(());
    /// browser.set_cookie(("session", "f81d4fae"))?;
    /// browser.set_cookie(Cookie::build(("remembered", "42")).max_age(time::Duration::days(14)))?;
    /// browser.restart();
    /// assert_eq!(browser.cookie("session"), None);
    /// assert!(browser.cookie("remembered").is_some());
    /// # Ok::<(), ClientError>(())
    /// ```
    pub fn restart(&mut self) {
        self.store.end_session();
    }

    /// Advances the client's clock, so that cookies expire. A negative `time` sets it back. For
    /// `Expires` and `Max-Age` of later responses, the client uses the new time.
    ///
    /// The service's clock does not change, so signed values do not age. To test the age of a signature,
    /// store a cookie that was signed in the past: see [`set_cookie`](Self::set_cookie).
    ///
    /// ```
    /// use tower_django_cookies::Cookie;
    /// use tower_django_cookies::test::{Client, ClientError};
    /// use tower_django_cookies::time::Duration;
    ///
    /// # let mut browser = Client::new(());
    /// browser.set_cookie(Cookie::build(("remembered", "42")).max_age(Duration::HOUR))?;
    /// browser.advance(Duration::minutes(59));
    /// assert!(browser.cookie("remembered").is_some());
    /// browser.advance(Duration::MINUTE);
    /// assert_eq!(browser.cookie("remembered"), None);
    /// # Ok::<(), ClientError>(())
    /// ```
    pub fn advance(&mut self, time: Duration) {
        self.store.advance(time);
    }

    /// Returns the URL of the last response, without user name and password. After redirects, it
    /// differs from that of the request.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::Client;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = service_fn(async |_: Request<String>| Ok::<_, std::io::Error>(Response::new(String::new())));
    /// let mut browser = Client::new(app);
    /// browser.get("/app?page=2").await?;
    /// assert_eq!(browser.url(), Some("https://testserver/app?page=2"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_ref().map(Url::as_str)
    }

    /// Returns the cookies of the last response, and of the redirects that led to it, that browsers
    /// drop. Stored cookies that were evicted by new cookies are included, also those that
    /// [`set_cookie`](Self::set_cookie) evicted since then.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::{Client, RejectReason};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = service_fn(async |_: Request<String>| {
    /// #     Response::builder().header("set-cookie", "__Host-id=1; Path=/").body(String::new())
    /// # });
    /// let mut browser = Client::new(app);
    /// browser.get("/").await?; // Set-Cookie: __Host-id=1; Path=/
    /// assert_eq!(browser.rejected_cookies()[0].name, "__Host-id");
    /// assert_eq!(browser.rejected_cookies()[0].reason, RejectReason::NotSecure);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn rejected_cookies(&self) -> &[RejectedCookie] {
        &self.store.rejected
    }
}

impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base.as_str())
            .field("cookies", &self.store)
            .finish_non_exhaustive()
    }
}
