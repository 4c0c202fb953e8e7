//! Whose the files are that root makes for the service: a command that root runs must leave no file
//! that the service can't use.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

/// Gives a file that this process just made to the owner of its folder, or of the file before it:
/// the first of both who isn't root. Does nothing unless the process is root's: nobody else may
/// give files away, or makes files for others.
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
        // By the open file: nobody can put a link in its place in between.
        Some((user, group)) => fchown(file, Some(user), Some(group)),
        None => Ok(()),
    }
}
