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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key's file can't be used.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The file of the PKCS#11 token's PIN can't be used.
    #[error("the PIN file {0}")]
    Pin(#[from] PrivateFileError),
    /// The master key doesn't open what the store keeps, or the keys can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signing keys can't be made or changed.
    #[error(transparent)]
    Keys(#[from] KeyRegistryError),
    /// The fetcher of clients' keys can't be set up.
    #[error("jwks_uri.ca_file: {0}")]
    JwksUri(#[from] FetchError),
    /// The audit trail can't be used.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A change could not have been recorded in the audit trail.
    #[error(transparent)]
    Record(#[from] ChangeLogError),
    /// The store has no key that could be put under another master key.
    #[error(
        "the store holds no keys yet; put the master key that you want into keys.master_key_file"
    )]
    NothingSealed,
    /// Somebody put the database back to its state before this release vouched for its rows.
    #[error(
        "the store is one of an earlier release, but a later release has used it here before: an attacker may have \
         put an old store back, so its rows are not accepted; if you put it back yourself, remove {} and start \
         again", .0.display()
    )]
    Downgraded(PathBuf),
    /// The file with the version of the store that was seen can't be written.
    #[error("{}: {_1}", .0.display())]
    Witness(PathBuf, io::Error),
    /// The secret key is gone from the store, but other data is not.
    #[error(
        "the store has no secret key any more: something other than this service changed the database; restore a backup"
    )]
    NoSecretKey,
    /// The issuer is too long for an audience.
    #[error(
        "the issuer is too long to be the audience of tokens (255 characters); set token.audience"
    )]
    NoAudience,
}
