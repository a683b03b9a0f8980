//! `Csrf`: Django's CSRF tokens, in a cookie or in the session.

use std::borrow::Cow;
use std::collections::HashMap;

use cookie::time::Duration;
use cookie::{Cookie, SameSite};

#[cfg(feature = "sessions")]
use crate::contrib::session::Session;
use crate::contrib::token::Secret;
use crate::error::CookieError;
use crate::jar::CookieJar;

/// Django's `CSRF_COOKIE_AGE`.
const MAX_AGE: Duration = Duration::weeks(52);
/// Django's `CSRF_SESSION_KEY`.
#[cfg(feature = "sessions")]
const SESSION_KEY: &str = "_csrftoken";
/// The maximum number of cookies of one name that are read, as `MAX_VERIFIED` in `jar/secure.rs`.
const MAX_READ: usize = 8;

impl CookieJar {
    /// Returns access to Django's CSRF tokens.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let jar = CookieLayer::new().jar(&http::Request::new(()));
    /// let token = jar.csrf().token()?;
    /// assert_eq!(jar.queued()[0].name(), "csrftoken");
    /// # let _ = token;
    /// # Ok::<(), CookieError>(())
    /// ```
    ///
    /// See [`Csrf`] for an example with a form.
    pub fn csrf(&self) -> Csrf {
        Csrf {
            jar: self.clone(),
            name: Cow::Borrowed("csrftoken"),
        }
    }
}

/// Creates and verifies the tokens in the forms of a Django site: `django.middleware.csrf`.
///
/// A form posts a token, which must match the secret in the cookie `csrftoken`. Another site can
/// make a browser post a form to your site, but it cannot read the cookie, so it has no valid
/// token. This crate accepts tokens from Django, and Django accepts tokens from this crate.
///
/// Django also checks the headers `Origin` and `Referer`, which this type does not. tower-http's
/// `CsrfLayer` checks `Sec-Fetch-Site` and `Origin` for the same purpose. Add it around your
/// service, as below.
///
/// [Declare](crate::CookieLayer::declare) the cookie with Django's settings `CSRF_COOKIE_…`. If it is
/// not declared, it has Django's defaults: 52 weeks, `Path=/` and `SameSite=Lax`. If Django has
/// `CSRF_USE_SESSIONS = True`, the secret is in the session: see `Session::csrf_token` (feature
/// `sessions`).
///
/// ```
/// # #[cfg(feature = "axum-core")] mod example {
/// use axum::extract::Form;
/// use axum::response::Html;
/// use axum::{Router, routing::get};
/// use http::StatusCode;
/// use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
/// use tower_http::csrf::CsrfLayer;
///
/// async fn form(jar: CookieJar) -> Result<Html<String>, CookieError> {
///     let token = jar.csrf().token()?;
///     Ok(Html(format!(
///         r#"<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="{token}">"#
///     )))
/// }
///
/// async fn submit(jar: CookieJar, Form(fields): Form<Vec<(String, String)>>) -> StatusCode {
///     let token = fields.iter().find(|(name, _)| name == "csrfmiddlewaretoken");
///     if !token.is_some_and(|(_, token)| jar.csrf().verify(token)) {
///         return StatusCode::FORBIDDEN;
///     }
///     StatusCode::OK
/// }
///
/// pub fn app() -> Router {
///     Router::new()
///         .route("/", get(form).post(submit))
///         .layer(CookieLayer::new())
///         .layer(CsrfLayer::new())
/// }
/// # use tower::ServiceExt;
/// # #[tokio::main(flavor = "current_thread")]
/// # pub async fn run() {
/// #     let secret = "abcdefghijklmnopqrstuvwxyzABCDEF";
/// #     for (site, token, status) in [
/// #         ("same-origin", secret, 200), ("same-origin", "", 403), ("cross-site", secret, 403),
/// #     ] {
/// #         let request = http::Request::post("/")
/// #             .header("cookie", format!("csrftoken={secret}"))
/// #             .header("content-type", "application/x-www-form-urlencoded")
/// #             .header("origin", "https://example.com")
/// #             .header("sec-fetch-site", site)
/// #             .body(format!("csrfmiddlewaretoken={token}"))
/// #             .unwrap();
/// #         let response = app().oneshot(request).await.unwrap();
/// #         assert_eq!(response.status(), status);
/// #     }
/// # }
/// # }
/// # #[cfg(feature = "axum-core")] example::run();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Csrf {
    jar: CookieJar,
    name: Cow<'static, str>,
}

/// The secrets that the response to this request uses, by the name of the cookie.
#[derive(Clone, Default)]
struct Secrets(HashMap<String, Secret>);

impl Csrf {
    /// Sets the name of the cookie: Django's `CSRF_COOKIE_NAME`. The default is `csrftoken`.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let jar = CookieLayer::new().jar(&http::Request::new(()));
    /// jar.csrf().cookie_name("shop_csrf").token()?;
    /// assert_eq!(jar.queued()[0].name(), "shop_csrf");
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn cookie_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Returns a token for a form, and sets the cookie with its secret: Django's `get_token`.
    ///
    /// Put the token into the form field `csrfmiddlewaretoken`, or send it in the header
    /// `X-CSRFToken`. The secret is the one in the request's cookie, or a new one if there is none.
    /// All tokens of a response use the same secret. Each call sets the cookie again, as in Django,
    /// which extends its lifetime.
    ///
    /// # Errors
    ///
    /// The errors of [`CookieJar::set`], and [`CookieError::NoRandomBytes`] if the operating system
    /// returns no random bytes.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let jar = CookieLayer::new().jar(&http::Request::new(()));
    /// let token = jar.csrf().token()?;
    /// assert_eq!(token.len(), 64);
    /// assert_ne!(jar.csrf().token()?, token);
    /// assert_eq!(jar.queued().len(), 1);
    /// # let header = format!("csrftoken={}", jar.queued()[0].value());
    /// # let request = http::Request::builder().header("cookie", header).body(()).unwrap();
    /// # let jar = CookieLayer::new().jar(&request);
    ///
    /// // In the request that posts the form:
    /// assert!(jar.csrf().verify(&token));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn token(&self) -> Result<String, CookieError> {
        let secret = self.response_secret()?;
        self.set(&secret)?;
        secret.to_token()
    }

    /// Sets the cookie to a new secret, so that tokens from earlier pages are not valid in later
    /// requests: Django's `rotate_token`. Call it when a user logs in.
    ///
    /// # Errors
    ///
    /// Those of [`token`](Self::token).
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer};
    /// # let secret = "abcdefghijklmnopqrstuvwxyzABCDEF";
    /// # let request = http::Request::builder().header("cookie", format!("csrftoken={secret}"));
    /// # let jar = CookieLayer::new().jar(&request.body(()).unwrap());
    /// jar.csrf().rotate()?;
    /// assert_ne!(jar.queued()[0].value(), jar.get("csrftoken").unwrap());
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn rotate(&self) -> Result<(), CookieError> {
        let secret = Secret::new()?;
        let mut contrib = self.jar.contrib();
        let secrets: &mut Secrets = contrib.get_or_insert_default();
        let previous = secrets.0.insert(self.name.to_string(), secret.clone());
        drop(contrib);
        self.set(&secret).inspect_err(|_| {
            let mut contrib = self.jar.contrib();
            let secrets: &mut Secrets = contrib.get_or_insert_default();
            match previous {
                Some(previous) => secrets.0.insert(self.name.to_string(), previous),
                None => secrets.0.remove(&*self.name),
            };
        })
    }

    /// Returns `true` if a token belongs to the secret in the request's cookie: Django's
    /// `_does_token_match`.
    ///
    /// `given` is the value of the form field `csrfmiddlewaretoken` or of the header `X-CSRFToken`.
    /// It can also be the secret itself, which scripts read from the cookie. If the request has no
    /// such cookie, no token is valid.
    ///
    /// Verify every request whose method is not GET, HEAD, OPTIONS or TRACE.
    ///
    /// ```
    /// use tower_django_cookies::CookieLayer;
    ///
    /// let cookie = "csrftoken=abcdefghijklmnopqrstuvwxyzABCDEF";
    /// let request = http::Request::builder().header("cookie", cookie).body(())?;
    /// let jar = CookieLayer::new().jar(&request);
    /// assert!(jar.csrf().verify("abcdefghijklmnopqrstuvwxyzABCDEF"));
    /// assert!(!jar.csrf().verify("ABCDEFghijklmnopqrstuvwxyzABCDEF"));
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn verify(&self, given: &str) -> bool {
        self.request_secret()
            .is_some_and(|secret| secret.matches(given))
    }

    /// Returns the secret of the last cookie that contains one. Reads at most the last 8 cookies.
    fn request_secret(&self) -> Option<Secret> {
        let values: Vec<_> = self.jar.get_all(&self.name).collect();
        let mut values = values.iter().rev().take(MAX_READ);
        values.find_map(|value| Secret::parse(value))
    }

    fn response_secret(&self) -> Result<Secret, CookieError> {
        let mut contrib = self.jar.contrib();
        let secrets: &mut Secrets = contrib.get_or_insert_default();
        if let Some(secret) = secrets.0.get(&*self.name) {
            return Ok(secret.clone());
        }
        let secret = match self.request_secret() {
            Some(secret) => secret,
            None => Secret::new()?,
        };
        secrets.0.insert(self.name.to_string(), secret.clone());
        Ok(secret)
    }

    fn set(&self, secret: &Secret) -> Result<(), CookieError> {
        let mut cookie = Cookie::new(&*self.name, secret.as_str());
        if let Ok(None) = self.jar.config().declaration_to_set(&self.name) {
            cookie.set_max_age(MAX_AGE);
            cookie.set_same_site(SameSite::Lax);
        }
        self.jar.set(cookie)
    }
}

/// For Django's setting `CSRF_USE_SESSIONS`, which stores the secret in the session.
#[cfg(feature = "sessions")]
impl Session {
    /// Returns a token for a form, with the secret in the session's key `_csrftoken`: Django's
    /// `get_token` with `CSRF_USE_SESSIONS`.
    ///
    /// If the session has no secret, this function inserts a new one.
    /// [`is_modified`](Self::is_modified) is then `true`, and you must store the session.
    ///
    /// # Errors
    ///
    /// [`CookieError::NoRandomBytes`] if the operating system returns no random bytes.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, Session};
    ///
    /// let mut session = Session::new();
    /// let token = session.csrf_token()?;
    /// assert!(session.is_modified() && session.verify_csrf(&token));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn csrf_token(&mut self) -> Result<String, CookieError> {
        let secret = match self.csrf_secret() {
            Some(secret) => secret,
            None => Secret::new()?,
        };
        self.set_csrf_secret(&secret)?;
        secret.to_token()
    }

    /// Replaces the secret in the session: Django's `rotate_token` with `CSRF_USE_SESSIONS`. Call it when
    /// a user logs in.
    ///
    /// # Errors
    ///
    /// [`CookieError::NoRandomBytes`] if the operating system returns no random bytes.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, Session};
    ///
    /// let mut session = Session::new();
    /// let token = session.csrf_token()?;
    /// session.rotate_csrf()?;
    /// assert!(!session.verify_csrf(&token));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn rotate_csrf(&mut self) -> Result<(), CookieError> {
        let secret = Secret::new()?;
        self.set_csrf_secret(&secret)
    }

    /// Returns `true` if a token belongs to the secret in the session. See [`Csrf::verify`].
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, Session};
    ///
    /// let mut session = Session::new();
    /// assert!(!session.verify_csrf(""));
    /// let token = session.csrf_token()?;
    /// assert!(session.verify_csrf(&token));
    /// # Ok::<(), CookieError>(())
    /// ```
    #[must_use]
    pub fn verify_csrf(&self, given: &str) -> bool {
        self.csrf_secret()
            .is_some_and(|secret| secret.matches(given))
    }

    fn csrf_secret(&self) -> Option<Secret> {
        let text: String = self.get(SESSION_KEY).ok()??;
        Secret::parse(&text)
    }

    fn set_csrf_secret(&mut self, secret: &Secret) -> Result<(), CookieError> {
        let stored: Option<String> = self.get(SESSION_KEY).ok().flatten();
        if stored.as_deref() == Some(secret.as_str()) {
            return Ok(());
        }
        self.insert(SESSION_KEY, secret.as_str())
    }
}
