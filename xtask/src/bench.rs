//! `cargo xtask bench` measures speed, each time against a baseline.
//!
//! Each measurement has its own file. A figure of one machine says little to the owner of another.
//! So each figure stands beside that of a baseline from the same run, with the ratio of the two.
//! This module owns the subcommands and how they end.

mod codegen;
mod cost;
mod door;
mod load;
mod machine;
mod meter;
mod program;
mod quickstart;
mod server;
mod store;
mod table;
mod token;

use crate::output::{self, Output};
use clap::Subcommand;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures the generator, the code it makes and the service, each against a baseline of the same
/// run.
///
/// Without a subcommand: all of them but `store`, and the generator with small documents only.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// How figures are printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Subcommand)]
enum Command {
    Codegen(codegen::Arguments),
    /// Loads a generated operation and a handwritten one in turns.
    Server(load::Arguments),
    Token(token::Arguments),
    /// Loads the service behind its front door, and behind Dropshot's own TLS, in turns.
    Door(load::Arguments),
    Store(store::Arguments),
    Measured(cost::Arguments),
}

/// The result of a measurement, or why it failed.
type Outcome<T> = Result<T, String>;

/// Runs the subcommand. Exit code 0: measured. Exit code 1: a measurement failed.
pub fn run(arguments: &Arguments) -> ExitCode {
    match &arguments.command {
        Some(Command::Codegen(arguments)) => finished(codegen::run(arguments), arguments.output),
        Some(Command::Server(arguments)) => {
            finished(server::run(arguments.effort), arguments.output)
        }
        Some(Command::Token(arguments)) => {
            finished(token::compared(arguments), arguments.load.output)
        }
        Some(Command::Door(arguments)) => finished(door::run(arguments.effort), arguments.output),
        Some(Command::Store(arguments)) => finished(store::run(arguments), arguments.load.output),
        Some(Command::Measured(arguments)) => cost::run(arguments),
        None => finished(all(), arguments.output),
    }
}

/// Figures that can be shown to people.
trait Report: Serialize {
    fn text(&self) -> String;
}

/// The figures of the measurements that run without a subcommand.
#[derive(Serialize)]
struct All {
    codegen: codegen::Report,
    server: load::Comparison,
    token: load::Comparison,
    door: door::Report,
}

fn all() -> Outcome<All> {
    Ok(All {
        codegen: codegen::run(&codegen::Arguments::small())?,
        server: server::run(load::Effort::default())?,
        token: token::run(load::Effort::default())?,
        door: door::run(load::Effort::default())?,
    })
}

impl Report for All {
    fn text(&self) -> String {
        let texts = [
            ("codegen", self.codegen.text()),
            ("server", self.server.text()),
            ("token", self.token.text()),
            ("door", self.door.text()),
        ];
        texts
            .map(|(name, text)| format!("bench {name}: {text}"))
            .join("\n")
    }
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

/// Prints a line that shows how far the measurements are.
fn progress(message: &str) {
    eprintln!("bench: {message}");
}

/// The folder in which measurements build. It is apart from the workspace's own artifacts, so that
/// neither build disturbs the other.
fn folder() -> PathBuf {
    crate::workspace::root().join("target/bench")
}
