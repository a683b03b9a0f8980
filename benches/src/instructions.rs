//! The number of instructions of a call, measured by `cargo bench --bench instructions`.

use std::process::{Command, Stdio};

use benches::scenarios::Case;
use serde_json::Value;

use crate::net::Costs;

/// The instructions of a call of each case. The benchmark function `name` runs the same cases in the
/// same order.
pub(crate) fn measure(name: &str, cases: Vec<Case>) -> Costs {
    let output = Command::new(env!("CARGO"))
        .args(["bench", "--quiet", "--package", "benches"])
        .args(["--bench", "instructions", "--", "--output-format=json"])
        .arg(format!("*::{name}::*"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    assert!(
        output.status.success(),
        "the benchmark failed; it needs valgrind, and gungraun-runner in the version of gungraun"
    );
    let output = String::from_utf8(output.stdout).expect("JSON");
    let lines: Vec<_> = output
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .filter(|line| line["function_name"] == name)
        .collect();
    let mut costs = Costs::new();
    for (number, case) in cases.into_iter().enumerate() {
        let id = format!("case_{number}");
        let line = lines.iter().find(|line| line["id"] == id.as_str());
        #[allow(clippy::cast_precision_loss, reason = "a small number")]
        let calls = case.scenario.calls() as f64;
        costs.insert(
            case.key(),
            count(line.expect("a line of output for each case")) / calls,
        );
    }
    costs
}

fn count(line: &Value) -> f64 {
    let summary = &line["profiles"][0]["summaries"]["total"]["summary"];
    let metrics = &summary["Callgrind"]["Ir"]["metrics"];
    // "Left" is the only run; "Both" has this run and then the previous one.
    let counts = [&metrics["Left"]["Int"], &metrics["Both"][0]["Int"]];
    counts
        .into_iter()
        .find_map(Value::as_f64)
        .expect("a count of instructions")
}
