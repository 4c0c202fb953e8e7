//! The project's own commands: `cargo xtask help`.

mod bench;
mod ci;
mod conformance;
mod faults;
mod fuzz;
mod openapi;
mod output;
mod scaffold;
mod tidy;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Commands for working on d1-authz, and for starting your own service from an OpenAPI document.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Bench(bench::Arguments),
    Ci(ci::Arguments),
    Conformance(conformance::Arguments),
    Faults(faults::Arguments),
    Fuzz(fuzz::Arguments),
    Openapi(openapi::Arguments),
    Scaffold(scaffold::Arguments),
    Tidy(tidy::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Ci(arguments) => ci::run(&arguments),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::Faults(arguments) => faults::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Scaffold(arguments) => scaffold::run(&arguments),
        Command::Tidy(arguments) => tidy::run(&arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::CommandFactory;

    /// Without this test, a contradiction would only stop a command when a user runs it.
    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
