//! Key material: the master key and what it protects, the signing keys and their public JWK set,
//! clients' public keys, and the verification of a token.
//!
//! [`crate::store`] keeps the sealed keys. [`crate::issuer`] decides when a token is signed.

mod audit_key;
mod client_keys;
mod hasher;
mod hsm_error;
mod jwks;
mod local;
mod master;
mod ownership;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(not(feature = "pkcs11"))]
#[path = "pkcs11/absent.rs"]
mod pkcs11;
mod remote;
mod ring;
mod row_keys;
mod schedule;
mod seal;
mod set;
mod signing;
mod stored;
mod vault;
mod verify;

pub use audit_key::{AuditKey, StoredAuditKey};
pub use client_keys::{ClientKeys, ClientKeysError, Decoy, KeyProblem, PassedBy, ReadKeys};
pub use hasher::{SecretDigest, SecretHasher};
pub use hsm_error::HsmError;
pub use jwks::{Jwk, Jwks};
pub use master::{MasterKey, MasterKeyError};
pub use ownership::give_to_its_owner;
pub use pkcs11::HsmToken;
pub use remote::{FetchError, Fetched, RemoteKeys, RemoteSettings};
pub use ring::{KeyRing, PublishedKey, published};
pub use row_keys::RowKeys;
pub use schedule::{Schedule, ScheduleError, Wanted};
pub use seal::{SealError, SealingKey};
pub use set::{KeyMaterial, KeySet, Step};
pub use signing::{SignError, SigningKey};
pub use stored::{KeyState, PrivateHalf, StoredKey};
pub use vault::{KeyError, Vault};
pub use verify::{Expected, VerifiedToken, VerifyError, verify};
