//! `cargo xtask ci` runs every check that must pass before a change is taken.
//!
//! This module owns the steps and their order. After a failed step the next ones still run, so that
//! one run names everything that is wrong.

mod dependencies;
mod licence;
mod outcome;
mod peers;
mod policy;
mod python;
mod requirements;
mod step;
mod validator;

use clap::ValueEnum;
use outcome::Outcome;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use step::Step;

/// Checks everything: format, lints, tidiness, the served document, dependencies, documentation,
/// tests.
#[derive(clap::Args)]
#[command(
    after_help = "It needs Rust, and a compiler of C and C++; the tests also need SoftHSM2, PostgreSQL and openssl, and those with programs of others Python, \
                  Node, Java, Go, Ruby and nginx. The step `requirements` installs what is missing where it may, and names the \
                  command where it may not. OPENAPI_CORPORA may name a folder of more OpenAPI documents to test the generator with."
)]
pub struct Arguments {
    /// Only these steps; all by default.
    #[arg(value_enum)]
    steps: Vec<Step>,
}

/// Runs the command. Exit code 0: every step passed or could not run here. Exit code 1: a step
/// failed.
pub fn run(arguments: &Arguments) -> ExitCode {
    let steps = match &arguments.steps[..] {
        [] => Step::value_variants(),
        chosen => chosen,
    };
    let start = Instant::now();
    let done: Vec<_> = steps.iter().map(|step| timed(*step)).collect();
    eprintln!("\n{}", "=".repeat(72));
    for (step, outcome, time) in &done {
        eprintln!("{:14}{:>8}  {outcome}", step.name(), seconds(*time));
    }
    let failed: Vec<_> = done
        .iter()
        .filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)))
        .map(|(step, ..)| step.name())
        .collect();
    let total = seconds(start.elapsed());
    if failed.is_empty() {
        eprintln!("\nall passed in {total}");
        ExitCode::SUCCESS
    } else {
        let failed = failed.join(" ");
        eprintln!("\nfailed in {total}: {failed}\nto run them again: cargo xtask ci {failed}");
        ExitCode::FAILURE
    }
}

fn timed(step: Step) -> (Step, Outcome, Duration) {
    let start = Instant::now();
    eprintln!("\n==== {}: {}", step.name(), step.what());
    let outcome = step.run();
    let time = start.elapsed();
    eprintln!("---- {}: {outcome}, {}", step.name(), seconds(time));
    (step, outcome, time)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
