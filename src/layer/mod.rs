//! `CookieLayer`: builds the configuration of the middleware.

mod future;
mod service;

use cookie::Cookie;
#[cfg(feature = "private")]
use cookie::Key;
use http::{HeaderMap, Request, Uri};
use tower_layer::Layer;

use crate::config::SharedConfig;
use crate::error::CookieError;
use crate::events;
use crate::jar::CookieJar;
use crate::jar::flush::Flush;
use crate::jar::queue::QueueState;
use crate::request::host::HostSource;
#[cfg(feature = "signed")]
use crate::signing::{EmptyKey, SecretKey};

pub use self::future::ResponseFuture;
pub use self::service::CookieService;

/// Adds cookies to the services that it wraps, with Django's semantics.
///
/// It puts a [`CookieJar`] into the extensions of each request. It appends the cookies that are set
/// and deleted in the jar to the response, as `Set-Cookie` headers. `Set-Cookie` headers of the
/// inner service are kept.
///
/// ```
/// use tower_django_cookies::{Cookie, CookieError, CookieLayer, SameSite};
///
/// let cookies = CookieLayer::new()
///     .declare(
///         Cookie::build("session")
///             .path("/app")
///             .domain("example.com")
///             .secure(true)
///             .http_only(true)
///             .same_site(SameSite::Lax),
///     )?
///     .deny_undeclared();
/// # let request = http::Request::get("https://www.example.com/").body(()).unwrap();
/// # let jar = cookies.jar(&request);
///
/// // In a handler:
/// jar.set(("session", "f81d4fae"))?; // Domain=example.com; HttpOnly; Path=/app; …
/// let error = jar.delete(Cookie::build("session").path("/")).unwrap_err();
/// assert!(matches!(error, CookieError::ScopeMismatch { .. }));
/// # Ok::<(), CookieError>(())
/// ```
///
/// # Keys in memory
///
/// The bytes of a `SecretKey`, the keys derived from it, and a string or vector that you pass by value
/// to `secret_key` are overwritten when they are dropped. These are not overwritten: the internal
/// state of the hash functions, keys that you pass by reference, the keys of private cookies (of type
/// `cookie::Key`), and copies that the operating system makes, for example in a swap file.
///
/// # Nested layers
///
/// An inner layer shares the request's cookies and one queue with the layers outside of it. The
/// outermost layer writes the queued cookies to the response. An inner layer's settings take
/// precedence, and its unset settings default to those of the outer layers. If both declare a
/// cookie with different scopes, or the inner layer switches off a declared `Secure` or `HttpOnly`,
/// each `set` and `delete` of the cookie in the inner layer's jar returns an error.
///
/// A handler may copy the extensions of its request into a request to another service. A layer of
/// that service then counts as nested. Remove the jar from the copied extensions to make it
/// independent.
///
/// If an outer layer denies undeclared cookies, so do its inner layers. A middleware between two
/// layers that removes the `Cookie` header hides nothing: the inner layer's jar has the cookies that
/// the outer layer received.
///
/// If an inner layer retires a scope, each `set` and `delete` of that cookie in its jar also
/// deletes the cookie at that scope. It does so even if a jar of an outer layer, which does not
/// declare the cookie, has set it at that scope before, because the last operation on a scope takes
/// effect.
///
/// # Several sites
///
/// If one application serves several sites that declare cookies differently, use one layer for each
/// site, and choose it by the host:
///
/// ```
/// use http::{Request, Response};
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};
///
/// async fn app(request: Request<()>) -> Result<Response<()>, CookieError> {
///     CookieJar::from_extensions(request.extensions())?.set(("session", "f81d4fae"))?;
///     Ok(Response::new(()))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let session = |path: &'static str| Cookie::build("session").path(path);
/// let shop = CookieLayer::new().declare(session("/cart"))?.layer(service_fn(app));
/// let blog = CookieLayer::new().declare(session("/admin"))?.layer(service_fn(app));
/// let sites = service_fn(move |request: Request<()>| {
///     let host = request.headers().get("host");
///     let is_shop = host.is_some_and(|host| host == "shop.example");
///     let site = if is_shop { shop.clone() } else { blog.clone() };
///     site.oneshot(request)
/// });
/// let request = Request::builder().header("host", "shop.example").body(())?;
/// let response = sites.oneshot(request).await?;
/// assert_eq!(response.headers()["set-cookie"], "session=f81d4fae; Path=/cart");
/// # Ok(())
/// # }
/// ```
///
/// # Errors, panics and timeouts
///
/// Every response of the inner service carries the queued cookies, whatever its status. If the
/// inner service returns an error or panics, or if its future is dropped (such as by a timeout),
/// there is no response, and the queued cookies are discarded. If another layer turns errors or
/// panics into responses, put this layer outside of it to add cookies to those responses, and
/// inside otherwise.
///
/// # Retries
///
/// With a retry layer outside, each attempt has its own jar, and the client receives only the
/// cookies of the returned response. With a retry layer inside, the attempts share one jar, so the
/// response also carries the cookies that failed attempts queued.
#[doc(alias = "CookieManagerLayer")]
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CookieLayer {
    config: SharedConfig,
}

impl CookieLayer {
    /// Creates a layer with Django's defaults.
    ///
    /// ```
    /// use tower::ServiceBuilder;
    /// use tower_django_cookies::CookieLayer;
    ///
    /// let stack = ServiceBuilder::new().layer(CookieLayer::new());
    /// # let _: CookieLayer = Default::default();
    /// # let _ = stack;
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares a cookie: its scope (Domain, Path and Partitioned) and its default attributes.
    ///
    /// Every `set` and `delete` of the name uses them. A `set` or `delete` with a different scope
    /// returns an error. Otherwise, the browser would store a second cookie or ignore the delete. A
    /// `set` or `delete` that switches off a declared `Secure` or `HttpOnly` also returns an error.
    /// Both may change `SameSite`, and a `set` may change the lifetime. Attributes that the
    /// declaration leaves unset have Django's defaults. The value is ignored.
    ///
    /// Give a session cookie the prefix `__Host-Http-`. Browsers then store it only with `Secure`,
    /// `HttpOnly`, `Path=/` and no Domain, so neither another host nor a script can set it.
    /// Browsers that do not know this prefix apply the rules of `__Host-`. (`__Secure-` and
    /// `__Host-` are defined in RFC 6265bis, `__Http-` and `__Host-Http-` in the layered-cookies
    /// draft.)
    ///
    /// # Errors
    ///
    /// Returns the errors of [`CookieJar::set`] for an invalid name or attribute,
    /// [`CookieError::InvalidPath`] for an empty Path, and [`CookieError::AlreadyDeclared`]. Do not
    /// declare a cookie that is set at several scopes.
    ///
    /// ```
    /// use tower_django_cookies::{Cookie, CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new().declare(Cookie::build("session").path("/app"))?;
    ///
    /// let jar = layer.jar(&http::Request::new(()));
    /// jar.set(("session", "f81d4fae"))?;
    /// assert_eq!(jar.queued()[0].path(), Some("/app"));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn declare<'c>(mut self, cookie: impl Into<Cookie<'c>>) -> Result<Self, CookieError> {
        let cookie = cookie.into();
        self.config
            .make_mut()
            .declare(&cookie)
            .inspect_err(|error| events::refused("declare", cookie.name(), error))?;
        Ok(self)
    }

    /// Declares a previous scope of a declared cookie.
    ///
    /// Browsers may still store the cookie there. So every `set` and `delete` of the name also
    /// deletes it at the previous scope, once per response. A retired Domain for which the
    /// request's host cannot set cookies is skipped. Without a Domain, the retired scope is host-only, and
    /// an unset Path is `/`. Unset `SameSite`, `Secure` and Partitioned default to the
    /// declaration's.
    ///
    /// A `delete` that gives a retired scope deletes the cookie at all its scopes, as a `delete`
    /// without a scope does. So a `delete` that was left over at the previous scope still works.
    ///
    /// As long as a browser sends the cookie twice, [`CookieJar::get`] returns the last value, as
    /// in Django. It can be the value from the previous scope. [`CookieJar::get_all`] returns both
    /// values, and describes their order.
    ///
    /// A response can then have several `Set-Cookie` headers of one name, which RFC 6265 §4.1.1
    /// advises against. It is intended: they differ in scope, and browsers process them in order.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`declare`](Self::declare) for an invalid name or attribute,
    /// [`CookieError::RetireUndeclared`], [`CookieError::RetireDeclared`] and
    /// [`CookieError::AlreadyRetired`]; and [`CookieError::Renamed`] for a previous name, whose scopes
    /// are those of [`renamed`](Self::renamed).
    ///
    /// ```
    /// use tower_django_cookies::{Cookie, CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new()
    ///     .declare(Cookie::build("session").path("/app"))?
    ///     .retire(Cookie::build("session").path("/"))?;
    ///
    /// let jar = layer.jar(&http::Request::new(()));
    /// jar.set(("session", "f81d4fae"))?;
    /// let paths: Vec<_> = jar.queued().iter().map(|c| c.path().map(str::to_owned)).collect();
    /// assert_eq!(paths, [Some("/".into()), Some("/app".into())]);
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn retire<'c>(mut self, cookie: impl Into<Cookie<'c>>) -> Result<Self, CookieError> {
        let cookie = cookie.into();
        self.config
            .make_mut()
            .retire(&cookie)
            .inspect_err(|error| events::refused("retire", cookie.name(), error))?;
        Ok(self)
    }

    /// Declares a previous name of a declared cookie.
    ///
    /// Browsers may still hold the cookie under its previous name. So every `set` and `delete` of
    /// `new_name` also deletes `old`, as [`retire`](Self::retire) does at previous scopes. Give the
    /// Domain and Path that it was set with. Unset, they are no Domain and `Path=/`, and a cookie at
    /// another scope stays.
    ///
    /// A `delete` of the previous name deletes the cookie under both names. A `set` of the previous name
    /// returns [`CookieError::Renamed`].
    /// Reads never fall back to the previous name: if the new name has a prefix such as `__Host-`, that
    /// would give up its protection. Call this once for each previous name and scope.
    ///
    /// # Errors
    ///
    /// [`CookieError::RenameUndeclared`] if `new_name` is not declared; [`CookieError::AlreadyDeclared`]
    /// if the previous name is; [`CookieError::Renamed`] if it is a previous name of another cookie; and
    /// the errors of [`retire`](Self::retire).
    ///
    /// ```
    /// use tower_django_cookies::{Cookie, CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new()
    ///     .declare(Cookie::build("__Host-session").http_only(true))?
    ///     .renamed(Cookie::build("session").path("/"), "__Host-session")?;
    ///
    /// let jar = layer.jar(&http::Request::new(()));
    /// jar.set(("__Host-session", "f81d4fae"))?;
    /// let queued = jar.queued();
    /// assert_eq!((queued[0].name(), queued[0].value()), ("session", "")); // deleted
    /// assert_eq!((queued[1].name(), queued[1].value()), ("__Host-session", "f81d4fae"));
    ///
    /// let error = jar.set(("session", "f81d4fae")).unwrap_err();
    /// assert!(matches!(error, CookieError::Renamed { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn renamed<'c>(
        mut self,
        old: impl Into<Cookie<'c>>,
        new_name: &str,
    ) -> Result<Self, CookieError> {
        let old = old.into();
        self.config
            .make_mut()
            .rename(&old, new_name)
            .inspect_err(|error| events::refused("renamed", old.name(), error))?;
        Ok(self)
    }

    /// Sets a function that recognises public suffixes, such as `co.uk` and `github.io`.
    ///
    /// Browsers drop a cookie whose Domain is a public suffix, unless it is the host itself. Without
    /// this function, only a Domain of a single label (`com`) is an error. With it, every `set` and
    /// `delete` with a public suffix returns [`CookieError::InvalidDomain`]. The function gets a Domain in
    /// lower case, without a dot at its start or end. It is called while the jar is locked, so it must
    /// not use a jar. The list of browsers is in the `psl` crate:
    ///
    /// ```
    /// use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieLayer};
    ///
    /// fn is_public_suffix(domain: &str) -> bool {
    ///     psl::suffix_str(domain) == Some(domain)
    /// }
    ///
    /// let layer = CookieLayer::new().public_suffixes(is_public_suffix);
    /// let request = http::Request::get("https://www.example.co.uk/").body(())?;
    /// let jar = layer.jar(&request);
    /// jar.set(Cookie::build(("theme", "dark")).domain("example.co.uk"))?;
    ///
    /// let error = jar.set(Cookie::build(("theme", "dark")).domain("co.uk")).unwrap_err();
    /// assert!(matches!(
    ///     error,
    ///     CookieError::InvalidDomain { reason: AttributeReason::PublicSuffix, .. }
    /// ));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn public_suffixes(mut self, is_public_suffix: fn(&str) -> bool) -> Self {
        self.config.make_mut().public_suffixes = Some(is_public_suffix);
        self
    }

    /// Makes every `set` and `delete` of an undeclared cookie return [`CookieError::Undeclared`].
    ///
    /// This covers the jar only. A `Set-Cookie` header that a handler or another library adds to the
    /// response is not checked.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new().declare("session")?.deny_undeclared();
    ///
    /// let jar = layer.jar(&http::Request::new(()));
    /// assert!(jar.set(("session", "f81d4fae")).is_ok());
    /// assert!(matches!(jar.set(("sesion", "1")), Err(CookieError::Undeclared { .. })));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn deny_undeclared(mut self) -> Self {
        self.config.make_mut().deny_undeclared = true;
        self
    }

    /// Sets the source of the request's host, which Domains are checked against. The default is
    /// [`HostSource::Request`].
    ///
    /// # Errors
    ///
    /// [`CookieError::InvalidHost`] if a fixed host is not a host name or an IP address, or
    /// has a port.
    ///
    /// ```
    /// use http::Request;
    /// use tower_django_cookies::{Cookie, CookieError, CookieLayer, HostSource};
    ///
    /// let behind_proxy = CookieLayer::new().host_from(HostSource::XForwardedHost)?;
    ///
    /// let request = Request::builder()
    ///     .header("host", "10.0.0.7:8000")
    ///     .header("x-forwarded-host", "www.example.com")
    ///     .body(())?;
    /// let cookie = || Cookie::build(("a", "1")).domain("example.com");
    /// assert!(behind_proxy.jar(&request).set(cookie()).is_ok());
    ///
    /// let error = CookieLayer::new().jar(&request).set(cookie()).unwrap_err();
    /// assert!(matches!(error, CookieError::DomainMismatch { .. }));
    ///
    /// let error = CookieLayer::new().host_from(HostSource::Fixed("a.test:80".into())).unwrap_err();
    /// assert!(matches!(error, CookieError::InvalidHost { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn host_from(mut self, source: HostSource) -> Result<Self, CookieError> {
        self.config.make_mut().host_from = Some(source.validated()?);
        Ok(self)
    }

    /// Adds `Vary: Cookie` to the response if cookies were read, set or deleted before the response
    /// headers were sent.
    ///
    /// It is named after Django's decorator but depends on use, as Django's sessions do. An operation
    /// that returned an error does not count. An existing `Vary` is kept, and `*` stays alone.
    ///
    /// ```
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    /// use tower_django_cookies::{CookieJar, CookieLayer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let service = ServiceBuilder::new()
    ///     .layer(CookieLayer::new().vary_on_cookie())
    ///     .service(service_fn(|request: Request<()>| async move {
    ///         let visited = CookieJar::from_extensions(request.extensions())?.contains("visited");
    ///         Ok::<_, tower::BoxError>(Response::new(visited))
    ///     }));
    /// let response = service.oneshot(Request::new(())).await?;
    /// assert_eq!(response.headers()["vary"], "Cookie");
    /// # Ok(())
    /// # }
    /// ```
    pub fn vary_on_cookie(mut self) -> Self {
        self.config.make_mut().vary_on_cookie = true;
        self
    }

    /// Adds `Cache-Control: private` to each response that carries a `Set-Cookie` header.
    ///
    /// Without it, a shared cache may store the response and send one user's cookies to others. If the
    /// response has `private` already, or `no-store` without `must-understand`, `Cache-Control` is kept
    /// as it is. Else `private` is added, and `public` and `s-maxage` are removed. `no-cache` alone is
    /// not enough: with it, a shared cache may store the response.
    ///
    /// Set this and [`vary_on_cookie`](Self::vary_on_cookie) on the outermost layer: an inner layer does
    /// not see what services outside of it set later.
    ///
    /// ```
    /// use http::{Request, Response};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    /// use tower_django_cookies::{CookieJar, CookieLayer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let service = ServiceBuilder::new()
    ///     .layer(CookieLayer::new().cache_control_private())
    ///     .service(service_fn(|request: Request<()>| async move {
    ///         CookieJar::from_extensions(request.extensions())?.set(("visited", "True"))?;
    ///         let response = Response::builder().header("cache-control", "public, max-age=60");
    ///         Ok::<_, tower::BoxError>(response.body(())?)
    ///     }));
    /// let response = service.oneshot(Request::new(())).await?;
    /// assert_eq!(response.headers()["cache-control"], "max-age=60, private");
    /// # Ok(())
    /// # }
    /// ```
    pub fn cache_control_private(mut self) -> Self {
        self.config.make_mut().cache_control_private = true;
        self
    }

    /// Sets the key of [signed cookies](CookieJar::signed): Django's `SECRET_KEY`.
    ///
    /// It can be a string, bytes or a [`SecretKey`]. Use at least 32 random bytes: with the feature
    /// `tracing`, a shorter key causes a warning.
    ///
    /// # Errors
    ///
    /// [`CookieError::InvalidKey`] if the key is empty.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer};
    ///
    /// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let jar = layer.jar(&http::Request::new(()));
    /// assert!(jar.signed().set(("user", "42")).is_ok());
    ///
    /// let error = CookieLayer::new().secret_key("").unwrap_err();
    /// assert!(matches!(error, CookieError::InvalidKey { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    #[cfg(feature = "signed")]
    pub fn secret_key<K>(mut self, key: K) -> Result<Self, CookieError>
    where
        K: TryInto<SecretKey, Error: Into<EmptyKey>>,
    {
        let key = checked_key("secret_key", key)?;
        self.config.make_mut().signing.set_key(key);
        Ok(self)
    }

    /// Sets previous keys that still verify signed cookies: Django's `SECRET_KEY_FALLBACKS`.
    ///
    /// They replace fallback keys that were set before. They are used only if this layer itself
    /// sets a key. To rotate a key without logging anyone out:
    ///
    /// 1. Add the new key as a fallback on every server.
    /// 2. Make it the key, with the previous one as the fallback.
    /// 3. Drop the fallback when no cookie signed with it is left: after the longest
    ///    [`SignedJar::max_age`](crate::SignedJar::max_age) with which you read cookies. Without a maximum
    ///    age, renew the cookies with [`SignedJar::verify`](crate::SignedJar::verify).
    ///
    /// To drop all fallbacks, omit this call.
    ///
    /// # Errors
    ///
    /// [`CookieError::InvalidKey`] if one of the keys is empty.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer};
    ///
    /// let previous = "5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60";
    /// let layer = CookieLayer::new().secret_key(previous)?;
    /// let jar = layer.jar(&http::Request::new(()));
    /// jar.signed().set(("user", "42"))?;
    /// let header = format!("user={}", jar.queued()[0].value());
    ///
    /// let layer = CookieLayer::new()
    ///     .secret_key("0e4f2b1c9d8a7f6e5d4c3b2a19080706")?
    ///     .secret_key_fallbacks([previous])?;
    /// let request = http::Request::builder().header("cookie", header).body(()).unwrap();
    /// assert_eq!(layer.jar(&request).signed().get("user")?, "42");
    /// # Ok::<(), CookieError>(())
    /// ```
    #[cfg(feature = "signed")]
    pub fn secret_key_fallbacks<K>(
        mut self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Self, CookieError>
    where
        K: TryInto<SecretKey, Error: Into<EmptyKey>>,
    {
        let keys: Result<_, _> = keys
            .into_iter()
            .map(|key| checked_key("secret_key_fallbacks", key))
            .collect();
        self.config.make_mut().signing.set_fallbacks(keys?);
        Ok(self)
    }

    /// Accepts signed cookies with the salt that Django used before 5.2.15, if `accept` is `true`:
    /// Django's `SIGNED_COOKIE_LEGACY_SALT_FALLBACK`. It is on by default in Django 5.2, and off
    /// here.
    ///
    /// In that salt, nothing separates the cookie's name from the given salt (CVE-2026-6873).
    /// Switch this setting off when no such cookie is left.
    ///
    /// ```
    /// use tower_django_cookies::CookieLayer;
    /// use tower_django_cookies::signing::{SecretKey, TimestampSigner};
    ///
    /// let layer = CookieLayer::new()
    ///     .secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?
    ///     .signed_cookie_legacy_salt_fallback(true);
    ///
    /// // Signed by an older Django: get_cookie_signer(salt="user").sign("42")
    /// let key = SecretKey::try_from("django.http.cookies5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// let header = format!("user={}", TimestampSigner::new(key).salt("user").sign("42"));
    /// let request = http::Request::builder().header("cookie", header).body(())?;
    /// assert_eq!(layer.jar(&request).signed().get("user")?, "42");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "signed")]
    pub fn signed_cookie_legacy_salt_fallback(mut self, accept: bool) -> Self {
        self.config.make_mut().signing.legacy_salt_fallback = Some(accept);
        self
    }

    /// Sets the key of [private cookies](CookieJar::private): 64 bytes.
    ///
    /// Private cookies have no timestamp: anyone with a copy of one can use it as long as the layer has
    /// the key. Signed cookies can have a maximum age: `SignedJar::max_age`.
    ///
    /// Generate it once and keep it with your secrets. A key that is generated at each start makes
    /// all existing private cookies unreadable at each start.
    ///
    /// ```
    /// use tower_django_cookies::{CookieLayer, cookie::Key};
    ///
    /// # let secret = Key::generate().master().to_vec();
    /// let key = Key::try_from(&secret[..])?; // an error if shorter than 64 bytes
    /// let jar = CookieLayer::new().private_key(key).jar(&http::Request::new(()));
    /// assert!(jar.private().set(("card", "4111 1111")).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "private")]
    pub fn private_key(mut self, key: Key) -> Self {
        self.config.make_mut().private.key = Some(key);
        self
    }

    /// Sets previous keys that still decrypt private cookies.
    ///
    /// They replace fallback keys that were set before. They are used only if this layer itself
    /// sets a key.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer, cookie::Key};
    ///
    /// let previous = Key::generate();
    /// let jar = CookieLayer::new().private_key(previous.clone()).jar(&http::Request::new(()));
    /// jar.private().set(("card", "4111 1111"))?;
    /// let header = format!("card={}", jar.queued()[0].value());
    ///
    /// let layer = CookieLayer::new()
    ///     .private_key(Key::generate())
    ///     .private_key_fallbacks([previous]);
    /// let request = http::Request::builder().header("cookie", header).body(()).unwrap();
    /// assert_eq!(layer.jar(&request).private().get("card")?, "4111 1111");
    /// # Ok::<(), CookieError>(())
    /// ```
    #[cfg(feature = "private")]
    pub fn private_key_fallbacks(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.config.make_mut().private.fallbacks = keys.into_iter().collect();
        self
    }

    /// Opens a jar for a request of a framework that has no Tower layers.
    ///
    /// `headers` and `uri` are those of the request. Pass the jar to the handler. When the response is
    /// ready, call [`Flush::write_to`] with its headers. If the handler fails, drop the [`Flush`]: its
    /// queued cookies are discarded, as in [`CookieService`].
    ///
    /// `open` always acts as an outermost layer: it does not find the jar of another `open` or of a layer
    /// outside of it. Each of the two jars has its own queue and its own declarations, and the cookies of
    /// both are written to the response. So call `open` once for each request.
    ///
    /// ```
    /// use http::{HeaderMap, Request, Response};
    /// use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
    ///
    /// /// The middleware of a framework, whose handlers are functions.
    /// fn with_cookies(
    ///     cookies: &CookieLayer,
    ///     request: &Request<()>,
    ///     handler: impl FnOnce(&CookieJar) -> Result<String, CookieError>,
    /// ) -> Result<Response<String>, CookieError> {
    ///     let (jar, flush) = cookies.open(request.headers(), request.uri());
    ///     let mut response = Response::new(handler(&jar)?);
    ///     flush.write_to(response.headers_mut());
    ///     Ok(response)
    /// }
    ///
    /// let cookies = CookieLayer::new();
    /// let response = with_cookies(&cookies, &Request::new(()), |jar| {
    ///     jar.set(("visited", "True"))?;
    ///     Ok("Welcome".to_owned())
    /// })?;
    /// assert_eq!(response.headers()["set-cookie"], "visited=True; Path=/");
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn open(&self, headers: &HeaderMap, uri: &Uri) -> (CookieJar, Flush) {
        let jar = CookieJar::outermost(&self.config, headers, uri, QueueState::Open);
        if events::is_debug_enabled() {
            jar.report_duplicates(|name| self.config.declares(name));
        }
        let flush = jar.flush(true);
        (jar, flush)
    }

    /// Returns the jar that a handler would get for `request`: for unit tests of handlers.
    ///
    /// Its queued cookies are not sent, unless `request` has passed a layer already. Check them with
    /// [`CookieJar::queued`]. If the jar is put into the extensions of a request, a layer replaces it.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
    ///
    /// fn logout(jar: &CookieJar) -> Result<(), CookieError> {
    ///     jar.delete("session")
    /// }
    ///
    /// let jar = CookieLayer::new().jar(&http::Request::new(()));
    /// logout(&jar)?;
    /// assert_eq!(jar.queued()[0].name(), "session");
    /// # Ok::<(), CookieError>(())
    /// ```
    #[must_use]
    pub fn jar<B>(&self, request: &Request<B>) -> CookieJar {
        let (headers, uri) = (request.headers(), request.uri());
        match request.extensions().get::<CookieJar>() {
            Some(outer) if outer.can_serve(QueueState::Unsent) => {
                outer.nested(&self.config, headers, uri)
            }
            _ => CookieJar::outermost(&self.config, headers, uri, QueueState::Unsent),
        }
    }
}

impl<S> Layer<S> for CookieLayer {
    type Service = CookieService<S>;

    fn layer(&self, inner: S) -> CookieService<S> {
        CookieService::new(inner, self.config.clone())
    }
}

/// A shorter key can be guessed from one signed value.
#[cfg(feature = "signed")]
const MIN_KEY: usize = 32;

#[cfg(feature = "signed")]
fn checked_key<K>(setting: &'static str, key: K) -> Result<SecretKey, CookieError>
where
    K: TryInto<SecretKey, Error: Into<EmptyKey>>,
{
    let key = key.try_into().map_err(|error| CookieError::InvalidKey {
        setting,
        source: error.into(),
    })?;
    let len = key.as_bytes().len();
    if len < MIN_KEY {
        events::short_key(setting, len);
    }
    Ok(key)
}
