//! What `fuzz/` looks for bytes against, held for chance ones and for those that it found.
#![cfg(all(feature = "dumps", feature = "private", feature = "test-util"))]

mod fuzzed;
mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use support::from_hex;

/// A test for each target.
macro_rules! targets {
    ($($target:ident)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(1000))]

            $(
                #[test]
                fn $target(bytes in vec(any::<u8>(), 0..300)) {
                    fuzzed::$target::check(&bytes);
                }
            )*
        }

        #[test]
        fn what_the_fuzzer_found_holds() {
            let mut found = 0;
            for line in include_str!("fuzzed/corpus.txt").lines() {
                let (target, bytes) = line.split_once(' ').expect("a target and bytes");
                let check = match target {
                    $(stringify!($target) => fuzzed::$target::check,)*
                    other => panic!("no target {other}"),
                };
                check(&from_hex(bytes));
                found += 1;
            }
            assert!(found > 100, "{found} are found");
        }
    };
}

targets! { parse set round_trip signing client }
