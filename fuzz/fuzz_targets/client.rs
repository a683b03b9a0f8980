//! `test::Client` receives `Set-Cookie` headers of any bytes: see `tests/fuzzed/client.rs`.
#![no_main]

#[path = "../../tests/fuzzed/mod.rs"]
mod fuzzed;
#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzed::client::check(bytes));
