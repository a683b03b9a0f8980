//! `Cookie` headers of any bytes are read: see `tests/fuzzed/parse.rs`.
//!
//! The time of reading is measured here as well. A test cannot do this reliably, so
//! `tests/linear.rs` counts instructions, for the headers that were found to be slow.
#![no_main]

#[path = "../../tests/fuzzed/mod.rs"]
mod fuzzed;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use fuzzed::parse::{header_bytes, read_all, repeated};

/// The length of the long header, in bytes.
const LONG: usize = 64 * 1024;

/// The long header is this many times as long as the short one.
const RATIO: u32 = 8;

/// Shorter times are too inexact to compare.
const MIN_TIME: Duration = Duration::from_millis(5);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzzed::parse::check(bytes);
    // Only for a few inputs, because it takes long.
    let hash = |hash: u32, &byte: &u8| hash.wrapping_mul(31).wrapping_add(byte.into());
    if bytes.iter().fold(0, hash) % 4096 == 459 {
        check_linear_time(&bytes[..bytes.len().min(8)]);
    }
});

/// Checks that a header of eight times the length takes about eight times as long to read.
fn check_linear_time(bytes: &[u8]) {
    let header = header_bytes(bytes);
    for is_numbered in [false, true] {
        let long = repeated(&header, is_numbered, LONG);
        let short = repeated(&header, is_numbered, LONG / RATIO as usize);
        // The short header is read `RATIO` times, so that both measurements take about equally
        // long, and other load on the machine slows both alike. The fastest of several tries
        // counts.
        let mut fastest = [Duration::MAX; 2];
        let is_linear = (0..20).any(|_| {
            let shorts = (0..RATIO).map(|_| time(&short)).sum();
            fastest[0] = fastest[0].min(time(&long));
            fastest[1] = fastest[1].min(shorts);
            fastest[0] < fastest[1] * 3 + MIN_TIME
        });
        assert!(is_linear, "{header:?}, {is_numbered}: {fastest:?}");
    }
}

fn time(header: &[u8]) -> Duration {
    let start = Instant::now();
    read_all(header);
    start.elapsed()
}
