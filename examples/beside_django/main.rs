//! Takes over one path, /basket/, of a Django site whose login stays in Django: axum.
//!
//! `cargo run --example beside_django --features signed [PORT]`, and the site itself, of which
//! `manage.py` beside this file is the whole:
//!
//! `python3 examples/beside_django/manage.py runserver 127.0.0.1:8000`
//!
//! Both take `SECRET_KEY` and `SECRET_KEY_FALLBACKS` (several with commas between) from the
//! environment. `DJANGO_URL` is where the site listens, or empty if a proxy puts both on one port.

use std::env::{self, VarError};
use std::fmt::Write;
use std::sync::LazyLock;
use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::net::TcpListener;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite, time};

const DEVELOPMENT_KEY: &str = "for development only: everybody knows it";
const SHELF: [&str; 3] = ["cocoa", "coffee", "tea"];
const TWO_WEEKS: Duration = Duration::from_secs(14 * 24 * 60 * 60);

static DJANGO_URL: LazyLock<String> =
    LazyLock::new(|| env::var("DJANGO_URL").unwrap_or_else(|_| "http://127.0.0.1:8000".into()));

/// `Err` if it isn't Unicode: no key is better than the development key by mistake.
fn variable(name: &str) -> Result<Option<String>, VarError> {
    match env::var(name) {
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Signs and reads as the Django site with the same environment.
fn signing() -> Result<CookieLayer, VarError> {
    let key = variable("SECRET_KEY")?.unwrap_or_else(|| {
        eprintln!("SECRET_KEY is not set: signing with the development key, which everybody knows");
        DEVELOPMENT_KEY.into()
    });
    let fallbacks = variable("SECRET_KEY_FALLBACKS")?.unwrap_or_default();
    let fallbacks = fallbacks.split(',').filter(|key| !key.is_empty());
    Ok(CookieLayer::new()
        .secret_key(key)
        .secret_key_fallbacks(fallbacks))
}

/// The cookies of /basket/, with the scopes and attributes that Django's views give them.
fn declared(signing: CookieLayer) -> Result<CookieLayer, CookieError> {
    let as_django_sets = |name| {
        Cookie::build(name)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
    };
    let two_weeks = time::Duration::weeks(2);
    Ok(signing
        .declare(as_django_sets("user").max_age(two_weeks))?
        .declare(as_django_sets("basket").max_age(two_weeks))?
        .deny_undeclared())
}

/// Who logged in at Django: `response.set_signed_cookie("user", user, salt="login", …)`.
fn user(jar: &CookieJar) -> Result<String, CookieError> {
    jar.signed().salt("login").max_age(TWO_WEEKS).get("user")
}

/// What is in the basket, with commas between: `get_signed_cookie("basket", default="", …)`.
fn basket(jar: &CookieJar) -> Result<String, CookieError> {
    match jar.signed().salt("basket").max_age(TWO_WEEKS).get("basket") {
        Err(error) if is_refused(&error) => Ok(String::new()),
        basket => basket,
    }
}

/// Whether a cookie is missing, forged or too old. It is the same to a page that can go without:
/// such a cookie comes with each request until it is set anew.
fn is_refused(error: &CookieError) -> bool {
    error.status() == StatusCode::BAD_REQUEST
}

/// For text between tags. A signature says who wrote a value, not that it is fit for HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

async fn show(jar: CookieJar) -> Result<Response, CookieError> {
    let user = match user(&jar) {
        Err(error) if is_refused(&error) => {
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
    for item in SHELF {
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
struct Added {
    item: String,
}

async fn add(jar: CookieJar, Query(Added { item }): Query<Added>) -> Result<Response, CookieError> {
    // `SameSite=Lax` keeps the user out of requests that other sites' forms post.
    user(&jar)?;
    if !SHELF.contains(&&*item) {
        return Ok((StatusCode::NOT_FOUND, "not on the shelf").into_response());
    }
    let basket = basket(&jar)?;
    let mut goods: Vec<&str> = basket.split_terminator(", ").collect();
    // Once each, for a cookie holds no more than 4096 bytes.
    if !goods.contains(&&*item) {
        goods.push(&item);
    }
    jar.signed()
        .salt("basket")
        .set(("basket", goods.join(", ")))?;
    Ok(Redirect::to("/basket/").into_response())
}

async fn empty(jar: CookieJar) -> Result<Redirect, CookieError> {
    user(&jar)?;
    jar.delete("basket")?;
    Ok(Redirect::to("/basket/"))
}

/// Any cookie read and written, as in `manage.py`. For trying out, not for copying: it signs what
/// it is asked to, so that who reaches it can log in as anybody. Served where `COOKIE_VIEWS` is set.
mod cookies {
    use super::{
        Cookie, CookieError, CookieJar, Deserialize, Duration, Query, Router, Write, get, time,
    };

    /// The query: the arguments of Django's `set_cookie` and the others, as far as they are said.
    #[derive(Deserialize)]
    struct Asked {
        name: String,
        #[serde(default)]
        value: String,
        #[serde(default)]
        salt: String,
        max_age: Option<u32>,
        path: Option<String>,
    }

    impl Asked {
        fn cookie(&self) -> Cookie<'_> {
            let mut cookie = Cookie::new(&*self.name, &*self.value);
            if let Some(seconds) = self.max_age {
                cookie.set_max_age(time::Duration::seconds(seconds.into()));
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

    async fn read(jar: CookieJar, Query(asked): Query<Asked>) -> Result<String, CookieError> {
        jar.require(&asked.name).map(str::to_owned)
    }

    async fn read_signed(
        jar: CookieJar,
        Query(asked): Query<Asked>,
    ) -> Result<String, CookieError> {
        let mut signed = jar.signed().salt(asked.salt);
        if let Some(seconds) = asked.max_age {
            signed = signed.max_age(Duration::from_secs(seconds.into()));
        }
        signed.get(&asked.name)
    }

    async fn set(jar: CookieJar, Query(asked): Query<Asked>) -> Result<&'static str, CookieError> {
        jar.set(asked.cookie())?;
        Ok("set\n")
    }

    async fn set_signed(
        jar: CookieJar,
        Query(asked): Query<Asked>,
    ) -> Result<&'static str, CookieError> {
        jar.signed().salt(&*asked.salt).set(asked.cookie())?;
        Ok("set\n")
    }

    async fn delete(
        jar: CookieJar,
        Query(asked): Query<Asked>,
    ) -> Result<&'static str, CookieError> {
        jar.delete(asked.cookie())?;
        Ok("deleted\n")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let signing = signing()?;
    let shop = Router::new()
        .route("/basket/", get(show))
        .route("/basket/add", post(add))
        .route("/basket/empty", post(empty))
        .layer(declared(signing.clone())?);
    let app = match variable("COOKIE_VIEWS")? {
        Some(_) => shop.merge(cookies::router().layer(signing)),
        None => shop,
    };

    let port = env::args()
        .nth(1)
        .map_or(Ok(3004_u16), |port| port.parse())
        .map_err(|error| format!("the argument is a port: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/basket/", listener.local_addr()?);
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}
