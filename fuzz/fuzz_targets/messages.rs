//! Fuzzes messages and CSRF tokens: see `tests/fuzzed/messages.rs`.
#![no_main]

#[path = "../../tests/fuzzed/mod.rs"]
mod fuzzed;
#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzed::messages::check(bytes));
