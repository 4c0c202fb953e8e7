//! `audit`: the audit trail. One file for each command.

mod absent;
mod entry;
mod export;
mod tail;
mod verify;

use clap::{Args, Subcommand};

use super::error::Error;
use super::output::Output;
use super::source::Source;
use std::path::PathBuf;

/// The audit trail
///
/// It has two chains of records. Each record has the hash of the one before it. The chain of
/// decisions says what the service did. The chain of changes says what operators did to clients,
/// secrets and keys.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Verify(verify::Arguments),
    Tail(tail::Arguments),
    Export(export::Arguments),
}

/// The folder of the trail.
#[derive(Debug, Args)]
struct Folder {
    /// The trail's folder, such as an archive; by default, the configuration's
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

impl Folder {
    fn find(&self, source: &Source) -> Result<PathBuf, Error> {
        match &self.path {
            Some(path) => Ok(path.clone()),
            None => Ok(source.load()?.audit.path),
        }
    }
}

pub(super) async fn run(command: Command, source: &Source, output: Output) -> Result<(), Error> {
    match command {
        Command::Verify(arguments) => verify::run(&arguments, source, output).await,
        Command::Tail(arguments) => tail::run(&arguments, source, output).await,
        Command::Export(arguments) => export::run(&arguments, source),
    }
}
