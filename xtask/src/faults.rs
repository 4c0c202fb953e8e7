//! `cargo xtask faults` tests what goes wrong around the service. It runs for longer than the step
//! `tests` has time for (see `tests/it/faults`).

use crate::workspace;
use std::process::{Command, ExitCode};

/// Kill, freeze and cut off what the service depends on, and check that nothing is lost
///
/// Runs the tests of `tests/it/faults` one after the other. They print what they measured. They
/// start their own PostgreSQL, and make small file systems, for which they need to be root.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask faults\n  cargo xtask faults database --seconds 10\n  cargo xtask faults killed --kills 1000\n\n\
                  Exit codes: 0 nothing was lost, 1 something was, 2 wrong usage"
)]
pub struct Arguments {
    /// Only the tests with this in their names; all by default.
    #[arg(default_value = "")]
    filter: String,
    /// How often a replica is killed, on each database.
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// How long a database, or the connection to it, is gone, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// How many changes spread over three replicas.
    #[arg(long, default_value_t = 200)]
    changes: u32,
    /// How many requests without a valid credential fifty sources send.
    #[arg(long, default_value_t = 1_000_000)]
    flood: u32,
    /// How many callers hang up before they have their answer.
    #[arg(long, default_value_t = 1_000)]
    hang_ups: u32,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> ExitCode {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(workspace::root())
        .args(["test", "--workspace", "--locked", "--package", "d1-authz"])
        .args(["--test", "it", "--"])
        .arg(format!("faults::{}", arguments.filter))
        .args(["--nocapture", "--test-threads=1"])
        .env("FAULTS_KILLS", arguments.kills.to_string())
        .env("FAULTS_SECONDS", arguments.seconds.to_string())
        .env("FAULTS_CHANGES", arguments.changes.to_string())
        .env("FAULTS_FLOOD", arguments.flood.to_string())
        .env("FAULTS_HANGUPS", arguments.hang_ups.to_string());
    match cargo.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: cargo can't be run: {error}");
            ExitCode::FAILURE
        }
    }
}
