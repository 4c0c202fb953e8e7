//! What a command is given to read: a file, or standard input where it is `-`.

use std::io::{Read, stdin};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::Error;

/// The text, and no more than this many bytes of it. It may hold secrets.
pub(super) fn read(file: &Path, most: u64) -> Result<Zeroizing<String>, Error> {
    let mut text = Zeroizing::new(String::new());
    let read = if file.as_os_str() == "-" {
        stdin().lock().take(most).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(most).read_to_string(&mut text))
    };
    read.map_err(|error| Error::failed(format!("{}: {error}", file.display())))?;
    Ok(text)
}
