//! The input of a command: a file, or standard input if the file is `-`.

use std::io::{Read, stdin};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::Error;

/// All bytes of the input.
pub(super) fn bytes(file: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = if file.as_os_str() == "-" {
        stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    read.map_err(|error| Error::failed(format!("{}: {error}", file.display())))?;
    Ok(bytes)
}

/// All text of the input, at most `most` bytes. The text may hold secrets.
pub(super) fn read(file: &Path, most: u64) -> Result<Zeroizing<String>, Error> {
    let mut text = Zeroizing::new(String::new());
    let name = file.display();
    // One byte more than allowed shows that the input is too long.
    let take = most.saturating_add(1);
    let read = if file.as_os_str() == "-" {
        stdin().lock().take(take).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(take).read_to_string(&mut text))
    };
    let bytes = read.map_err(|error| Error::failed(format!("{name}: {error}")))?;
    if u64::try_from(bytes).unwrap_or(u64::MAX) > most {
        return Err(Error::failed(format!(
            "{name}: it has more than {most} bytes"
        )));
    }
    Ok(text)
}
