//! `CookieLayer`: the settings, and the way to say them.

use std::sync::Arc;

use cookie::Cookie;
#[cfg(feature = "private")]
use cookie::Key;
use http::Request;
use tower_layer::Layer;

use crate::error::CookieError;
use crate::host::HostSource;
use crate::jar::CookieJar;
use crate::queue::Queue;
use crate::service::CookieService;
use crate::settings::Settings;
#[cfg(feature = "signed")]
use crate::signing::SecretKey;

/// Gives the services it wraps Django's cookies.
///
/// Each request's extensions get a [`CookieJar`]; what is queued in it goes out with the response
/// as `Set-Cookie` fields, beside those that the service wrote itself.
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
/// # Nesting
///
/// Layers within layers share the request's cookies and one queue, which the outermost flushes.
/// A jar has the settings of the layer that made it over those of the layers around it. A cookie
/// that both declare, with different scopes, is an error when it is used. A request that a handler
/// makes with the extensions of its own counts as within; leave the jar out for one that stands
/// alone.
///
/// # Retries
///
/// With a retry outside the layer each try has a jar of its own, and only the answer that is
/// returned carries cookies. With a retry inside, the tries share one jar, so that what a failed
/// try queued goes out as well.
#[derive(Clone, Debug, Default)]
pub struct CookieLayer {
    settings: Arc<Settings>,
}

impl CookieLayer {
    /// A layer with Django's defaults.
    ///
    /// ```
    /// use tower::ServiceBuilder;
    /// use tower_django_cookies::CookieLayer;
    ///
    /// let stack = ServiceBuilder::new().layer(CookieLayer::new());
    /// # let _: CookieLayer = Default::default();
    /// # let _ = stack;
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says a cookie's scope and attributes once.
    ///
    /// Every `set` and `delete` of the name uses them. Another Domain, Path or Partitioned is an
    /// error, and so is switching off `Secure` or `HttpOnly`; `SameSite` and the lifetime may be
    /// said otherwise. What is left unsaid is Django's default. The value is ignored.
    ///
    /// # Errors
    ///
    /// What [`CookieJar::set`] would refuse; a Path that is said to be empty; and
    /// [`CookieError::AlreadyDeclared`]: leave a name that lives at several scopes undeclared.
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
        Arc::make_mut(&mut self.settings).declare(cookie.into().into_owned())?;
        Ok(self)
    }

    /// Says where a declared cookie lived before.
    ///
    /// A browser may still hold it there, and send both. Every `set` and `delete` of the name ends
    /// the former ones too, once a response, and not where the request's host doesn't fit. Domain
    /// and Path left unsaid are none and `/`; `SameSite`, `Secure` and Partitioned are the
    /// declaration's. A `delete` that names a retired scope ends just that one.
    ///
    /// As long as a browser sends both, [`CookieJar::get`] has the last, as in Django, which may be
    /// the former one; [`CookieJar::get_all`] has them in the browser's order, the longest Path
    /// first.
    ///
    /// # Errors
    ///
    /// What [`declare`](Self::declare) would refuse; [`CookieError::RetireUndeclared`],
    /// [`CookieError::RetireDeclared`] and [`CookieError::AlreadyRetired`].
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
        Arc::make_mut(&mut self.settings).retire(cookie.into().into_owned())?;
        Ok(self)
    }

    /// Refuses to set or delete what isn't declared, with [`CookieError::Undeclared`].
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
    #[must_use]
    pub fn deny_undeclared(mut self) -> Self {
        Arc::make_mut(&mut self.settings).deny_undeclared = true;
        self
    }

    /// Says where to learn the host that Domains are checked against; by default the request.
    ///
    /// ```
    /// use http::Request;
    /// use tower_django_cookies::{Cookie, CookieLayer, HostSource};
    ///
    /// let behind_proxy = CookieLayer::new().host_from(HostSource::XForwardedHost);
    ///
    /// let request = Request::builder()
    ///     .header("host", "10.0.0.7:8000")
    ///     .header("x-forwarded-host", "www.example.com")
    ///     .body(())?;
    /// let cookie = || Cookie::build(("a", "1")).domain("example.com");
    /// assert!(behind_proxy.jar(&request).set(cookie()).is_ok());
    /// assert!(CookieLayer::new().jar(&request).set(cookie()).is_err());
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn host_from(mut self, source: HostSource) -> Self {
        Arc::make_mut(&mut self.settings).host_from = Some(source);
        self
    }

    /// Adds `Vary: Cookie` to the response if the request's cookies were read before its head left.
    ///
    /// Named after Django's decorator, but it asks first, as Django's sessions do. An existing
    /// `Vary` is kept, and `*` stays alone.
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
    #[must_use]
    pub fn vary_on_cookie(mut self) -> Self {
        Arc::make_mut(&mut self.settings).vary_on_cookie = true;
        self
    }

    /// The key of [signed cookies](CookieJar::signed): Django's `SECRET_KEY`.
    ///
    /// ```
    /// use tower_django_cookies::CookieLayer;
    ///
    /// let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
    /// # let _ = layer;
    /// ```
    #[cfg(feature = "signed")]
    #[must_use]
    pub fn secret_key(mut self, key: impl Into<SecretKey>) -> Self {
        Arc::make_mut(&mut self.settings).signing.key = Some(key.into());
        self
    }

    /// Former keys, which signed cookies may still have: Django's `SECRET_KEY_FALLBACKS`.
    ///
    /// To rotate a key, make it a fallback here and on every other server first; drop it when no
    /// cookie is left that it signed.
    ///
    /// ```
    /// use tower_django_cookies::CookieLayer;
    ///
    /// let layer = CookieLayer::new()
    ///     .secret_key("the new secret")
    ///     .secret_key_fallbacks(["the former secret"]);
    /// # let _ = layer;
    /// ```
    #[cfg(feature = "signed")]
    #[must_use]
    pub fn secret_key_fallbacks(
        mut self,
        keys: impl IntoIterator<Item = impl Into<SecretKey>>,
    ) -> Self {
        Arc::make_mut(&mut self.settings).signing.fallbacks =
            keys.into_iter().map(Into::into).collect();
        self
    }

    /// Whether to accept cookies with the salt that Django used before 5.2.15: its
    /// `SIGNED_COOKIE_LEGACY_SALT_FALLBACK`, which is on in 5.2 and off here.
    ///
    /// That salt doesn't tell name and salt apart (CVE-2026-6873), so switch it off again when no
    /// such cookie is left.
    ///
    /// ```
    /// use tower_django_cookies::CookieLayer;
    ///
    /// let layer = CookieLayer::new()
    ///     .secret_key("a secret that nobody guesses")
    ///     .signed_cookie_legacy_salt_fallback(true);
    /// # let _ = layer;
    /// ```
    #[cfg(feature = "signed")]
    #[must_use]
    pub fn signed_cookie_legacy_salt_fallback(mut self, accept: bool) -> Self {
        Arc::make_mut(&mut self.settings)
            .signing
            .legacy_salt_fallback = Some(accept);
        self
    }

    /// The key of [private cookies](CookieJar::private).
    ///
    /// ```
    /// use tower_django_cookies::{CookieLayer, cookie::Key};
    ///
    /// let layer = CookieLayer::new().private_key(Key::generate());
    /// # let _ = layer;
    /// ```
    #[cfg(feature = "private")]
    #[must_use]
    pub fn private_key(mut self, key: Key) -> Self {
        Arc::make_mut(&mut self.settings).private.key = Some(key);
        self
    }

    /// Former keys, which private cookies may still have.
    ///
    /// ```
    /// use tower_django_cookies::{CookieLayer, cookie::Key};
    ///
    /// let former = Key::generate();
    /// let layer = CookieLayer::new()
    ///     .private_key(Key::generate())
    ///     .private_key_fallbacks([former]);
    /// # let _ = layer;
    /// ```
    #[cfg(feature = "private")]
    #[must_use]
    pub fn private_key_fallbacks(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        Arc::make_mut(&mut self.settings).private.fallbacks = keys.into_iter().collect();
        self
    }

    /// The jar that a handler would get for `request`: for tests of handlers.
    ///
    /// What is queued stays in [`CookieJar::queued`]: no response takes it, even if the jar is put
    /// into the extensions of a request that goes through a layer, which replaces it.
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
        CookieJar::enter(&self.settings, request, Queue::kept()).0
    }
}

impl<S> Layer<S> for CookieLayer {
    type Service = CookieService<S>;

    fn layer(&self, inner: S) -> CookieService<S> {
        CookieService::new(inner, Arc::clone(&self.settings))
    }
}
