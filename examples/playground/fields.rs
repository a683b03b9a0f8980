//! The fields of the two forms, and their conversion to a cookie.

use axum::http::StatusCode;
use serde::Deserialize;
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, Expiration, SameSite};

use crate::outcome::Problem;

pub(crate) const FLAGS: [(&str, bool); 2] = [("true", true), ("false", false)];
pub(crate) const SAME_SITES: [(&str, SameSite); 3] = [
    ("Lax", SameSite::Lax),
    ("Strict", SameSite::Strict),
    ("None", SameSite::None),
];

/// The form fields as the visitor typed them. If a field is empty, its attribute is unset. The
/// delete form has only some of the fields.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Fields {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) path: String,
    pub(crate) path_empty: bool,
    pub(crate) domain: String,
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
        if let Some(path) = self.path()? {
            cookie.set_path(path);
        }
        if !self.domain.is_empty() {
            cookie.set_domain(&*self.domain);
        }
        if let Some(max_age) = parse_seconds(&self.max_age)? {
            cookie.set_max_age(max_age);
        }
        if let Some(expires) = parse_date(&self.expires)? {
            cookie.set_expires(expires);
        }
        cookie.set_secure(parse_choice("secure", &self.secure, &FLAGS)?);
        cookie.set_http_only(parse_choice("http-only", &self.http_only, &FLAGS)?);
        cookie.set_same_site(parse_choice("same-site", &self.same_site, &SAME_SITES)?);
        cookie.set_partitioned(parse_choice("partitioned", &self.partitioned, &FLAGS)?);
        Ok(cookie)
    }

    /// An empty Path is written as no Path at all.
    fn path(&self) -> Result<Option<&str>, Problem> {
        match (&*self.path, self.path_empty) {
            ("", false) => Ok(None),
            (path, true) if !path.is_empty() => Err(field_problem(
                "path",
                format!(
                    "Path {path:?} is set, but \"Send no Path\" is checked; choose one of them"
                ),
            )),
            (path, _) => Ok(Some(path)),
        }
    }
}

fn field_problem(field: &'static str, message: String) -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        message,
        field: Some(field),
        mismatch: None,
    }
}

fn parse_seconds(text: &str) -> Result<Option<Duration>, Problem> {
    match text.trim() {
        "" => Ok(None),
        number => match number.parse() {
            Ok(seconds) => Ok(Some(Duration::seconds(seconds))),
            Err(error) => Err(field_problem(
                "max-age",
                format!("Max-Age {text:?} is not a whole number of seconds: {error}"),
            )),
        },
    }
}

fn parse_date(text: &str) -> Result<Option<OffsetDateTime>, Problem> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    // `Cookie::parse` ignores an invalid date, and a semicolon ends the attribute.
    let parsed = Cookie::parse(format!("k=v; Expires={text}"))
        .ok()
        .filter(|_| !text.contains(';'));
    match parsed.as_ref().and_then(Cookie::expires) {
        Some(Expiration::DateTime(date)) => Ok(Some(date)),
        _ => Err(field_problem(
            "expires",
            format!("Expires {text:?} is not a date; use the format Fri, 31 Dec 2038 23:59:59 GMT"),
        )),
    }
}

fn parse_choice<T: Copy>(
    field: &'static str,
    text: &str,
    choices: &[(&str, T)],
) -> Result<Option<T>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    match choices.iter().find(|(name, _)| *name == text) {
        Some(&(_, value)) => Ok(Some(value)),
        None => Err(field_problem(
            field,
            format!("{text:?} is not one of the options"),
        )),
    }
}
