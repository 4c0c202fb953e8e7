//! `cargo xtask bench`: how fast, and against what.
//!
//! One file a measurement. A figure of one machine says little to the owner of another, so each is given beside that of a
//! baseline measured in the same run, and as the ratio of the two. Owned here: the subcommands, and how they end.

mod codegen;
mod cost;
mod load;
mod machine;
mod program;
mod server;
mod table;
mod token;

use crate::output::{self, Output};
use clap::Subcommand;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures the generator, the code it makes and the service, each against a baseline of the same run.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Codegen(codegen::Arguments),
    Server(server::Arguments),
    Token(token::Arguments),
    Measured(cost::Arguments),
}

/// What a measurement ends with, or why it did not.
type Outcome<T> = Result<T, String>;

/// Runs the subcommand: 0 measured, 1 something that was to be measured failed.
pub fn run(arguments: &Arguments) -> ExitCode {
    match &arguments.command {
        Command::Codegen(arguments) => finished(codegen::run(arguments), arguments.output),
        Command::Server(arguments) => finished(server::run(arguments), arguments.output),
        Command::Token(arguments) => finished(token::run(arguments), arguments.output),
        Command::Measured(arguments) => cost::run(arguments),
    }
}

/// Figures that can be shown to people.
trait Report: Serialize {
    fn text(&self) -> String;
}

fn finished(outcome: Outcome<impl Report>, output: Output) -> ExitCode {
    let printed = outcome.and_then(|report| {
        let text = match output {
            Output::Text => report.text(),
            Output::Json => format!("{:#}\n", serde_json::json!(report)),
        };
        output::print(&text).map_err(|error| format!("standard output: {error}"))
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// A line for who waits.
fn progress(message: &str) {
    eprintln!("bench: {message}");
}

/// Where measurements build: apart from the workspace's own artifacts, so that neither disturbs the other.
fn folder() -> PathBuf {
    crate::workspace::root().join("target/bench")
}
