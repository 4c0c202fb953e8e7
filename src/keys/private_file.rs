//! Files that hold a secret, which nobody but the service may read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A file whose secret can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The file isn't there.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// Others may read the file.
    #[error(
        "{} may be read by others than its owner (mode {mode:04o}); run: chmod 600 {}",
        .path.display(), .path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The system said no.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// The first 128 bytes of a file that only the service may read.
///
/// # Errors
/// [`PrivateFileError`]
pub fn read_private(path: &Path) -> Result<Zeroizing<String>, PrivateFileError> {
    read_private_up_to(path, 128)
}

/// The first `limit` bytes of a file that only the service may read.
///
/// # Errors
/// [`PrivateFileError`]
pub fn read_private_up_to(
    path: &Path,
    limit: usize,
) -> Result<Zeroizing<String>, PrivateFileError> {
    let io_error = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => PrivateFileError::Missing(path.into()),
        _ => PrivateFileError::Io {
            path: path.into(),
            error,
        },
    };
    // The permissions of the opened file, not of the path: nobody can swap one for the other in between.
    let file = File::open(path).map_err(io_error)?;
    let metadata = file.metadata().map_err(io_error)?;
    let mode = metadata.permissions().mode() & 0o777;
    if is_exposed(mode, metadata.uid()) {
        return Err(PrivateFileError::Exposed {
            path: path.into(),
            mode,
        });
    }
    // Whole at once: text that grows leaves copies of itself behind.
    let mut text = Zeroizing::new(String::with_capacity(limit));
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    file.take(most)
        .read_to_string(&mut text)
        .map_err(io_error)?;
    Ok(text)
}

/// Whether others than the service may use a file of that mode and owner.
///
/// A file of root's may be readable to its group: so a systemd credential comes (its ACL shows as group bits) and a
/// Kubernetes secret with `fsGroup`. Only root could have let someone into that group.
fn is_exposed(mode: u32, owner: u32) -> bool {
    let private = if owner == 0 { 0o740 } else { 0o700 };
    mode & !private != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_roots_file_may_be_readable_to_its_group() {
        for (mode, owner, exposed) in [
            (0o600, 1000, false),
            (0o400, 0, false),
            (0o440, 0, false),
            (0o640, 0, false),
            (0o440, 1000, true),
            (0o660, 0, true),
            (0o644, 0, true),
            (0o604, 1000, true),
        ] {
            assert_eq!(is_exposed(mode, owner), exposed, "{mode:o} of {owner}");
        }
    }
}
