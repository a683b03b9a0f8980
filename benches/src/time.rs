//! How long a call takes, by `cargo bench --bench time`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use benches::scenarios::{Case, cases};
use serde_json::Value;

use crate::net::Costs;

/// How often all of it is measured, since what disturbs a machine passes.
const ROUNDS: usize = 9;

/// The nanoseconds of a call, in each round.
pub(crate) fn of_all() -> Vec<Costs> {
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
        assert!(status.expect("cargo runs").success());
        cases()
            .into_iter()
            .map(|case| (case.key(), median(case)))
            .collect()
    };
    (1..=ROUNDS).map(round).collect()
}

/// As criterion wrote it down.
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
        .expect("nanoseconds")
}
