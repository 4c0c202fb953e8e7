//! Operators' changes: clients, signing keys, the master key, and the record of each change.
//!
//! Everything starts from an [`Installation`]: an opened store with the keys that open it.

mod audit_settings;
mod believed;
mod change_log;
mod clients;
mod installation;
mod key_material;
mod keys;
mod master_key;
mod start_error;
mod trails;
mod values;
mod witness;

pub use believed::{believe, believed_store};
pub(crate) use change_log::{ChangeLog, key_changed};
pub use change_log::{ChangeLogError, leave_record};
pub use clients::{
    ChangedClient, ClientRegistry, ClientToImport, Edit, ImportedClient, NewClient, Outcome,
    RegistryError, SecretToImport,
};
pub use installation::Installation;
pub use key_material::check_master_key;
pub use keys::{KeyRegistry, KeyRegistryError};
pub use master_key::{MasterKeyRotation, rotate_master_key};
pub use start_error::StartError;
pub use trails::known_trails;
pub(crate) use trails::stored_head;
pub(crate) use witness::{Seen, Witness};
