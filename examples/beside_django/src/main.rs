//! An axum app that serves one path, /basket/, of a Django site, and shares its logins.
//!
//! Run it with `cargo run --package beside_django [PORT]`, after the Django site: `pip install django`, then
//! `python3 examples/beside_django/manage.py runserver 127.0.0.1:8000`. The package has its own `Cargo.toml`. Its
//! `README.md` lists the settings of Django that matter.

mod basket;
mod cookies;
mod csrf_form;
mod database;
mod failure;
mod password;
mod visit;

use std::env::{self, VarError};
use std::error::Error;
use std::path::PathBuf;
use std::sync::LazyLock;

use tokio::net::TcpListener;
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieError, CookieLayer, SameSite};
use tower_http::csrf::CsrfLayer;

use crate::database::Database;
use crate::visit::{Engine, Site};

const DEVELOPMENT_KEY: &str = "for development only: everybody knows it";

static DJANGO_URL: LazyLock<String> =
    LazyLock::new(|| env::var("DJANGO_URL").unwrap_or_else(|_| "http://127.0.0.1:8000".into()));

/// Returns `Ok(None)` if the variable is not set. A variable that is not Unicode is an error, so
/// that the development key is not used in its place.
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

/// Declares Django's cookies with the default values of its settings, which `README.md` lists.
fn with_declarations(layer: CookieLayer) -> Result<CookieLayer, CookieError> {
    let build = |name| Cookie::build(name).path("/").same_site(SameSite::Lax);
    let session = build("sessionid")
        .max_age(Duration::weeks(2))
        .http_only(true);
    Ok(layer
        .declare(session)?
        .declare(build("csrftoken").max_age(Duration::weeks(52)))?
        .declare(build("messages").http_only(true))?
        .deny_undeclared()
        .vary_on_cookie())
}

fn site() -> Result<Site, Box<dyn Error>> {
    let engine = match env_var("SESSION_ENGINE")?.as_deref() {
        None | Some("db") => Engine::Database,
        Some("signed_cookies") => Engine::SignedCookies,
        Some(other) => return Err(format!("SESSION_ENGINE is {other}").into()),
    };
    let path = match env::var_os("DATABASE") {
        Some(path) => PathBuf::from(path),
        None => env::temp_dir().join("beside_django.sqlite3"),
    };
    let database = Database::open(&path).map_err(|error| {
        format!(
            "start manage.py first, which creates {}: {error}",
            path.display()
        )
    })?;
    Ok(Site { database, engine })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args()
        .nth(1)
        .map_or(Ok(3004_u16), |port| port.parse())
        .map_err(|error| format!("invalid port: {error}"))?;
    let signing = signing_layer()?;
    let shop = basket::router(site()?).layer(with_declarations(signing.clone())?);
    let app = match env_var("COOKIE_VIEWS")? {
        Some(_) => shop.merge(cookies::router().layer(signing)),
        None => shop,
    };
    // `CsrfLayer` checks `Sec-Fetch-Site` and `Origin`. Django checks `Origin` and `Referer`.
    let app = app.layer(CsrfLayer::new());

    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/basket/", listener.local_addr()?);
    tokio::select! {
        result = axum::serve(listener, app) => result?,
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}
