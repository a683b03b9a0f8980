//! `Flush`: writes the queued cookies to the response, or discards them.

use std::fmt;
use std::mem;

use http::header::{HeaderMap, SET_COOKIE};

use crate::config::Config;
use crate::events::EndEvent;
use crate::jar::caching;
use crate::jar::queue::QueuedOperation;
use crate::jar::state::RequestState;
use crate::jar::sync::{Arc, Ordering, fence};

/// Writes the queued cookies to the response of a request, from
/// [`CookieLayer::open`](crate::CookieLayer::open).
///
/// If it is dropped instead, the queued cookies are discarded, as if the request had failed. Then, and
/// after [`write_to`](Self::write_to), a `set` or `delete` returns
/// [`CookieError::ResponseStarted`](crate::CookieError::ResponseStarted).
#[must_use = "without `write_to`, the queued cookies are discarded"]
pub struct Flush {
    state: Arc<RequestState>,
    /// Is `true` in the outermost layer, until it has closed the queue.
    closes_queue: bool,
    vary_on_cookie: bool,
    cache_control_private: bool,
}

impl Flush {
    // Inlined, as is `CookieJar::flush`, so that the future is built in place.
    #[inline]
    pub(crate) fn new(state: Arc<RequestState>, is_outermost: bool, config: &Config) -> Self {
        Self {
            state,
            closes_queue: is_outermost,
            vary_on_cookie: config.vary_on_cookie,
            cache_control_private: config.cache_control_private,
        }
    }

    /// Appends the queued cookies to the response headers, and adds the headers for caches that the
    /// layer is configured for.
    ///
    /// A header that does not fit into a full [`HeaderMap`] is left out. With the feature `tracing`, an
    /// event reports it.
    ///
    /// See [`CookieLayer::open`](crate::CookieLayer::open) for an example.
    pub fn write_to(mut self, headers: &mut HeaderMap) {
        self.write(headers);
    }

    pub(crate) fn write(&mut self, headers: &mut HeaderMap) {
        let operations = if mem::take(&mut self.closes_queue) {
            self.close()
        } else {
            Vec::new()
        };
        // The headers for caches come first: without them, cookies would not be safe to send.
        let was_written = self.state.was_written();
        if self.vary_on_cookie && (was_written || self.state.was_read()) {
            caching::vary_on_cookie(headers);
        }
        if self.cache_control_private && (was_written || headers.contains_key(SET_COOKIE)) {
            caching::cache_control_private(headers);
        }
        for operation in operations {
            let event = EndEvent::new(operation.kind, &operation.rendered);
            match headers.try_append(SET_COOKIE, operation.rendered.into_header_value()) {
                Ok(_) => event.flushed(),
                Err(_) => event.discarded(),
            }
        }
    }

    /// Returns the queued operations, and refuses further ones.
    fn close(&mut self) -> Vec<QueuedOperation> {
        // Most handlers have dropped their jars. Then the queue needs no lock, which takes 6 ns.
        if self.is_unused() {
            return Vec::new();
        }
        match Arc::get_mut(&mut self.state) {
            Some(state) => state.queue_mut().close(),
            None => self.state.queue().close(),
        }
    }

    /// Returns `true` if nothing was queued, and no jar is left that could queue something.
    fn is_unused(&self) -> bool {
        let is_unique = Arc::strong_count(&self.state) == 1;
        // Makes visible what other threads wrote before they dropped their jars, as `Arc::get_mut` does.
        fence(Ordering::Acquire);
        is_unique && !self.state.was_written()
    }

    pub(crate) fn discard(&mut self) {
        if mem::take(&mut self.closes_queue) {
            for operation in self.close() {
                EndEvent::new(operation.kind, &operation.rendered).discarded();
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
