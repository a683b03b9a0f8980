//! The table of the README, in Markdown.

use std::fs;
use std::process::Command;

use benches::libraries::{LIBRARIES, Library, OURS};
use benches::scenarios::{SCENARIOS, Scenario, of_ours, of_peers};
use serde_json::Value;

use crate::net::{Costs, net};
use crate::{allocations, django, instructions, time};

/// Net of the bare service.
struct Measured {
    rounds: Vec<Costs>,
    instructions: Costs,
    allocations: Costs,
}

/// Measures all, and prints it.
pub(crate) fn print() {
    let mut instructions = instructions::of("instructions_of_ours", of_ours());
    instructions.extend(instructions::of("instructions_of_peers", of_peers()));
    let measured = Measured {
        rounds: time::of_all().iter().map(net).collect(),
        instructions: net(&instructions),
        allocations: net(&allocations::of_all()),
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
        println!("{}", measured.row(scenario));
    }
    println!(
        "\n{}",
        django::line(measured.nanoseconds("read-and-set-10"))
    );
}

impl Measured {
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

    /// Times this crate's nanoseconds, times its instructions, and the allocations.
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

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<_> = cpus
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, model)| model)
        .collect();
    let rustc = said("rustc", &["--version"]);
    let model = models.first().copied().unwrap_or("an unknown processor");
    format!("{} × {model}, {}", models.len(), rustc.trim())
}

fn versions() -> String {
    let metadata = said(env!("CARGO"), &["metadata", "--format-version=1"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let version = |name: &str| {
        // Others may bring an older one.
        let of_name = packages.iter().filter(|package| package["name"] == name);
        let newest = of_name
            .filter_map(|package| package["version"].as_str())
            .max()?;
        Some(format!("{name} {newest}"))
    };
    let names = LIBRARIES.iter().map(|library| library.name);
    names.filter_map(version).collect::<Vec<_>>().join(", ")
}

pub(crate) fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}
