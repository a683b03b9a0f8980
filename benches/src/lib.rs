//! The crate beside its peers: scenarios, each through every library's natural use in a handler.

pub mod libraries;
pub mod scenarios;

use std::cell::Cell;

use axum_core::body::Body;
use http::{Request, Response};

/// A service, called and polled to its end.
pub type Respond = Box<dyn FnMut(Request<()>) -> Response<Body>>;

thread_local! {
    static READ: Cell<usize> = const { Cell::new(0) };
}

/// What a handler does with a value: so that reading it can't be left out, and a test sees it.
pub fn read(value: &str) {
    count(value.len());
}

/// What a handler does with a number.
pub fn count(number: usize) {
    READ.with(|read| read.set(read.get() + number));
}

/// The sum of what handlers of this thread have read since the last call.
pub fn take_read() -> usize {
    READ.take()
}
