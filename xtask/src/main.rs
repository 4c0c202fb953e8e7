//! The project's own commands: `cargo xtask help`.

mod scaffold;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Commands for working on d1-authz, and for starting a service of one's own from an OpenAPI document.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Scaffold(scaffold::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Scaffold(arguments) => scaffold::run(&arguments),
    }
}
