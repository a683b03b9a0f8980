//! The limits for the instructions of this crate, which are in `benches/instructions.json`.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use benches::libraries::OURS;
use benches::scenarios::{SCENARIOS, own_cases};

use crate::instructions;
use crate::net::{Costs, net};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");

/// Other versions of the compiler or of dependencies may add this share and this number.
const TOLERANCE: (f64, f64) = (0.04, 40.0);

fn measure() -> Costs {
    net(&instructions::measure("own_instructions", own_cases()))
}

/// Fails if a scenario takes more instructions than committed.
pub(crate) fn check() -> ExitCode {
    let committed = fs::read(FILE).expect("the file with the limits");
    let committed: BTreeMap<String, f64> = serde_json::from_slice(&committed).expect("JSON");
    let costs = measure();
    let mut worse = 0;
    println!(
        "{:24}{:>12}{:>12}",
        "net instructions", "committed", "measured"
    );
    for scenario in SCENARIOS {
        let measured = costs[&(scenario.name, OURS.name)];
        let limit = committed.get(scenario.name).copied().unwrap_or_default();
        let is_worse = measured > limit * (1.0 + TOLERANCE.0) + TOLERANCE.1;
        worse += usize::from(is_worse);
        let mark = if is_worse { "  WORSE" } else { "" };
        println!("{:24}{limit:>12.0}{measured:>12.0}{mark}", scenario.name);
    }
    if worse == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "{worse} scenarios take more instructions than committed; if this is intended, run \
         cargo run --release --package benches -- --renew"
    );
    ExitCode::FAILURE
}

/// Replaces the limits by the numbers of a new measurement.
pub(crate) fn renew() {
    let costs = measure();
    let limits: BTreeMap<_, _> = SCENARIOS
        .iter()
        .map(|scenario| (scenario.name, costs[&(scenario.name, OURS.name)].round()))
        .collect();
    let text = serde_json::to_string_pretty(&limits).expect("JSON") + "\n";
    fs::write(FILE, text).expect("the file with the limits can be written");
}
