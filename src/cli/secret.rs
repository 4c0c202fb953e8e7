//! Reads a client secret from standard input or a file. On the command line, every process of the
//! machine could read it.

use std::io::{BufRead, BufReader};
use std::path::Path;

use super::error::Error;
use crate::token::ClientSecret;

/// A client's new secret from the first line of standard input. `None` if the caller didn't ask for
/// that.
pub(super) fn chosen(from_stdin: bool) -> Result<Option<ClientSecret>, Error> {
    if !from_stdin {
        return Ok(None);
    }
    let secret = from_standard_input()?;
    if secret.is_weak() {
        eprintln!(
            "warning: this secret is short enough to be guessed; without --secret-stdin, the command makes one of 256 bits"
        );
    }
    Ok(Some(secret))
}

/// The secret in the first line of standard input.
pub(super) fn from_standard_input() -> Result<ClientSecret, Error> {
    first_line(std::io::stdin().lock(), "standard input")
}

/// The secret in the first line of a file.
pub(super) fn from_file(file: &Path) -> Result<ClientSecret, Error> {
    let name = file.display().to_string();
    let open = std::fs::File::open(file);
    let reader = BufReader::new(open.map_err(|error| Error::usage(format!("{name}: {error}")))?);
    first_line(reader, &name)
}

fn first_line(mut reader: impl BufRead, name: &str) -> Result<ClientSecret, Error> {
    let mut line = zeroize::Zeroizing::new(String::new());
    reader
        .read_line(&mut line)
        .map_err(|error| Error::failed(format!("{name}: {error}")))?;
    let text = line.strip_suffix('\n').unwrap_or(&line);
    let text = text.strip_suffix('\r').unwrap_or(text);
    ClientSecret::parse(text).map_err(|error| Error::usage(format!("{name}: {error}")))
}
