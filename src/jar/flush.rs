//! `Flush`: writes what is queued to the response, or discards it.

use std::fmt;
use std::mem;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue, SET_COOKIE, VARY};

use crate::events;
use crate::jar::state::Shared;

/// A request's end: closes the queue when it is dropped, whatever happened.
pub(crate) struct Flush {
    shared: Arc<Shared>,
    /// Whether it closes the queue, and hasn't yet: a nested layer leaves that to the outermost.
    is_to_close: bool,
    varies_on_cookie: bool,
}

impl Flush {
    pub(crate) fn new(shared: Arc<Shared>, is_outermost: bool, varies_on_cookie: bool) -> Self {
        Self {
            shared,
            is_to_close: is_outermost,
            varies_on_cookie,
        }
    }

    pub(crate) fn write_to(&mut self, headers: &mut HeaderMap) {
        if mem::take(&mut self.is_to_close) {
            for (kind, field) in self.shared.close() {
                events::ended("flushed", kind, &field);
                headers.append(SET_COOKIE, field.into_field());
            }
        }
        if self.varies_on_cookie && self.shared.was_read() {
            vary_on_cookie(headers);
        }
    }

    pub(crate) fn close(&mut self) {
        if mem::take(&mut self.is_to_close) {
            for (kind, field) in self.shared.close() {
                events::ended("discarded", kind, &field);
            }
        }
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Flush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flush").finish_non_exhaustive()
    }
}

/// Django's `patch_vary_headers`: one field with `Cookie` among its members, or `*` alone.
fn vary_on_cookie(headers: &mut HeaderMap) {
    let mut members: Vec<_> = headers
        .get_all(VARY)
        .iter()
        .flat_map(|field| field.as_bytes().split(|&byte| byte == b','))
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
    headers.insert(VARY, vary.expect("members of fields make a field"));
}
