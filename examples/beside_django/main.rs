//! An axum app that serves one path, /basket/, of a Django site. The login stays in Django.
//!
//! Start it with `cargo run --example beside_django --features signed [PORT]`, and start the Django
//! site, which is the file `manage.py` in the same directory:
//!
//! `python3 examples/beside_django/manage.py runserver 127.0.0.1:8000`
//!
//! Both read `SECRET_KEY` and `SECRET_KEY_FALLBACKS` (a comma-separated list) from the environment.
//! `DJANGO_URL` is the URL of the Django site. It is empty if a proxy serves both on one port.

use std::env::{self, VarError};
use std::error::Error;
use std::fmt::Write;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::net::TcpListener;
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

const DEVELOPMENT_KEY: &str = "for development only: everybody knows it";
const ITEMS: [&str; 3] = ["cocoa", "coffee", "tea"];
const TWO_WEEKS: Duration = Duration::weeks(2);

static DJANGO_URL: LazyLock<String> =
    LazyLock::new(|| env::var("DJANGO_URL").unwrap_or_else(|_| "http://127.0.0.1:8000".into()));

/// Returns `Ok(None)` only if the variable is not set. A key that is not Unicode is an error, so
/// that the development key is not used by mistake.
fn env_var(name: &str) -> Result<Option<String>, VarError> {
    match env::var(name) {
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The layer with the keys of the Django site.
fn signing_layer() -> Result<CookieLayer, Box<dyn Error>> {
    let key = env_var("SECRET_KEY")?.unwrap_or_else(|| {
        eprintln!(
            "SECRET_KEY is not set: cookies are signed with the publicly known development key"
        );
        DEVELOPMENT_KEY.into()
    });
    let fallbacks = env_var("SECRET_KEY_FALLBACKS")?.unwrap_or_default();
    let fallbacks = fallbacks.split(',').filter(|key| !key.is_empty());
    Ok(CookieLayer::new()
        .secret_key(key)?
        .secret_key_fallbacks(fallbacks)?)
}

/// Declares the cookies of /basket/, with the scopes and attributes that Django's views use.
fn with_declarations(layer: CookieLayer) -> Result<CookieLayer, CookieError> {
    let build_like_django = |name| {
        Cookie::build(name)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
    };
    Ok(layer
        .declare(build_like_django("user").max_age(TWO_WEEKS))?
        .declare(build_like_django("basket").max_age(TWO_WEEKS))?
        .deny_undeclared())
}

/// The user who logged in at Django, which called
/// `response.set_signed_cookie("user", user, salt="login", …)`.
fn user(jar: &CookieJar) -> Result<String, CookieError> {
    jar.signed().salt("login").max_age(TWO_WEEKS).get("user")
}

/// The items in the basket, separated by commas, as Django's
/// `get_signed_cookie("basket", default="", …)` returns them.
fn basket(jar: &CookieJar) -> Result<String, CookieError> {
    match jar.signed().salt("basket").max_age(TWO_WEEKS).get("basket") {
        Err(error) if is_invalid_or_missing(&error) => Ok(String::new()),
        basket => basket,
    }
}

/// Returns true if the cookie is missing, forged or expired. A page that works without the cookie
/// treats these cases alike: the browser sends a forged or expired cookie with every request until
/// the cookie is set again.
fn is_invalid_or_missing(error: &CookieError) -> bool {
    error.status() == StatusCode::BAD_REQUEST
}

/// Escapes text between tags. Signed values need it too: a signature proves the origin of a value,
/// not that the value is safe in HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

async fn show(jar: CookieJar) -> Result<Response, CookieError> {
    let user = match user(&jar) {
        Err(error) if is_invalid_or_missing(&error) => {
            return Ok(Redirect::to(&format!("{}/", *DJANGO_URL)).into_response());
        }
        user => user?,
    };
    let basket = match basket(&jar)? {
        empty if empty.is_empty() => "nothing".into(),
        basket => escape(&basket),
    };
    let mut page = format!(
        "<!doctype html><title>basket</title><h1>User {}, in your basket: {basket}</h1>",
        escape(&user)
    );
    for item in ITEMS {
        let _ = write!(
            page,
            r#"<form method="post" action="/basket/add?item={item}"><button>Add {item}</button></form>"#
        );
    }
    let _ = write!(
        page,
        r#"<form method="post" action="/basket/empty"><button>Empty</button></form>
        <p><a href="{}/">back to the site</a>"#,
        *DJANGO_URL
    );
    Ok(Html(page).into_response())
}

#[derive(Deserialize)]
struct AddQuery {
    item: String,
}

async fn add(
    jar: CookieJar,
    Query(AddQuery { item }): Query<AddQuery>,
) -> Result<Response, CookieError> {
    // Browsers do not send this `SameSite=Lax` cookie when a form of another site posts here.
    user(&jar)?;
    if !ITEMS.contains(&&*item) {
        return Ok((StatusCode::NOT_FOUND, "no such item").into_response());
    }
    let basket = basket(&jar)?;
    let mut items: Vec<&str> = basket.split_terminator(", ").collect();
    // Add each item once, because a cookie is limited to 4096 bytes.
    if !items.contains(&&*item) {
        items.push(&item);
    }
    jar.signed()
        .salt("basket")
        .set(("basket", items.join(", ")))?;
    Ok(Redirect::to("/basket/").into_response())
}

async fn empty(jar: CookieJar) -> Result<Redirect, CookieError> {
    user(&jar)?;
    jar.delete("basket")?;
    Ok(Redirect::to("/basket/"))
}

/// Handlers that read and write any cookie, as those of `manage.py` do. They are for tests only:
/// they sign any value, so everybody who can reach them can log in as any user. The environment
/// variable `COOKIE_VIEWS` enables them.
mod cookies {
    use super::{Cookie, CookieError, CookieJar, Deserialize, Duration, Query, Router, Write, get};

    /// The query string: the arguments of Django's `set_cookie`, `delete_cookie` and their signed
    /// variants. An argument that is absent is not set.
    #[derive(Deserialize)]
    struct CookieQuery {
        name: String,
        #[serde(default)]
        value: String,
        #[serde(default)]
        salt: String,
        max_age: Option<u32>,
        path: Option<String>,
    }

    impl CookieQuery {
        fn cookie(&self) -> Cookie<'_> {
            let mut cookie = Cookie::new(&*self.name, &*self.value);
            if let Some(seconds) = self.max_age {
                cookie.set_max_age(Duration::seconds(seconds.into()));
            }
            if let Some(path) = &self.path {
                cookie.set_path(path);
            }
            cookie
        }
    }

    pub(crate) fn router() -> Router {
        Router::new()
            .route("/cookies/", get(list))
            .route("/cookies/get", get(read))
            .route("/cookies/get_signed", get(read_signed))
            .route("/cookies/set", get(set))
            .route("/cookies/set_signed", get(set_signed))
            .route("/cookies/delete", get(delete))
    }

    async fn list(jar: CookieJar) -> String {
        let mut lines = String::new();
        for (name, value) in &jar {
            let _ = writeln!(lines, "{name}={value}");
        }
        lines
    }

    async fn read(jar: CookieJar, Query(query): Query<CookieQuery>) -> Result<String, CookieError> {
        jar.require(&query.name).map(str::to_owned)
    }

    async fn read_signed(
        jar: CookieJar,
        Query(query): Query<CookieQuery>,
    ) -> Result<String, CookieError> {
        let mut signed = jar.signed().salt(query.salt);
        if let Some(seconds) = query.max_age {
            signed = signed.max_age(Duration::seconds(seconds.into()));
        }
        signed.get(&query.name)
    }

    async fn set(
        jar: CookieJar,
        Query(query): Query<CookieQuery>,
    ) -> Result<&'static str, CookieError> {
        jar.set(query.cookie())?;
        Ok("set\n")
    }

    async fn set_signed(
        jar: CookieJar,
        Query(query): Query<CookieQuery>,
    ) -> Result<&'static str, CookieError> {
        jar.signed().salt(&*query.salt).set(query.cookie())?;
        Ok("set\n")
    }

    async fn delete(
        jar: CookieJar,
        Query(query): Query<CookieQuery>,
    ) -> Result<&'static str, CookieError> {
        jar.delete(query.cookie())?;
        Ok("deleted\n")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let signing = signing_layer()?;
    let shop = Router::new()
        .route("/basket/", get(show))
        .route("/basket/add", post(add))
        .route("/basket/empty", post(empty))
        .layer(with_declarations(signing.clone())?);
    let app = match env_var("COOKIE_VIEWS")? {
        Some(_) => shop.merge(cookies::router().layer(signing)),
        None => shop,
    };

    let port = env::args()
        .nth(1)
        .map_or(Ok(3004_u16), |port| port.parse())
        .map_err(|error| format!("invalid port: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/basket/", listener.local_addr()?);
    tokio::select! {
        result = axum::serve(listener, app) => result?,
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}
