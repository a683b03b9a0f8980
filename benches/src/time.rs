//! The time of a call, measured by `cargo bench --bench time`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use benches::scenarios::{Case, all_cases};
use serde_json::Value;

use crate::net::Costs;

/// Everything is measured this many times, because other work on the machine may slow down one round.
const ROUNDS: usize = 9;

/// The nanoseconds of a call of each case, in each round.
pub(crate) fn measure_rounds() -> Vec<Costs> {
    let round = |round| {
        eprintln!("time, round {round} of {ROUNDS}");
        let status = Command::new(env!("CARGO"))
            .args([
                "bench",
                "--quiet",
                "--package",
                "benches",
                "--bench",
                "time",
                "--",
            ])
            .args(["--noplot", "--sample-size=20"])
            .args(["--warm-up-time=0.05", "--measurement-time=0.15"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(
            status.expect("cargo starts").success(),
            "the benchmark failed"
        );
        all_cases()
            .into_iter()
            .map(|case| (case.key(), median(case)))
            .collect()
    };
    (1..=ROUNDS).map(round).collect()
}

/// The median that criterion has written to its file.
fn median(Case { scenario, library }: Case) -> f64 {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/criterion")
        .join(scenario.name)
        .join(library.name)
        .join("new/estimates.json");
    let estimates = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let estimates: Value = serde_json::from_slice(&estimates).expect("JSON");
    estimates["median"]["point_estimate"]
        .as_f64()
        .expect("a number of nanoseconds")
}
