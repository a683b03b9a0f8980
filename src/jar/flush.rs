//! `Flush`: writes what is queued to the response, or discards it.

use std::fmt;
use std::mem;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue, SET_COOKIE, VARY};

use crate::events;
use crate::jar::state::RequestState;

/// Ends a request: writes the queued cookies to the response, or discards them when it is dropped.
pub(crate) struct Flush {
    state: Arc<RequestState>,
    /// Whether this closes the queue: only the outermost layer does, and only once.
    closes_queue: bool,
    vary_on_cookie: bool,
}

impl Flush {
    pub(crate) fn new(state: Arc<RequestState>, is_outermost: bool, vary_on_cookie: bool) -> Self {
        Self {
            state,
            closes_queue: is_outermost,
            vary_on_cookie,
        }
    }

    pub(crate) fn write_to(&mut self, headers: &mut HeaderMap) {
        if mem::take(&mut self.closes_queue) {
            for (kind, rendered) in self.state.close() {
                events::flushed(kind, &rendered);
                headers.append(SET_COOKIE, rendered.into_header_value());
            }
        }
        if self.vary_on_cookie && self.state.was_read() {
            vary_on_cookie(headers);
        }
    }

    pub(crate) fn discard(&mut self) {
        if mem::take(&mut self.closes_queue) {
            for (kind, rendered) in self.state.close() {
                events::discarded(kind, &rendered);
            }
        }
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.discard();
    }
}

impl fmt::Debug for Flush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flush").finish_non_exhaustive()
    }
}

/// Django's `patch_vary_headers`: one `Vary` header that lists `Cookie`, or `*` alone.
fn vary_on_cookie(headers: &mut HeaderMap) {
    let mut members: Vec<_> = headers
        .get_all(VARY)
        .iter()
        .flat_map(|header| header.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
        .collect();
    if members.contains(&&b"*"[..]) {
        members = vec![b"*"];
    } else if !members
        .iter()
        .any(|member| member.eq_ignore_ascii_case(b"Cookie"))
    {
        members.push(b"Cookie");
    }
    let vary = HeaderValue::try_from(members.join(&b", "[..]));
    headers.insert(
        VARY,
        vary.expect("parts of header values make a header value"),
    );
}
