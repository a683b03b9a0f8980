//! `CookieLayer`: the settings, and the way to say them.

mod future;
mod service;

use std::sync::Arc;

use cookie::Cookie;
#[cfg(feature = "private")]
use cookie::Key;
use http::Request;
use tower_layer::Layer;

use crate::config::Settings;
use crate::error::CookieError;
use crate::events;
use crate::jar::CookieJar;
use crate::jar::queue::State;
use crate::request::host::HostSource;
#[cfg(feature = "signed")]
use crate::signing::SecretKey;

pub use self::future::ResponseFuture;
pub use self::service::CookieService;

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
/// A scope that an inner layer retires is ended by that layer's `set` and `delete` even where an
/// outer one, which doesn't declare the cookie, has just set it: the last operation on it counts.
///
/// # Errors, panics and time-outs
///
/// Whatever response the service within gives carries what was queued. If it gives none, since it
/// fails, panics or is given up, what was queued is discarded. So this layer belongs outside of one
/// that makes responses of errors or panics if these are to carry cookies, and inside if they aren't.
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
        let cookie = cookie.into();
        Arc::make_mut(&mut self.settings)
            .declare(cookie.clone().into_owned())
            .inspect_err(|error| events::refused("declare", cookie.name(), error))?;
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
        let cookie = cookie.into();
        Arc::make_mut(&mut self.settings)
            .retire(cookie.clone().into_owned())
            .inspect_err(|error| events::refused("retire", cookie.name(), error))?;
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
    /// An empty one is refused when it is used, with [`CookieError::MissingKey`].
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer};
    ///
    /// let request = http::Request::new(());
    /// let jar = CookieLayer::new().secret_key("a secret that nobody guesses").jar(&request);
    /// assert!(jar.signed().set(("user", "42")).is_ok());
    ///
    /// let jar = CookieLayer::new().secret_key("").jar(&request);
    /// let error = jar.signed().set(("user", "42")).unwrap_err();
    /// assert!(matches!(error, CookieError::MissingKey { .. }));
    /// ```
    #[cfg(feature = "signed")]
    #[must_use]
    pub fn secret_key(mut self, key: impl Into<SecretKey>) -> Self {
        let signing = &mut Arc::make_mut(&mut self.settings).signing;
        signing.set_key(key.into());
        self
    }

    /// Former keys, which signed cookies may still have: Django's `SECRET_KEY_FALLBACKS`.
    ///
    /// They take the place of those given before, and go with this layer's own key: without one
    /// they do nothing. To rotate, let every server accept the new key as a fallback first, then
    /// sign with it, with the former one as a fallback; drop that when no cookie is left that it
    /// signed.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer};
    ///
    /// let request = http::Request::new(());
    /// let jar = CookieLayer::new().secret_key("the former secret").jar(&request);
    /// jar.signed().set(("user", "42"))?;
    /// let header = format!("user={}", jar.queued()[0].value());
    ///
    /// let layer = CookieLayer::new()
    ///     .secret_key("the new secret")
    ///     .secret_key_fallbacks(["the former secret"]);
    /// let request = http::Request::builder().header("cookie", header).body(()).unwrap();
    /// assert_eq!(layer.jar(&request).signed().get("user")?, "42");
    /// # Ok::<(), CookieError>(())
    /// ```
    #[cfg(feature = "signed")]
    #[must_use]
    pub fn secret_key_fallbacks(
        mut self,
        keys: impl IntoIterator<Item = impl Into<SecretKey>>,
    ) -> Self {
        let signing = &mut Arc::make_mut(&mut self.settings).signing;
        signing.set_fallbacks(keys.into_iter().map(Into::into));
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
    ///
    /// // Signed as before: get_cookie_signer(salt="user").sign("42")
    /// use tower_django_cookies::signing::TimestampSigner;
    /// let key = "django.http.cookiesa secret that nobody guesses";
    /// let header = format!("user={}", TimestampSigner::new(key).salt("user").sign("42"));
    /// let request = http::Request::builder().header("cookie", header).body(()).unwrap();
    /// assert_eq!(layer.jar(&request).signed().get("user").as_deref(), Ok("42"));
    /// ```
    #[cfg(feature = "signed")]
    #[must_use]
    pub fn signed_cookie_legacy_salt_fallback(mut self, accept: bool) -> Self {
        Arc::make_mut(&mut self.settings)
            .signing
            .legacy_salt_fallback = Some(accept);
        self
    }

    /// The key of [private cookies](CookieJar::private): 64 bytes, made once and kept with your
    /// secrets. A key that is generated at each start ends all cookies at each start.
    ///
    /// ```
    /// use tower_django_cookies::{CookieLayer, cookie::Key};
    ///
    /// # let secret = Key::generate().master().to_vec();
    /// let key = Key::try_from(&secret[..])?; // an error below 64 bytes
    /// let jar = CookieLayer::new().private_key(key).jar(&http::Request::new(()));
    /// assert!(jar.private().set(("card", "4111 1111")).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "private")]
    #[must_use]
    pub fn private_key(mut self, key: Key) -> Self {
        Arc::make_mut(&mut self.settings).private.key = Some(key);
        self
    }

    /// Former keys, which private cookies may still have.
    ///
    /// They take the place of those given before, and go with this layer's own key: without one
    /// they do nothing.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, CookieLayer, cookie::Key};
    ///
    /// let former = Key::generate();
    /// let jar = CookieLayer::new().private_key(former.clone()).jar(&http::Request::new(()));
    /// jar.private().set(("card", "4111 1111"))?;
    /// let header = format!("card={}", jar.queued()[0].value());
    ///
    /// let layer = CookieLayer::new()
    ///     .private_key(Key::generate())
    ///     .private_key_fallbacks([former]);
    /// let request = http::Request::builder().header("cookie", header).body(()).unwrap();
    /// assert_eq!(layer.jar(&request).private().get("card")?, "4111 1111");
    /// # Ok::<(), CookieError>(())
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
        let (headers, uri) = (request.headers(), request.uri());
        match request.extensions().get::<CookieJar>() {
            Some(outer) if outer.serves(State::Kept) => outer.nested(&self.settings, headers, uri),
            _ => CookieJar::outermost(&self.settings, headers, uri, State::Kept),
        }
    }
}

impl<S> Layer<S> for CookieLayer {
    type Service = CookieService<S>;

    fn layer(&self, inner: S) -> CookieService<S> {
        CookieService::new(inner, Arc::clone(&self.settings))
    }
}
