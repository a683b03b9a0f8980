//! `Cookie` fields of any bytes: see `tests/fuzzed/parse.rs`. Here their reading is timed too, which no
//! test may be: `tests/linear.rs` counts instructions for the fields that were found slow.
#![no_main]

#[path = "../../tests/fuzzed/mod.rs"]
mod fuzzed;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use fuzzed::parse::{field, read_all, stretched};

/// How long a field is stretched to be, and how many times as long as another.
const STRETCHED: usize = 64 * 1024;
const SHORTER: u32 = 8;

/// Shorter times say nothing.
const FLOOR: Duration = Duration::from_millis(5);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzzed::parse::check(bytes);
    // Once in a while, as it takes long.
    let hash = |hash: u32, &byte: &u8| hash.wrapping_mul(31).wrapping_add(byte.into());
    if bytes.iter().fold(0, hash) % 4096 == 459 {
        linear(&bytes[..bytes.len().min(8)]);
    }
});

/// A field that is eight times as long takes about eight times as long to read.
fn linear(bytes: &[u8]) {
    let field = field(bytes);
    for is_numbered in [false, true] {
        let long = stretched(&field, is_numbered, STRETCHED);
        let short = stretched(&field, is_numbered, STRETCHED / SHORTER as usize);
        // The short one as often as makes as much work, so that other work on the machine slows both
        // alike; of some tries the fastest.
        let mut fastest = [Duration::MAX; 2];
        let is_linear = (0..20).any(|_| {
            let shorts = (0..SHORTER).map(|_| time(&short)).sum();
            fastest[0] = fastest[0].min(time(&long));
            fastest[1] = fastest[1].min(shorts);
            fastest[0] < fastest[1] * 3 + FLOOR
        });
        assert!(is_linear, "{field:?}, {is_numbered}: {fastest:?}");
    }
}

fn time(field: &[u8]) -> Duration {
    let begun = Instant::now();
    read_all(field);
    begun.elapsed()
}
