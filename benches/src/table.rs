//! The table of the guide's page on performance, in Markdown.

use std::fs;

use benches::libraries::{LIBRARIES, Library, OURS};
use benches::scenarios::{SCENARIOS, Scenario, own_cases, peer_cases, read_and_set};
use benches::statistics::median;
use serde_json::Value;

use crate::net::{Costs, net};
use crate::program::stdout_of;
use crate::{allocations, django, instructions, time};

/// The costs of all cases minus those of the baseline.
struct Measurements {
    rounds: Vec<Costs>,
    instructions: Costs,
    allocations: Costs,
}

/// Measures everything, and prints it.
pub(crate) fn print() {
    let mut instructions = instructions::measure("own_instructions", own_cases());
    instructions.extend(instructions::measure("peer_instructions", peer_cases()));
    let measurements = Measurements {
        rounds: time::measure_rounds().iter().map(net).collect(),
        instructions: net(&instructions),
        allocations: net(&allocations::measure_all()),
    };

    println!("{}", machine());
    println!("{}\n", versions());
    print!("| scenario | request | nanoseconds | instructions | allocations |");
    LIBRARIES[1..]
        .iter()
        .for_each(|peer| print!(" {} |", peer.name));
    println!();
    println!("|---|---|{}", "--:|".repeat(2 + LIBRARIES.len()));
    for scenario in SCENARIOS {
        println!("{}", measurements.row(scenario));
    }
    println!(
        "\n{}",
        django::comparison(measurements.nanoseconds(read_and_set().name))
    );
}

impl Measurements {
    fn nanoseconds(&self, scenario: &'static str) -> f64 {
        median(
            self.rounds
                .iter()
                .map(|round| round[&(scenario, OURS.name)]),
        )
    }

    fn row(&self, scenario: &Scenario) -> String {
        let key = (scenario.name, OURS.name);
        let ours = [
            scenario.name.to_owned(),
            scenario.request_text(),
            format!("{:.0}", self.nanoseconds(scenario.name)),
            format!("{:.0}", self.instructions[&key]),
            format!("{:.0}", self.allocations[&key]),
        ];
        let peers = LIBRARIES[1..].iter().map(|peer| self.cell(scenario, peer));
        let cells: Vec<_> = ours.into_iter().chain(peers).collect();
        format!("| {} |", cells.join(" | "))
    }

    /// The peer's time and instructions as multiples of this crate's, and the peer's allocations.
    fn cell(&self, scenario: &Scenario, peer: &Library) -> String {
        let (key, ours) = ((scenario.name, peer.name), (scenario.name, OURS.name));
        let Some(allocations) = self.allocations.get(&key) else {
            return "–".to_owned();
        };
        format!(
            "{:.1} · {:.1} · {allocations:.0}",
            median(self.rounds.iter().map(|round| round[&key] / round[&ours])),
            self.instructions[&key] / self.instructions[&ours],
        )
    }
}

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<_> = cpus
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, model)| model)
        .collect();
    let rustc = stdout_of("rustc", &["--version"]);
    let model = models.first().copied().unwrap_or("an unknown processor");
    format!("{} × {model}, {}", models.len(), rustc.trim())
}

fn versions() -> String {
    let metadata = stdout_of(env!("CARGO"), &["metadata", "--format-version=1"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let version = |name: &str| {
        // A dependency may bring an older version too.
        let same_name = packages.iter().filter(|package| package["name"] == name);
        let newest = same_name
            .filter_map(|package| package["version"].as_str())
            .max()?;
        Some(format!("{name} {newest}"))
    };
    let names = LIBRARIES.iter().map(|library| library.name);
    names.filter_map(version).collect::<Vec<_>>().join(", ")
}
