//! What this crate may cost in instructions: `benches/instructions.json`.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use benches::libraries::OURS;
use benches::scenarios::{SCENARIOS, of_ours};

use crate::instructions;
use crate::net::{Costs, net};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");

/// What compilers and other versions of dependencies may add: a share, and a number.
const SLACK: (f64, f64) = (0.04, 40.0);

fn measured() -> Costs {
    net(&instructions::of("instructions_of_ours", of_ours()))
}

/// Whether no scenario takes more instructions than it may.
pub(crate) fn check() -> ExitCode {
    let committed = fs::read(FILE).expect("the thresholds");
    let committed: BTreeMap<String, f64> = serde_json::from_slice(&committed).expect("JSON");
    let costs = measured();
    let mut worse = 0;
    println!("{:24}{:>12}{:>12}", "instructions, net", "committed", "now");
    for scenario in SCENARIOS {
        let now = costs[&(scenario.name, OURS.name)];
        let then = committed.get(scenario.name).copied().unwrap_or_default();
        let is_worse = now > then * (1.0 + SLACK.0) + SLACK.1;
        worse += usize::from(is_worse);
        let mark = if is_worse { "  WORSE" } else { "" };
        println!("{:24}{then:>12.0}{now:>12.0}{mark}", scenario.name);
    }
    if worse == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "{worse} scenarios take more instructions than committed; if that is meant: \
         cargo run --release --package benches -- --renew"
    );
    ExitCode::FAILURE
}

/// Writes down what is measured now.
pub(crate) fn renew() {
    let costs = measured();
    let now: BTreeMap<_, _> = SCENARIOS
        .iter()
        .map(|scenario| (scenario.name, costs[&(scenario.name, OURS.name)].round()))
        .collect();
    let text = serde_json::to_string_pretty(&now).expect("JSON") + "\n";
    fs::write(FILE, text).expect("the thresholds can be written");
}
