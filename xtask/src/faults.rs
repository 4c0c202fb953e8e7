//! `cargo xtask faults`: what goes wrong around the service, for longer than the step `tests` has
//! time for (see `tests/it/faults`).

use crate::workspace;
use std::process::{Command, ExitCode};

/// Kill, freeze and cut off what the service lives on, and see that nothing is lost
///
/// The tests of `tests/it/faults`, one after the other, which print what they measured. They start
/// a PostgreSQL of their own, and make small file systems, for which they need to be root.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask faults\n  cargo xtask faults database --seconds 10\n  cargo xtask faults killed --kills 1000\n\n\
                  Exit codes: 0 nothing was lost, 1 something was, 2 wrong usage"
)]
pub struct Arguments {
    /// Those with this in their names; all by default.
    #[arg(default_value = "")]
    filter: String,
    /// How often a replica is killed, on each database.
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// How long a database, or the way to it, is gone.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// How many changes spread over three replicas.
    #[arg(long, default_value_t = 200)]
    changes: u32,
    /// How many requests without a good credential fifty sources send.
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
