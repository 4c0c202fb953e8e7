//! The command line: one file a command.
//!
//! A command prints its result on standard output, as text or as JSON. Progress, warnings and
//! errors go to standard error. The exit status is 0 if the command is done, 1 if it failed, and 2
//! if the command line or the configuration is wrong.

mod audit;
mod client;
mod config;
mod confinement;
mod duration;
mod error;
mod healthcheck;
mod input;
mod key;
mod openapi;
mod output;
mod probe;
mod quickstart;
mod secret;
mod serve;
mod shell;
mod source;
mod store;
mod table;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dropshot_chassis::life::process;

use error::Error;
use output::Output;
use source::Source;

/// An OAuth 2.0 token service for Thales D1.
#[derive(Debug, Parser)]
#[command(
    name = "d1-authz",
    version,
    arg_required_else_help = true,
    after_help = "Try it out:\n  d1-authz quickstart\n\nIn earnest:\n  d1-authz config check --config d1-authz.toml\n  d1-authz client add --config d1-authz.toml --name 'Thales D1' --scope 'cards pin'\n  d1-authz serve --config d1-authz.toml\n\nExit status: 0 done, 1 failed, 2 wrong usage or configuration."
)]
struct Arguments {
    #[command(flatten)]
    source: Source,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Quickstart(quickstart::Arguments),
    Serve(serve::Arguments),
    #[command(subcommand)]
    Client(client::Command),
    #[command(subcommand)]
    Key(key::Command),
    #[command(subcommand)]
    Token(token::Command),
    #[command(subcommand)]
    Audit(audit::Command),
    #[command(subcommand)]
    Config(config::Command),
    #[command(subcommand)]
    Store(store::Command),
    Openapi(openapi::Arguments),
    Probe(probe::Arguments),
    Healthcheck(healthcheck::Arguments),
}

/// Reads the command line and runs the command.
#[must_use]
pub fn run() -> ExitCode {
    // If the arguments are wrong, this prints the usage on standard error and exits with 2.
    let arguments = Arguments::parse();
    match execute(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

fn execute(arguments: Arguments) -> Result<(), Error> {
    let Arguments {
        source,
        output,
        command,
    } = arguments;
    process::leave_no_core_dump()
        .map_err(|error| Error::failed(format!("core dumps can't be turned off: {error}")))?;
    let threads = process::threads();
    match command {
        Command::Quickstart(arguments) => threads.run(quickstart::run(arguments)),
        Command::Serve(arguments) => serve::run(arguments, &source, threads),
        Command::Client(command) => threads.run(client::run(command, &source, output)),
        Command::Key(command) => threads.run(key::run(command, &source, output)),
        Command::Token(command) => threads.run(token::run(command, &source, output)),
        Command::Audit(command) => threads.run(audit::run(command, &source, output)),
        Command::Config(command) => threads.run(config::run(command, &source, output)),
        Command::Store(command) => threads.run(store::run(command, &source, output)),
        Command::Openapi(arguments) => openapi::run(&arguments, &source),
        Command::Probe(arguments) => threads.run(probe::run(arguments, output)),
        Command::Healthcheck(arguments) => {
            threads.run(healthcheck::run(arguments, &source, output))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_fit_together() {
        super::Arguments::command().debug_assert();
    }
}
