//! What a command is given to read: a file, or standard input where it is `-`.

use std::io::{Read, stdin};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::Error;

/// The whole of it.
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

/// All of the text, which has this many bytes at most. It may hold secrets.
pub(super) fn read(file: &Path, most: u64) -> Result<Zeroizing<String>, Error> {
    let mut text = Zeroizing::new(String::new());
    let name = file.display();
    // A byte more shows that there is more.
    let take = most.saturating_add(1);
    let read = if file.as_os_str() == "-" {
        stdin().lock().take(take).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(take).read_to_string(&mut text))
    };
    let bytes = read.map_err(|error| Error::failed(format!("{name}: {error}")))?;
    if u64::try_from(bytes).unwrap_or(u64::MAX) > most {
        return Err(Error::failed(format!(
            "{name}: there are more than {most} bytes; it is read whole or not at all"
        )));
    }
    Ok(text)
}
