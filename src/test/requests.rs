//! The requests of a `Client`.

use std::future::poll_fn;

use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::uri::Authority;
use http::{HeaderValue, Method, Request, Response};
use tower_service::Service;
use url::{Position, Url, form_urlencoded};

use super::address::{invalid_url, parse, without_user_info};
use super::body::Body;
use super::client::Client;
use super::error::{BoxError, ClientError};
use super::pause::pause_at;
use super::redirect::{Redirectable, location};

impl<S> Client<S> {
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
        self.store.begin_request();
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
        self.store.begin_request();
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
        self.store.begin_request();
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
            self.url = Some(without_user_info(&url));
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
                    location: without_user_info(&location).into(),
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
        self.store.status = Some(response.status());
        for header in response.headers().get_all(SET_COOKIE) {
            if let Err(rejected) = self.store.receive(header, url) {
                self.store.rejected.push(rejected);
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
