//! Prints the results of the commands.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs, on standard output.
    Json,
}

/// Writes a result to standard output. A broken pipe is not an error: the reader has seen enough.
///
/// # Errors
/// Standard output can't be written for another reason, such as a full disk.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// The exit code of a command that printed a result or failed to do so.
pub fn finished(what: &str, result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {what}: {error}");
            ExitCode::FAILURE
        }
    }
}
