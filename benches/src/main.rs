//! Prints the table of the guide's page on performance: the cost of each scenario with each library, relative to this crate.
//!
//! `cargo run --release --package benches` measures everything. With `--check` it measures only the
//! instructions of this crate and compares them with `benches/instructions.json`; with `--renew` it
//! writes them to that file.

mod allocations;
mod django;
mod instructions;
mod net;
mod program;
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
