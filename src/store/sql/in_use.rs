//! Tells whether a process has a store's file open. Such a process holds SQLite's locks on the file
//! and on its `-shm`.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// While it lives, SQLite can't use the store's file in any process.
#[derive(Debug)]
pub(super) struct Held {
    _locked: Vec<File>,
}

/// Locks a store's file and its `-shm`; `None` if another process has one of them open. The caller
/// must not have the store open in its own process: SQLite's lock would be lost.
pub(super) fn hold(path: &Path) -> io::Result<Option<Held>> {
    let mut locked = Vec::new();
    for path in [path.to_owned(), beside(path, "-shm")] {
        match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) if lock(&file)? => locked.push(file),
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(Held { _locked: locked }))
}

/// Whether a process has the `-shm` beside the file open, and no process has the file itself. Then
/// that process uses another file, which was at this path before.
pub(super) fn is_of_another(path: &Path) -> io::Result<bool> {
    Ok(is_locked(&beside(path, "-shm"))? && !is_locked(path)?)
}

/// Whether another process has a lock on a file.
fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    let mut found = all();
    fcntl(&file, FcntlArg::F_GETLK(&mut found))?;
    Ok(found.l_type != libc::F_UNLCK as libc::c_short)
}

/// The path of a file that belongs to the store's file and has this end of its name.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Locks the whole file until it is closed. Says whether it could: not if another process has a
/// lock on it.
fn lock(file: &File) -> io::Result<bool> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&all())) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A write lock on a whole file.
fn all() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}
