//! `cargo xtask openapi` handles the vendor's document, the overlay, and the document made of the
//! two.
//!
//! Each subcommand has its own file. This module owns the exit codes and prints the generator's
//! findings.

mod check;
mod contract;
mod differences;
mod export;
mod show;
mod update;

use crate::output::{self, Output};
use crate::workspace;
use clap::Subcommand;
use dropshot_codegen::diagnostics::{Colour, Findings};
use std::io::{self, IsTerminal};
use std::process::ExitCode;

pub use check::{Verdict, check};
pub use contract::Contract;

/// The document that the service serves: the vendor's, with the overlay applied.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Arguments),
    Export(export::Arguments),
    Show(show::Arguments),
    Update(update::Arguments),
}

/// Runs the subcommand. Exit code 0: done, 1: failed, 2: wrong usage, 4: stale (`check` only).
pub fn run(arguments: &Arguments) -> ExitCode {
    if let Err(error) = update::recover(workspace::root()) {
        eprintln!("error: an update was interrupted: {error}");
        return ExitCode::FAILURE;
    }
    let contract = Contract::of_workspace();
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments, &contract),
        Command::Export(arguments) => export::run(arguments, &contract),
        Command::Show(arguments) => show::run(arguments, &contract),
        Command::Update(arguments) => update::run(arguments),
    }
}

/// Prints why a document is refused.
fn refused(findings: &Findings, output: Output) -> ExitCode {
    match output {
        Output::Text => {
            let colour = if io::stderr().is_terminal() {
                Colour::Always
            } else {
                Colour::Never
            };
            eprint!("{}", findings.render(colour));
            eprintln!(
                "error: {} finding(s); nothing was written",
                findings.findings.len()
            );
        }
        Output::Json => {
            let _ = output::print(&format!(
                "{}\n",
                serde_json::json!({ "findings": findings })
            ));
        }
    }
    ExitCode::FAILURE
}
