//! Why the service, or a command, can't start.

use std::io;
use std::path::PathBuf;

use dropshot_chassis::private_file::PrivateFileError;

use super::{ChangeLogError, KeyRegistryError};
use crate::audit::AuditError;
use crate::keys::{FetchError, KeyError, MasterKeyError};
use crate::store::StoreError;

/// Why the service, or a command, can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key's file.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The file of a token's PIN.
    #[error("the PIN file {0}")]
    Pin(#[from] PrivateFileError),
    /// What the master key opens.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The first signing keys.
    #[error(transparent)]
    Keys(#[from] KeyRegistryError),
    /// Fetching the keys of clients.
    #[error("jwks_uri.ca_file: {0}")]
    JwksUri(#[from] FetchError),
    /// The audit trail.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A change that the audit trail has no record of.
    #[error(transparent)]
    Record(#[from] ChangeLogError),
    /// There is no key to be put under another master key.
    #[error(
        "the store holds no keys yet; put the master key of your choice into keys.master_key_file"
    )]
    NothingSealed,
    /// Somebody put the database back to before its rows were vouched for.
    #[error(
        "the store is one of an earlier release, and a later one was used here before: somebody may have put it back, and the rows \
         that it has now are not believed; if this was you, remove {} and start again", .0.display()
    )]
    Downgraded(PathBuf),
    /// The file that says which version of the store was seen can't be written.
    #[error("{}: {_1}", .0.display())]
    Witness(PathBuf, io::Error),
    /// The secret key is gone, and not all else with it.
    #[error(
        "the store has no secret key any more: somebody else changed the database; restore a backup"
    )]
    NoSecretKey,
    /// The issuer can't be an audience.
    #[error(
        "the issuer is too long to be the audience of tokens (255 characters); set token.audience"
    )]
    NoAudience,
}
