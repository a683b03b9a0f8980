//! What holds whatever the bytes: `fuzz/` looks for those that prove it wrong.

#![allow(dead_code, reason = "not every user needs all of it")]

pub(crate) mod chance;
pub(crate) mod client;
pub(crate) mod parse;
pub(crate) mod round_trip;
pub(crate) mod said;
pub(crate) mod set;
pub(crate) mod signing;
