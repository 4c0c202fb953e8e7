//! Reads files that hold a secret, which only the service may read.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, getegid, geteuid, getgroups};
use zeroize::Zeroizing;

/// A file whose secret can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The file isn't there.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// Others may read the file, or change it.
    #[error(
        "{} may be read by other users than its owner (mode {mode:04o}); run: chmod 600 {} (where Kubernetes mounts \
         it by a subPath: mount the whole Secret volume instead, with defaultMode: 0440, and set fsGroup)",
        .path.display(), .path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file has more bytes than may be read.
    #[error("{} has more than {limit} bytes", .path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most bytes that it may have.
        limit: usize,
    },
    /// The file has more than one line.
    #[error("{} has more than one line; the secret must be all that it holds", .0.display())]
    SeveralLines(PathBuf),
    /// The system refused.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Reads the one line of a file that only the service may read: a password, a PIN. The line's end
/// is left out; blanks belong to the secret.
///
/// # Errors
/// [`PrivateFileError`], also if the file has more than one line or more than `limit` bytes: a part
/// of a secret is no secret.
pub fn read_private_line(path: &Path, limit: usize) -> Result<Zeroizing<String>, PrivateFileError> {
    let too_long = || PrivateFileError::TooLong {
        path: path.into(),
        limit,
    };
    // The line's end takes up to two bytes more.
    let mut text = read_private(path, limit + 2).map_err(|error| match error {
        PrivateFileError::TooLong { .. } => too_long(),
        other => other,
    })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let length = line.strip_suffix('\r').unwrap_or(line).len();
    if length > limit {
        return Err(too_long());
    }
    text.truncate(length);
    if text.contains(['\n', '\r', '\0']) {
        return Err(PrivateFileError::SeveralLines(path.into()));
    }
    Ok(text)
}

/// Reads all of a file that only the service may read.
///
/// # Errors
/// [`PrivateFileError`], also if the file has more than `limit` bytes.
pub fn read_private(path: &Path, limit: usize) -> Result<Zeroizing<String>, PrivateFileError> {
    let io_error = |error| PrivateFileError::of(path, error);
    // These are the permissions of the opened file, not of the path. So an attacker can't swap the
    // file between the check and the reading.
    let file = File::open(path).map_err(io_error)?;
    let metadata = file.metadata().map_err(io_error)?;
    judge(path, &metadata)?;
    // Room for the whole text is made at once, since a text that grows leaves copies of itself in
    // memory. One byte more is read, to see that the file is too long.
    let mut text = Zeroizing::new(String::with_capacity(limit + 1));
    let most = u64::try_from(limit + 1).unwrap_or(u64::MAX);
    file.take(most)
        .read_to_string(&mut text)
        .map_err(io_error)?;
    if text.len() > limit {
        return Err(PrivateFileError::TooLong {
            path: path.into(),
            limit,
        });
    }
    Ok(text)
}

/// What is unsafe about a private file that the service accepts all the same. `None` if nothing is.
///
/// # Errors
/// [`PrivateFileError`]: the file doesn't exist, can't be read, or is refused.
pub fn check_private(path: &Path) -> Result<Option<Leniency>, PrivateFileError> {
    let metadata = File::open(path)
        .and_then(|file| file.metadata())
        .map_err(|error| PrivateFileError::of(path, error))?;
    judge(path, &metadata)
}

/// A private file that not only its owner may read, and that the service accepts all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leniency {
    path: PathBuf,
    mode: u32,
    is_readable_to_all: bool,
}

impl fmt::Display for Leniency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, mode) = (self.path.display(), self.mode);
        if self.is_readable_to_all {
            write!(
                f,
                "{path} may be read by every process that sees it (mode {mode:04o}), as Kubernetes mounts a Secret by default; \
                 set defaultMode: 0440 for the volume, and securityContext.fsGroup for the pod"
            )
        } else {
            write!(
                f,
                "{path} may be read by its group (mode {mode:04o}); run: chmod 600 {path}, or, for a Secret volume, set \
                 defaultMode: 0400 or securityContext.fsGroup"
            )
        }
    }
}

impl PrivateFileError {
    fn of(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing(path.into()),
            _ => Self::Io {
                path: path.into(),
                error,
            },
        }
    }
}

fn judge(path: &Path, metadata: &Metadata) -> Result<Option<Leniency>, PrivateFileError> {
    let mode = metadata.permissions().mode() & 0o777;
    let file = Facts {
        mode,
        owner: metadata.uid(),
        is_of_own_group: is_own_group(metadata.gid()),
        is_in_secret_volume: is_in_secret_volume(path),
    };
    let lenient = |is_readable_to_all| {
        Some(Leniency {
            path: path.into(),
            mode,
            is_readable_to_all,
        })
    };
    match file.exposure() {
        Exposure::None => Ok(None),
        Exposure::ToItsGroup => Ok(lenient(false)),
        Exposure::InItsVolume => Ok(lenient(true)),
        Exposure::ToOthers => Err(PrivateFileError::Exposed {
            path: path.into(),
            mode,
        }),
    }
}

/// The facts that decide whether not only the service may read or change a file.
struct Facts {
    mode: u32,
    owner: u32,
    is_of_own_group: bool,
    is_in_secret_volume: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Exposure {
    None,
    /// The file is accepted, with a warning.
    ToItsGroup,
    /// The file is accepted, with a warning. In a pod, the operator can't change the mode by
    /// `chmod`, and only the service runs there.
    InItsVolume,
    /// The file is refused.
    ToOthers,
}

impl Facts {
    /// Root's file may be readable to its group. A systemd credential comes like this (its ACL
    /// shows as group bits), and a Kubernetes secret with `fsGroup`. Only root could have let a
    /// user into that group.
    fn exposure(&self) -> Exposure {
        const OWNERS: u32 = 0o700;
        const READ_BY_GROUP: u32 = 0o040;
        const READ_BY_ALL: u32 = 0o444;
        let beyond = self.mode & !OWNERS;
        if beyond == 0 || (self.owner == 0 && beyond == READ_BY_GROUP) {
            Exposure::None
        } else if beyond == READ_BY_GROUP && self.is_of_own_group {
            Exposure::ToItsGroup
        } else if beyond & !READ_BY_ALL == 0 && self.is_in_secret_volume {
            Exposure::InItsVolume
        } else {
            Exposure::ToOthers
        }
    }
}

/// Whether a group is one of the process's. Root counts as a member of every group: root's commands
/// check the files of the service, whose group root may not be in.
fn is_own_group(group: u32) -> bool {
    let group = Gid::from_raw(group);
    let of_process = || getgroups().is_ok_and(|groups| groups.contains(&group));
    geteuid().is_root() || getegid() == group || of_process()
}

/// Whether the path leads into a volume that the kubelet wrote: by a link `..data` to a folder
/// whose name begins with two dots and tells when the content was written, such as
/// `..2026_11_30_18_00_00.123`.
fn is_in_secret_volume(path: &Path) -> bool {
    let Ok(real) = path.canonicalize() else {
        return false;
    };
    let written_at = |folder: &&Path| {
        let name = folder.file_name().map(OsStr::as_encoded_bytes);
        name.is_some_and(|name| name.len() > 2 && name.starts_with(b".."))
    };
    let folder = real.ancestors().skip(1).find(written_at);
    let link = folder.and_then(Path::parent).map(|it| it.join("..data"));
    link.is_some_and(|link| link.exists())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::symlink;

    use super::*;

    fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_secret_is_whole_or_refused() {
        for (content, secret) in [
            (&b"a b"[..], "a b"),
            (b" a b \n", " a b "),
            (b"12345678\r\n", "12345678"),
            (b"", ""),
            ("\u{2003}e\u{301}\n".as_bytes(), "\u{2003}e\u{301}"),
        ] {
            let (_folder, path) = file(content);
            assert_eq!(*read_private_line(&path, 8).unwrap(), *secret);
        }
        for (content, why) in [
            (&b"123456789"[..], "more than 8 bytes"),
            (b"123456789\n", "more than 8 bytes"),
            (b"12345678\n9", "more than 8 bytes"),
            (b"1\n2\n", "more than one line"),
            (b"\n1", "more than one line"),
            (b"1\n\n", "more than one line"),
            (b"1\0", "more than one line"),
            (b"\xff\xfe", "UTF-8"),
        ] {
            let (_folder, path) = file(content);
            let error = read_private_line(&path, 8).unwrap_err().to_string();
            assert!(error.contains(why), "{why} is not in {error}");
        }
        let (_folder, path) = file(b"12345678");
        assert_eq!(read_private(&path, 8).unwrap().len(), 8);
        assert!(matches!(
            read_private(&path, 7),
            Err(PrivateFileError::TooLong { limit: 7, .. })
        ));
    }

    #[test]
    fn others_than_the_service_may_not_use_a_private_file() {
        use Exposure::{InItsVolume, None, ToItsGroup, ToOthers};
        for (mode, owner, is_of_own_group, is_in_secret_volume, exposure) in [
            (0o600, 1000, false, false, None),
            (0o400, 0, false, false, None),
            (0o440, 0, false, false, None),
            (0o640, 0, false, false, None),
            (0o440, 1000, true, false, ToItsGroup),
            (0o640, 1000, true, false, ToItsGroup),
            (0o440, 1000, false, false, ToOthers),
            (0o440, 1000, false, true, InItsVolume),
            (0o444, 0, false, true, InItsVolume),
            (0o644, 0, false, true, InItsVolume),
            (0o444, 0, true, false, ToOthers),
            (0o644, 0, false, false, ToOthers),
            (0o604, 1000, true, false, ToOthers),
            (0o660, 0, true, true, ToOthers),
            (0o646, 0, true, true, ToOthers),
        ] {
            let facts = Facts {
                mode,
                owner,
                is_of_own_group,
                is_in_secret_volume,
            };
            assert_eq!(facts.exposure(), exposure, "{mode:o} of {owner}");
        }
    }

    #[test]
    fn a_secret_volume_is_known_by_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir(at("..2026_11_30")).unwrap();
        fs::write(at("..2026_11_30/master.key"), "").unwrap();
        symlink("..2026_11_30/master.key", at("master.key")).unwrap();
        assert!(!is_in_secret_volume(&at("master.key")));
        fs::remove_file(at("master.key")).unwrap();
        symlink("..2026_11_30", at("..data")).unwrap();
        symlink("..data/master.key", at("master.key")).unwrap();
        assert!(is_in_secret_volume(&at("master.key")));
        fs::write(at("beside"), "").unwrap();
        assert!(!is_in_secret_volume(&at("beside")));
        fs::set_permissions(at("master.key"), Permissions::from_mode(0o444)).unwrap();
        let taken = check_private(&at("master.key")).unwrap().unwrap();
        assert!(taken.to_string().contains("fsGroup"), "{taken}");
        read_private(&at("master.key"), 8).unwrap();
    }
}
