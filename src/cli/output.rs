//! Results on standard output.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::error::Error;

/// The format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Output {
    /// Prints a result as text or as JSON.
    pub(super) fn print(
        self,
        result: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Error> {
        match self {
            Self::Text => print(&text()),
            Self::Json => {
                let mut json = serde_json::to_string_pretty(result).map_err(Error::failed)?;
                json.push('\n');
                print(&json)
            }
        }
    }
}

/// Prints text as it is. A closed pipe is not an error: `| head` stops reading early.
pub(super) fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
