//! Prints the table of the README: each scenario through each library, as ratios to this crate.
//!
//! `cargo run --release --package benches` measures all of it; with `--check` or `--renew` only the
//! instructions of this crate, against `benches/instructions.json`.

mod allocations;
mod django;
mod instructions;
mod net;
mod table;
mod thresholds;
mod time;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => table::print(),
        ["--check"] => return thresholds::check(),
        ["--renew"] => thresholds::renew(),
        _ => {
            eprintln!("usage: cargo run --release --package benches [-- --check | --renew]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
