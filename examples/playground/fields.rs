//! The fields of the two forms, and the cookie that they say.

use axum::http::StatusCode;
use serde::Deserialize;
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, Expiration, SameSite};

use crate::answer::Problem;

pub(crate) const FLAGS: [(&str, bool); 2] = [("true", true), ("false", false)];
pub(crate) const SAME_SITES: [(&str, SameSite); 3] = [
    ("Lax", SameSite::Lax),
    ("Strict", SameSite::Strict),
    ("None", SameSite::None),
];

/// As they were typed; an empty one is not said. The delete form has some of them.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Fields {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) path: String,
    pub(crate) path_empty: bool,
    pub(crate) domain: String,
    pub(crate) domain_empty: bool,
    pub(crate) max_age: String,
    pub(crate) expires: String,
    pub(crate) secure: String,
    pub(crate) http_only: String,
    pub(crate) same_site: String,
    pub(crate) partitioned: String,
}

impl Fields {
    pub(crate) fn cookie(&self) -> Result<Cookie<'_>, Problem> {
        let mut cookie = Cookie::new(&*self.name, &*self.value);
        if let Some(path) = said("path", "Path", &self.path, self.path_empty)? {
            cookie.set_path(path);
        }
        if let Some(domain) = said("domain", "Domain", &self.domain, self.domain_empty)? {
            cookie.set_domain(domain);
        }
        if let Some(max_age) = seconds(&self.max_age)? {
            cookie.set_max_age(max_age);
        }
        if let Some(expires) = date(&self.expires)? {
            cookie.set_expires(expires);
        }
        cookie.set_secure(choice("secure", &self.secure, &FLAGS)?);
        cookie.set_http_only(choice("http-only", &self.http_only, &FLAGS)?);
        cookie.set_same_site(choice("same-site", &self.same_site, &SAME_SITES)?);
        cookie.set_partitioned(choice("partitioned", &self.partitioned, &FLAGS)?);
        Ok(cookie)
    }
}

fn unreadable(field: &'static str, message: String) -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        message,
        field: Some(field),
    }
}

fn said<'a>(
    field: &'static str,
    label: &str,
    text: &'a str,
    is_empty: bool,
) -> Result<Option<&'a str>, Problem> {
    match (text, is_empty) {
        ("", false) => Ok(None),
        (text, false) => Ok(Some(text)),
        ("", true) => Ok(Some("")),
        (text, true) => Err(unreadable(
            field,
            format!("{label} {text:?} is given, and to be left out; do one of them"),
        )),
    }
}

fn seconds(text: &str) -> Result<Option<Duration>, Problem> {
    match text.trim() {
        "" => Ok(None),
        number => match number.parse() {
            Ok(seconds) => Ok(Some(Duration::seconds(seconds))),
            Err(error) => Err(unreadable(
                "max-age",
                format!("Max-Age {text:?} is not a whole number of seconds: {error}"),
            )),
        },
    }
}

fn date(text: &str) -> Result<Option<OffsetDateTime>, Problem> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    // `Cookie::parse` passes over a date that it can't read, and ends one at a semicolon.
    let parsed = Cookie::parse(format!("k=v; Expires={text}"))
        .ok()
        .filter(|_| !text.contains(';'));
    match parsed.as_ref().and_then(Cookie::expires) {
        Some(Expiration::DateTime(date)) => Ok(Some(date)),
        _ => Err(unreadable(
            "expires",
            format!("Expires {text:?} is not a date; write it as in Fri, 31 Dec 2038 23:59:59 GMT"),
        )),
    }
}

fn choice<T: Copy>(
    field: &'static str,
    text: &str,
    choices: &[(&str, T)],
) -> Result<Option<T>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    match choices.iter().find(|(name, _)| *name == text) {
        Some(&(_, meant)) => Ok(Some(meant)),
        None => Err(unreadable(
            field,
            format!("{text:?} is not one of the choices"),
        )),
    }
}
