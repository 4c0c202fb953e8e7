//! A client secret on standard input.

use std::io::BufRead;

use super::error::Error;
use crate::token::ClientSecret;

/// The secret in the first line of standard input, when it is asked for. On the command line, every process of the machine
/// could read it.
pub(super) fn chosen(from_stdin: bool) -> Result<Option<ClientSecret>, Error> {
    if !from_stdin {
        return Ok(None);
    }
    let mut line = zeroize::Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Error::failed(format!("standard input: {error}")))?;
    let text = line.strip_suffix('\n').unwrap_or(&line);
    let text = text.strip_suffix('\r').unwrap_or(text);
    let secret = ClientSecret::parse(text).map_err(Error::usage)?;
    if secret.is_weak() {
        eprintln!(
            "warning: this secret is short enough to be guessed; without --secret-stdin, one of 256 bits is made"
        );
    }
    Ok(Some(secret))
}
