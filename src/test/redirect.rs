//! Redirects: finds the target URL, and builds the next request.

use std::mem;

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, PROXY_AUTHORIZATION, REFERER,
};
use http::{Extensions, HeaderMap, Method, Request, Response, StatusCode, Version};
use url::Url;

use super::address::{NOT_HTTP, hide_user_info, is_http, without_user_info};
use super::error::ClientError;

/// The parts of a request that a redirect keeps (Fetch, "HTTP-redirect fetch").
pub(super) struct Redirectable {
    method: Method,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
}

impl Redirectable {
    pub(super) fn new<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            extensions: request.extensions().clone(),
        }
    }

    /// Builds the request that follows a redirect with this status. The caller sets its URI.
    pub(super) fn into_request<B: Default>(
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
                location: without_user_info(to).into(),
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
            for private in [
                AUTHORIZATION,
                COOKIE,
                HOST,
                ORIGIN,
                PROXY_AUTHORIZATION,
                REFERER,
            ] {
                self.headers.remove(private);
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

/// Returns the URL to which the response redirects, or `None` if it does not redirect.
pub(super) fn location<B>(response: &Response<B>, url: &Url) -> Result<Option<Url>, ClientError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(LOCATION);
    let Some(location) = location.filter(|location| !location.is_empty()) else {
        return Ok(None);
    };
    let location = String::from_utf8_lossy(location.as_bytes());
    let invalid = |reason: String| ClientError::Location {
        location: hide_user_info(&location),
        reason,
    };
    let mut target = url
        .join(&location)
        .map_err(|reason| invalid(reason.to_string()))?;
    if target.fragment().is_none() {
        target.set_fragment(url.fragment());
    }
    if is_http(&target) {
        Ok(Some(target))
    } else {
        Err(invalid(NOT_HTTP.to_owned()))
    }
}
