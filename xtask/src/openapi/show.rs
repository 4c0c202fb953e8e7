//! `cargo xtask openapi show` prints the Rust that the build generates.

use super::{Contract, refused};
use crate::output::{self, Output};
use std::process::ExitCode;

/// Prints the generated Rust, formatted, as the build includes it.
#[derive(clap::Args)]
pub struct Arguments {
    /// How it is printed: as it is, or as an object with the code as `code` and what the code does
    /// not enforce as `carried`.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// Runs the command. Exit code 0: printed. Exit code 1: refused.
pub fn run(arguments: &Arguments, contract: &Contract) -> ExitCode {
    match contract.generate() {
        Err(findings) => refused(&findings, arguments.output),
        Ok((_, generated)) => {
            let text = match arguments.output {
                Output::Text => generated.code,
                Output::Json => format!(
                    "{}\n",
                    serde_json::json!({ "code": generated.code, "carried": generated.carried })
                ),
            };
            output::finished("standard output", output::print(&text))
        }
    }
}
