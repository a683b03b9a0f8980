//! Handlers that read and write any cookie, like the views in `cookie_views.py`.
//!
//! They are for tests only: they sign any value, so everybody who can reach them can log in as any
//! user. The environment variable `COOKIE_VIEWS` enables them.

use std::fmt::Write;

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use serde::Deserialize;
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieError, CookieJar};

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
