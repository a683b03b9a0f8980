//! Invariants that hold for any bytes. `fuzz/` searches for bytes that break them.

#![allow(dead_code, reason = "each user needs only some of it")]

pub(crate) mod client;
pub(crate) mod input;
pub(crate) mod messages;
pub(crate) mod parse;
pub(crate) mod round_trip;
pub(crate) mod sessions;
pub(crate) mod set;
pub(crate) mod signing;
pub(crate) mod unstructured;
