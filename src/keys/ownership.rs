//! The owner of files that root makes for the service. A command that root runs must not leave a
//! file that the service can't use.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

/// Gives a file that this process has just made to the owner of its folder, or of the file
/// `before`: to the first of the two that isn't root. Does nothing unless the process runs as root:
/// other users may not give files away, and make files only for themselves.
///
/// # Errors
/// What the system says.
pub fn give_to_its_owner(file: &File, path: &Path, before: Option<&Path>) -> io::Result<()> {
    if file.metadata()?.uid() != 0 {
        return Ok(());
    }
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let before = before.map(fs::symlink_metadata);
    let models = [Some(fs::metadata(folder)), before].into_iter().flatten();
    let owner = models
        .filter_map(Result::ok)
        .map(|model| (model.uid(), model.gid()))
        .find(|(user, _)| *user != 0);
    match owner {
        // The owner is set on the open file, so that an attacker can't replace the path with a link
        // in between.
        Some((user, group)) => fchown(file, Some(user), Some(group)),
        None => Ok(()),
    }
}
