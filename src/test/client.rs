//! `Client`: a browser for tests of one service.

use std::fmt;
use std::future::poll_fn;

use cookie::Cookie;
use cookie::time::Duration;
use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::uri::Authority;
use http::{HeaderValue, Method, Request, Response};
use tower_service::Service;
use url::{Position, Url, form_urlencoded};

use super::address::{invalid_url, parse};
use super::body::Body;
use super::error::{BoxError, ClientError, RejectedCookie};
use super::pause::pause_at;
use super::redirect::{Redirectable, location};
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
/// # Differences from browsers
///
/// - Each request counts as typed into the address bar, so `SameSite` never prevents a cookie from
///   being sent. No page is embedded in another page, so a `Partitioned` cookie is sent wherever it
///   matches, together with an unpartitioned cookie of the same name.
/// - Without [`public_suffixes`](Self::public_suffixes), the Domain `com` is rejected, but `co.uk` is
///   not.
/// - A cookie without a name is rejected. Some browsers store it.
/// - Lifetimes are not limited to 400 days. The client stores at most 3300 cookies, and removes the
///   oldest cookie to store another one.
/// - Bytes that are not UTF-8 become U+FFFD.
#[derive(Clone)]
pub struct Client<S> {
    service: S,
    base: Url,
    store: Store,
    rejected_cookies: Vec<RejectedCookie>,
    /// The URL of the last response.
    url: Option<Url>,
    redirects: usize,
    body_limit: usize,
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
            rejected_cookies: Vec::new(),
            url: None,
            redirects: 0,
            body_limit: 16 * 1024 * 1024,
        }
    }

    /// Sets the URL to which requests without a host are sent. The default is
    /// `https://testserver/`. The path, query and fragment of the URL are ignored.
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
        self.base = parse(url)?;
        self.base.set_path("");
        self.base.set_query(None);
        self.base.set_fragment(None);
        Ok(self)
    }

    /// Sets a function that returns true for public suffixes, as
    /// [`CookieLayer::public_suffixes`](crate::CookieLayer::public_suffixes) does. Cookies with such a
    /// Domain are rejected, unless the Domain is the host.
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
        self.store.public_suffixes = Some(is_public_suffix);
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
        Ok(self
            .store
            .receive(&rendered.into_header_value(), &self.base)?)
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

    /// Advances the client's clock, so that cookies expire. The service's clock does not change.
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

    /// Returns the URL of the last response. After redirects, it differs from that of the request.
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

    /// Returns the cookies that browsers drop, from the last response and the redirects that led to
    /// it.
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
        &self.rejected_cookies
    }

    /// Sends a `GET` request. `url` is an absolute URL, a path that starts with `/`, or a query
    /// that starts with `?`. A query is sent to the page at [`url`](Self::url).
    ///
    /// This method is for services that accept a `Request<String>`, such as an axum `Router`. For
    /// other services, use [`send`](Self::send). See [`Client`] for an example.
    ///
    /// # Errors
    ///
    /// The errors of [`send`](Self::send).
    pub async fn get<R>(&mut self, url: impl AsRef<str>) -> Result<Response<Body>, ClientError>
    where
        S: Service<Request<String>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        R: http_body::Body,
        R::Error: Into<BoxError>,
    {
        self.rejected_cookies.clear();
        let url = self.locate(url.as_ref())?;
        self.follow(url, Request::new(String::new())).await
    }

    /// Sends a `POST` request with a form. `url` has the same meaning as in [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// The errors of [`send`](Self::send).
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::Client;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = service_fn(async |request: Request<String>| {
    /// #     Ok::<_, std::io::Error>(Response::new(request.into_body()))
    /// # });
    /// # let mut browser = Client::new(app);
    /// let response = browser.post("/login", &[("user", "ann"), ("password", "a&b")]).await?;
    /// # assert_eq!(response.body().text()?, "user=ann&password=a%26b");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn post<R>(
        &mut self,
        url: impl AsRef<str>,
        form: &[(&str, &str)],
    ) -> Result<Response<Body>, ClientError>
    where
        S: Service<Request<String>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        R: http_body::Body,
        R::Error: Into<BoxError>,
    {
        self.rejected_cookies.clear();
        let url = self.locate(url.as_ref())?;
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut request = Request::new(form);
        *request.method_mut() = Method::POST;
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        self.follow(url, request).await
    }

    /// Sends `request` with the cookies for its URL, stores the cookies of the response, and reads its
    /// body.
    ///
    /// If the URI has no host, the host is that of the request's `Host` header, or else that of
    /// [`base_url`](Self::base_url). The service receives the URI's path and query and a `Host`
    /// header, as from a browser over HTTP/1.1. If the request has a `Cookie` header, the stored
    /// cookies follow in another one.
    ///
    /// # Errors
    ///
    /// A [`ClientError`] if the request cannot be sent, if the service or the response's body
    /// returns an error, if the body is too long, or if a redirect cannot be followed. A response
    /// with an error status is not an error.
    ///
    /// ```
    /// # use http::{Method, Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::Client;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = service_fn(async |request: Request<String>| {
    /// #     Ok::<_, std::io::Error>(Response::new(format!("{:?}", request.headers()["host"])))
    /// # });
    /// let mut browser = Client::new(app);
    /// let login = Request::post("http://www.example.com/login").body("user=ann".to_owned())?;
    /// assert_eq!(browser.send(login).await?.body().text()?, r#""www.example.com""#);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send<B, R>(&mut self, request: Request<B>) -> Result<Response<Body>, ClientError>
    where
        S: Service<Request<B>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        B: Default,
        R: http_body::Body,
        R::Error: Into<BoxError>,
    {
        self.rejected_cookies.clear();
        let url = self.url_of(&request)?;
        self.follow(url, request).await
    }

    /// Sends the request and follows redirects.
    async fn follow<B, R>(
        &mut self,
        mut url: Url,
        mut request: Request<B>,
    ) -> Result<Response<Body>, ClientError>
    where
        S: Service<Request<B>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        B: Default,
        R: http_body::Body,
        R::Error: Into<BoxError>,
    {
        let mut followed = 0;
        loop {
            let redirectable = Redirectable::new(&request);
            let response = self.exchange(request, &url).await?;
            self.url = Some(url.clone());
            let location = match self.redirects {
                0 => None,
                _ => location(&response, &url)?,
            };
            let Some(location) = location else {
                let (parts, body) = response.into_parts();
                let body = Body::read(body, self.body_limit).await?;
                return Ok(Response::from_parts(parts, body));
            };
            if followed == self.redirects {
                return Err(ClientError::TooManyRedirects {
                    limit: self.redirects,
                    location: location.into(),
                });
            }
            followed += 1;
            pause_at(followed).await;
            request = redirectable.into_request(response.status(), &url, &location)?;
            url = location;
        }
    }

    /// Sends one request, and returns its response with an unread body.
    async fn exchange<B, R>(
        &mut self,
        mut request: Request<B>,
        url: &Url,
    ) -> Result<Response<R>, ClientError>
    where
        S: Service<Request<B>, Response = Response<R>>,
        S::Error: Into<BoxError>,
    {
        let target = &url[Position::BeforePath..Position::AfterQuery];
        *request.uri_mut() = target
            .parse()
            .map_err(|reason| invalid_url(url.as_str(), reason))?;
        let headers = request.headers_mut();
        if !headers.contains_key(HOST) {
            let host = &url[Position::BeforeHost..Position::AfterPort];
            let host =
                HeaderValue::try_from(host).map_err(|reason| invalid_url(url.as_str(), reason))?;
            headers.try_insert(HOST, host)?;
        }
        if let Some(cookies) = self.store.header(url) {
            headers.try_append(COOKIE, cookies)?;
        }

        poll_fn(|context| self.service.poll_ready(context))
            .await
            .map_err(|error| ClientError::Service(error.into()))?;
        let response = self.service.call(request).await;
        let response = response.map_err(|error| ClientError::Service(error.into()))?;
        for header in response.headers().get_all(SET_COOKIE) {
            if let Err(rejected) = self.store.receive(header, url) {
                self.rejected_cookies.push(rejected);
            }
        }
        Ok(response)
    }

    fn url_of<B>(&self, request: &Request<B>) -> Result<Url, ClientError> {
        let uri = request.uri().to_string();
        match request.headers().get(HOST) {
            Some(host) if uri.starts_with('/') => {
                let is_host = Authority::try_from(host.as_bytes())
                    .is_ok_and(|authority| !authority.as_str().contains('@'));
                let host = String::from_utf8_lossy(host.as_bytes());
                let url = format!("{}://{host}{uri}", self.base.scheme());
                if is_host {
                    parse(&url)
                } else {
                    Err(invalid_url(&url, "its `Host` header is not a host"))
                }
            }
            _ => self.locate(&uri),
        }
    }

    fn locate(&self, url: &str) -> Result<Url, ClientError> {
        if url.starts_with('/') {
            return parse(&format!("{}{url}", &self.base[..Position::BeforePath]));
        }
        if url.starts_with('?') {
            let page = self.url.as_ref().unwrap_or(&self.base);
            return page.join(url).map_err(|reason| invalid_url(url, reason));
        }
        parse(url)
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
