//! Where a redirect leads, and with which request.

use std::mem;

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, COOKIE, HOST, LOCATION,
};
use http::{Extensions, HeaderMap, Method, Request, Response, StatusCode, Version};
use url::Url;

use super::address::{NOT_HTTP, is_http};
use super::error::ClientError;

/// What of a request a redirect needs (Fetch, "HTTP-redirect fetch").
pub(super) struct Next {
    method: Method,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
}

impl Next {
    pub(super) fn after<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            extensions: request.extensions().clone(),
        }
    }

    pub(super) fn request<B: Default>(
        mut self,
        status: StatusCode,
        from: &Url,
        to: &Url,
    ) -> Result<Request<B>, ClientError> {
        let becomes_get = match status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
        } else if !matches!(self.method, Method::GET | Method::HEAD) {
            return Err(ClientError::RedirectNeedsBody {
                status,
                location: to.to_string(),
            });
        }
        for content in [
            CONTENT_ENCODING,
            CONTENT_LANGUAGE,
            CONTENT_LENGTH,
            CONTENT_LOCATION,
            CONTENT_TYPE,
        ] {
            self.headers.remove(content);
        }
        if from.origin() != to.origin() {
            for credential in [AUTHORIZATION, COOKIE, HOST] {
                self.headers.remove(credential);
            }
        }
        let mut request = Request::new(B::default());
        *request.method_mut() = mem::take(&mut self.method);
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers;
        *request.extensions_mut() = self.extensions;
        Ok(request)
    }
}

/// Where a redirect leads.
pub(super) fn location<B>(answer: &Response<B>, url: &Url) -> Result<Option<Url>, ClientError> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = answer.headers().get(LOCATION);
    let Some(location) = location.filter(|location| !location.is_empty()) else {
        return Ok(None);
    };
    let location = String::from_utf8_lossy(location.as_bytes());
    let nowhere = |reason: String| ClientError::Location {
        location: location.to_string(),
        reason,
    };
    let mut target = url
        .join(&location)
        .map_err(|reason| nowhere(reason.to_string()))?;
    if target.fragment().is_none() {
        target.set_fragment(url.fragment());
    }
    if is_http(&target) {
        Ok(Some(target))
    } else {
        Err(nowhere(NOT_HTTP.to_owned()))
    }
}
