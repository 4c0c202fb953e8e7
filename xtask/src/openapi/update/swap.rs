//! Replaces old files by new ones: all of them, or none.
//!
//! 1. Every new file is written under `target/update/files` and forced to disk.
//! 2. A journal that lists them is renamed to `target/update/journal.json` in one step. From here
//!    on, the update has happened.
//! 3. Every file is renamed into its place, one right after the other.
//! 4. The journal is removed.
//!
//! If the process is killed before step 2, the tree is as it was. If it is killed later, the
//! journal is there, and the next command finishes what it lists.

use crate::openapi::contract::digest_of;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The files to be replaced.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Journal {
    files: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The path, relative to the workspace.
    path: PathBuf,
    /// The SHA-256 of the old file. `None` if there is none.
    before: Option<String>,
    /// The SHA-256 of the new file.
    after: String,
    /// The path at which the new file waits, relative to the workspace.
    waiting: PathBuf,
}

const FOLDER: &str = "target/update";
const WAITING: &str = "target/update/files";
const JOURNAL: &str = "target/update/journal.json";

/// The digests of the files at these paths. `None` if there is no file.
///
/// # Errors
/// A file is there and can't be read.
pub fn digests<'p>(
    root: &Path,
    paths: impl Iterator<Item = &'p PathBuf>,
) -> io::Result<BTreeMap<PathBuf, Option<String>>> {
    paths
        .map(|path| Ok((path.clone(), digest_at(&root.join(path))?)))
        .collect()
}

fn digest_at(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(digest_of(&bytes))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("{}: {error}", path.display()),
        )),
    }
}

/// Keeps other updates out as long as the file is open.
///
/// # Errors
/// Another update holds the lock, or the folder can't be made.
pub fn lock(root: &Path) -> io::Result<File> {
    fs::create_dir_all(root.join(FOLDER))?;
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(root.join(FOLDER).join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(io::Error::other("another update is running")),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Replaces the files. They must still be as `before` says. Returns those that differ.
///
/// # Errors
/// A file was changed meanwhile, or can't be written. If [`has_begun`], files may have been
/// replaced, and the next command goes on. If not, nothing was changed.
pub fn swap(
    root: &Path,
    files: &BTreeMap<PathBuf, Vec<u8>>,
    before: &BTreeMap<PathBuf, Option<String>>,
) -> io::Result<Vec<PathBuf>> {
    let journal = prepare(root, files, before)?;
    record(root, &journal)?;
    finish(root, &journal)?;
    Ok(journal.files.into_iter().map(|entry| entry.path).collect())
}

/// Whether files may have been replaced by an update that is not finished.
pub fn has_begun(root: &Path) -> bool {
    root.join(JOURNAL).exists()
}

/// Finishes an update that was interrupted. Returns whether there was one.
///
/// # Errors
/// A file was changed since, or can't be written.
pub fn recover(root: &Path) -> io::Result<bool> {
    if !has_begun(root) {
        return Ok(false);
    }
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(root.join(FOLDER).join("lock"))?;
    lock.lock()?;
    recover_locked(root)
}

/// As [`recover`], for a caller that holds the lock.
pub fn recover_locked(root: &Path) -> io::Result<bool> {
    let text = match fs::read(root.join(JOURNAL)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let journal: Journal = serde_json::from_slice(&text)?;
    finish(root, &journal)?;
    eprintln!("finished an update that was interrupted: review with `git diff`");
    Ok(true)
}

/// Step 1.
fn prepare(
    root: &Path,
    files: &BTreeMap<PathBuf, Vec<u8>>,
    before: &BTreeMap<PathBuf, Option<String>>,
) -> io::Result<Journal> {
    let waiting = root.join(WAITING);
    match fs::remove_dir_all(&waiting) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(&waiting)?,
    }
    let mut entries = Vec::new();
    for (number, (path, bytes)) in files.iter().enumerate() {
        let place = root.join(path);
        let now = digest_at(&place)?;
        if before.get(path) != Some(&now) {
            return Err(changed(path));
        }
        let after = digest_of(bytes);
        if now.as_ref() == Some(&after) {
            continue;
        }
        let entry = Entry {
            path: path.clone(),
            before: now,
            after,
            waiting: Path::new(WAITING).join(number.to_string()),
        };
        let file = root.join(&entry.waiting);
        fs::write(&file, bytes)?;
        if let Ok(metadata) = fs::metadata(&place) {
            fs::set_permissions(&file, metadata.permissions())?;
        }
        File::open(&file)?.sync_all()?;
        same_file_system(&place, &file)?;
        entries.push(entry);
    }
    sync(&waiting)?;
    Ok(Journal { files: entries })
}

/// Fails if the two are on different file systems, because a rename can't cross them.
fn same_file_system(place: &Path, file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let folder = place.parent().unwrap_or(place);
        if fs::metadata(folder)?.dev() != fs::metadata(file)?.dev() {
            return Err(io::Error::other(format!(
                "{} and target/ are on different file systems, so it can't be replaced in one step",
                folder.display()
            )));
        }
    }
    Ok(())
}

/// Step 2.
fn record(root: &Path, journal: &Journal) -> io::Result<()> {
    let new = root.join(FOLDER).join("journal.new");
    fs::write(&new, serde_json::to_vec_pretty(journal)?)?;
    File::open(&new)?.sync_all()?;
    fs::rename(&new, root.join(JOURNAL))?;
    sync(&root.join(FOLDER))
}

/// Steps 3 and 4. A file that is already in its place stays.
fn finish(root: &Path, journal: &Journal) -> io::Result<()> {
    let mut left = Vec::new();
    for entry in &journal.files {
        let now = digest_at(&root.join(&entry.path))?;
        if now.as_ref() == Some(&entry.after) {
            continue;
        }
        if now != entry.before {
            return Err(changed(&entry.path));
        }
        left.push(entry);
    }
    for entry in &left {
        fs::rename(root.join(&entry.waiting), root.join(&entry.path))?;
    }
    for entry in &journal.files {
        sync(root.join(&entry.path).parent().unwrap_or(root))?;
    }
    fs::remove_file(root.join(JOURNAL))?;
    sync(&root.join(FOLDER))
}

/// Forces the entries of a folder to disk.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn changed(path: &Path) -> io::Error {
    io::Error::other(format!(
        "{} was changed by someone else while it was being updated; put it back (git checkout -- {0}), or remove \
         {JOURNAL} to give the update up, and run this again",
        path.display()
    ))
}

#[cfg(test)]
#[path = "swap/tests.rs"]
mod tests;
