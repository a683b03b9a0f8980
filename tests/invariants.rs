//! The invariants of `tests/fuzzed`, for random bytes and for the bytes that the fuzzer found.
#![cfg(all(
    feature = "csrf",
    feature = "messages",
    feature = "private",
    feature = "sessions",
    feature = "test-util"
))]

mod fuzzed;
mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use support::from_hex;

/// Makes a test for each fuzz target, and one for the saved bytes of all targets.
macro_rules! targets {
    ($($target:ident => $test:ident,)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(1000))]

            $(
                #[test]
                fn $test(bytes in vec(any::<u8>(), 0..300)) {
                    fuzzed::$target::check(&bytes);
                }
            )*
        }

        #[test]
        fn saved_bytes_of_the_fuzzer_satisfy_the_invariants() {
            let mut count = 0;
            for line in include_str!("fuzzed/corpus.txt").lines() {
                let (target, bytes) = line.split_once(' ').expect("a target and bytes");
                let check = match target {
                    $(stringify!($target) => fuzzed::$target::check,)*
                    other => panic!("no target {other}"),
                };
                check(&from_hex(bytes));
                count += 1;
            }
            assert!(count > 100, "only {count} lines");
        }
    };
}

targets! {
    parse => cookie_headers_of_any_bytes_are_read_as_in_django,
    set => set_and_delete_send_the_given_attributes_or_return_an_error,
    round_trip => values_survive_the_round_trip_through_a_client,
    signing => signed_text_is_accepted_and_other_text_is_rejected,
    sessions => sessions_of_any_json_are_read_and_written_unchanged,
    messages => messages_and_tokens_of_any_text_are_read,
    client => client_sends_cookies_only_within_their_scope,
}
