//! Key material: the master key and what it protects, the signing keys, their public JWK set, and checking a token.
//!
//! Where sealed keys are kept is [`crate::store`]'s business; when a token is signed, [`crate::issuer`]'s.

mod hasher;
mod jwks;
mod master;
mod ring;
mod schedule;
mod seal;
mod set;
mod signing;
mod stored;
mod vault;
mod verify;

pub use hasher::{SecretDigest, SecretHasher};
pub use jwks::{Jwk, Jwks, public_jwk};
pub use master::{MasterKey, MasterKeyError};
pub use ring::{KeyRing, PublishedKey, published};
pub use schedule::{Schedule, ScheduleError, Step, Wanted};
pub use seal::{SealError, SealingKey};
pub use set::{KeyMaterial, KeySet};
pub use signing::{SignError, SigningKey};
pub use stored::{KeyState, StoredKey};
pub use vault::{KeyError, Vault};
pub use verify::{Expected, VerifiedToken, VerifyError, verify};
