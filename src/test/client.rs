//! `Client`: a browser without a window, for one service.

use std::fmt;
use std::future::poll_fn;
use std::time::Duration;

use cookie::Cookie;
use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::uri::Authority;
use http::{HeaderValue, Method, Request, Response};
use tower_service::Service;
use url::{Position, Url, form_urlencoded};

use super::address::{no_url, parse};
use super::body::Body;
use super::error::{BoxError, ClientError, RejectedCookie};
use super::pause::pause_at;
use super::redirect::{Next, location};
use super::store::Store;
use crate::set_cookie::attributes::Attributes;
use crate::set_cookie::{SetCookie, Value};

/// Sends requests to a service, and keeps its cookies as a browser does: Django's test client.
///
/// It goes to `https://testserver/` unless told otherwise, sends each request as a browser's address
/// bar would, and stores what browsers store: host-only cookies apart from those with a Domain,
/// `Secure` ones only from HTTPS (or `localhost`), prefixed, `SameSite=None` and `Partitioned` ones
/// only as their rules allow. What it drops, [`rejected_cookies`](Self::rejected_cookies) tells. It never reaches the
/// network, so that any host and any port will do.
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
/// # Where it isn't a browser
///
/// - Each request counts as made by its user, so that `SameSite` holds none back. With no page in
///   another one, a `Partitioned` cookie is apart from its twin, and sent wherever it matches.
/// - There is no list of public suffixes: a Domain like `com` is refused, `co.uk` isn't.
/// - A `Set-Cookie` field without a name is refused. Some browsers keep its value.
/// - No lifetime is cut to 400 days. Of more than 3300 cookies the oldest go.
/// - Bytes that aren't UTF-8 become U+FFFD.
#[derive(Clone)]
pub struct Client<S> {
    service: S,
    base: Url,
    store: Store,
    rejected_cookies: Vec<RejectedCookie>,
    /// Of the last answer.
    url: Option<Url>,
    redirects: usize,
    body_limit: usize,
}

impl<S> Client<S> {
    /// A client without cookies.
    ///
    /// See [`Client`] for an example.
    ///
    /// # Panics
    ///
    /// Never: its own base URL is one.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self {
            service,
            base: Url::parse("https://testserver/").expect("a URL"),
            store: Store::default(),
            rejected_cookies: Vec::new(),
            url: None,
            redirects: 0,
            body_limit: 16 * 1024 * 1024,
        }
    }

    /// The URL that requests without a host go to, in place of `https://testserver/`. Its path is
    /// ignored.
    ///
    /// # Errors
    ///
    /// [`ClientError::Url`] if it is no absolute http or https URL.
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

    /// Follows up to `limit` redirects a request; without it none.
    ///
    /// As browsers do: a 303, and a 301 or 302 to a `POST`, is followed with a `GET`. Another that
    /// isn't to a `GET` or `HEAD` may ask for the body again, which is gone:
    /// [`ClientError::RedirectNeedsBody`]. Of a redirect that is followed the body isn't read.
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

    /// The longest body that is read, in bytes; without it 16 MiB.
    ///
    /// A body that doesn't end is waited for: put a time-out around the request. Trailers end it.
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

    /// The cookies that are stored, of all hosts, with their values as a handler reads them. One
    /// without a Domain is host-only.
    ///
    /// See [`Client`] for an example.
    #[must_use]
    pub fn cookies(&self) -> Vec<Cookie<'static>> {
        self.store.cookies()
    }

    /// The stored cookie `name`; of several the one that was created last.
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

    /// Stores a cookie as though the base URL's site had set it, the value as a handler shall read
    /// it. What is left unsaid is `Path=/` and nothing more.
    ///
    /// # Errors
    ///
    /// What [`CookieJar::set`](crate::CookieJar::set) or a browser refuses.
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
    pub fn set_cookie<'c>(&mut self, cookie: impl Into<Cookie<'c>>) -> Result<(), ClientError> {
        let cookie = cookie.into();
        let value = Value::Quoted(cookie.value());
        let written = SetCookie::new(cookie.name(), value, Attributes::said(&cookie))?.render();
        Ok(self.store.receive(&written.into_field(), &self.base)?)
    }

    /// Forgets all cookies.
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

    /// Closes the browser and opens it again: cookies without a lifetime are gone.
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

    /// Lets time pass in the browser, whose cookies end when their lifetimes do. The service's clock
    /// stays as it is.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_django_cookies::test::{Client, ClientError};
    /// use tower_django_cookies::{Cookie, time};
    ///
    /// # let mut browser = Client::new(());
    /// browser.set_cookie(Cookie::build(("remembered", "42")).max_age(time::Duration::hours(1)))?;
    /// browser.advance(Duration::from_secs(59 * 60));
    /// assert!(browser.cookie("remembered").is_some());
    /// browser.advance(Duration::from_secs(60));
    /// assert_eq!(browser.cookie("remembered"), None);
    /// # Ok::<(), ClientError>(())
    /// ```
    pub fn advance(&mut self, time: Duration) {
        self.store.advance(time);
    }

    /// Where the last answer came from, which after redirects isn't where the request went.
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

    /// The cookies in the last answer that a browser drops; with redirects, in all that led to it.
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

    /// Gets `url`, an absolute one, a path, or a query for the page at [`url`](Self::url):
    /// [`send`](Self::send) for services that take a `String` as their body, as axum's do.
    ///
    /// See [`Client`] for an example.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub async fn get<R>(&mut self, url: impl AsRef<str>) -> Result<Response<Body>, ClientError>
    where
        S: Service<Request<String>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        R: http_body::Body,
        R::Error: Into<BoxError>,
    {
        self.rejected_cookies.clear();
        let url = self.locate(url.as_ref())?;
        self.go(url, Request::new(String::new())).await
    }

    /// Posts a form to `url`, as [`get`](Self::get) gets it.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
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
    /// let answer = browser.post("/login", &[("user", "ann"), ("password", "a&b")]).await?;
    /// # assert_eq!(answer.body().text()?, "user=ann&password=a%26b");
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
        self.go(url, request).await
    }

    /// Sends `request` with the cookies for its URL, stores those of the answer, and reads its body.
    ///
    /// A URI without a host goes to the request's `Host` field, else to [`base_url`](Self::base_url). The
    /// service gets the URI's path and query and a `Host` field, as from a browser over HTTP/1.1. A
    /// `Cookie` field of the request stands before the stored cookies.
    ///
    /// # Errors
    ///
    /// A [`ClientError`] where there is no answer. Whatever its status, an answer is none.
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
        self.go(url, request).await
    }

    /// Follows the redirects.
    async fn go<B, R>(
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
            let next = Next::after(&request);
            let answer = self.exchange(request, &url).await?;
            self.url = Some(url.clone());
            let location = match self.redirects {
                0 => None,
                _ => location(&answer, &url)?,
            };
            let Some(location) = location else {
                let (head, body) = answer.into_parts();
                let body = Body::read(body, self.body_limit).await?;
                return Ok(Response::from_parts(head, body));
            };
            if followed == self.redirects {
                return Err(ClientError::TooManyRedirects {
                    limit: self.redirects,
                    location: location.into(),
                });
            }
            followed += 1;
            pause_at(followed).await;
            request = next.request(answer.status(), &url, &location)?;
            url = location;
        }
    }

    /// One request, one answer, whose body isn't read yet.
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
            .map_err(|reason| no_url(url.as_str(), reason))?;
        let headers = request.headers_mut();
        if !headers.contains_key(HOST) {
            let host = &url[Position::BeforeHost..Position::AfterPort];
            let host =
                HeaderValue::try_from(host).map_err(|reason| no_url(url.as_str(), reason))?;
            headers.try_insert(HOST, host)?;
        }
        if let Some(cookies) = self.store.field(url) {
            headers.try_append(COOKIE, cookies)?;
        }

        poll_fn(|context| self.service.poll_ready(context))
            .await
            .map_err(|error| ClientError::Service(error.into()))?;
        let answer = self.service.call(request).await;
        let answer = answer.map_err(|error| ClientError::Service(error.into()))?;
        for field in answer.headers().get_all(SET_COOKIE) {
            if let Err(refused) = self.store.receive(field, url) {
                self.rejected_cookies.push(refused);
            }
        }
        Ok(answer)
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
                    Err(no_url(&url, "its `Host` field names no host"))
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
            return page.join(url).map_err(|reason| no_url(url, reason));
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
