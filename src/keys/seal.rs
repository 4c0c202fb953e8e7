//! Sealing: authenticated encryption of secrets in the store, by AES-256-GCM with a random nonce.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use super::MasterKey;

/// Encrypts under a key derived from the master key.
pub struct SealingKey(RandomizedNonceKey);

/// Sealed bytes can't be opened: the master key or the name is another, or the bytes were altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it can't be decrypted: it was sealed under another master key, or has been altered")]
pub struct SealError;

impl SealingKey {
    /// The sealing key of this master key.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self::under(&master.derive("seal v1"))
    }

    /// The sealing key with these bytes.
    pub(super) fn under(key: &[u8; 32]) -> Self {
        let key =
            RandomizedNonceKey::new(&AES_256_GCM, key).expect("AES-256 takes a key of 32 bytes");
        Self(key)
    }

    /// Encrypts `secret`, bound to `name`. What was sealed under one name doesn't open under
    /// another, so an attacker who can write to the store can't swap two keys. Returns nonce,
    /// ciphertext and tag.
    #[must_use]
    pub fn seal(&self, name: &str, secret: &[u8]) -> Vec<u8> {
        // This encrypts in place: the ciphertext overwrites the only copy of the secret that is
        // made here.
        let mut sealed = Vec::with_capacity(NONCE_LEN + secret.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(secret);
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(name), &mut sealed)
            .expect("AES-GCM takes any length below 2^36 bytes");
        sealed.splice(..0, nonce.as_ref().iter().copied());
        sealed
    }

    /// Decrypts what [`Self::seal`] made under the same name.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(name), &mut buffer)
            .map_err(|_| SealError)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_name_open_it_and_only_unaltered() {
        let key = SealingKey::new(&MasterKey::random());
        let sealed = key.seal("kid", b"secret");
        assert_eq!(**key.open("kid", &sealed).unwrap(), *b"secret");
        assert_ne!(
            key.seal("kid", b"secret"),
            sealed,
            "a nonce of its own each time"
        );
        assert_eq!(key.open("other", &sealed).unwrap_err(), SealError);
        assert_eq!(
            SealingKey::new(&MasterKey::random())
                .open("kid", &sealed)
                .unwrap_err(),
            SealError
        );
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(
                key.open("kid", &altered).unwrap_err(),
                SealError,
                "byte {at}"
            );
            assert_eq!(
                key.open("kid", &sealed[..at]).unwrap_err(),
                SealError,
                "cut at {at}"
            );
        }
    }
}
