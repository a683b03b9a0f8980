//! The URLs that a client can request.

use std::fmt;

use url::Url;

use super::error::ClientError;

pub(super) fn parse(url: &str) -> Result<Url, ClientError> {
    let parsed = Url::parse(url).map_err(|reason| invalid_url(url, reason))?;
    if is_http(&parsed) {
        Ok(parsed)
    } else {
        Err(invalid_url(url, NOT_HTTP))
    }
}

pub(super) fn invalid_url(url: &str, reason: impl fmt::Display) -> ClientError {
    ClientError::Url {
        url: url.to_owned(),
        reason: reason.to_string(),
    }
}

pub(super) const NOT_HTTP: &str = "its scheme is neither http nor https";

pub(super) fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}
