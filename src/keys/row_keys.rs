//! The keys that authenticate the store's rows. An attacker who can write to the database, but
//! lacks the master key, can't make a row that the service accepts.
//!
//! All of these keys are derived from the store's secret key, so every row stays valid when the
//! master key changes.

use std::fmt;

use aws_lc_rs::hmac;

use super::master::derive;
use super::{SealError, SealingKey};

/// Makes and checks the MACs of rows, and seals the list of the rows that exist.
pub struct RowKeys {
    row: hmac::Key,
    weight: hmac::Key,
    manifest: SealingKey,
}

impl RowKeys {
    pub(super) fn new(secret_key: &[u8; 32]) -> Self {
        let key = |purpose| hmac::Key::new(hmac::HMAC_SHA256, &*derive(secret_key, purpose));
        Self {
            row: key("store rows, content"),
            weight: key("store rows, set"),
            manifest: SealingKey::under(&derive(secret_key, "store rows, manifest")),
        }
    }

    /// The MAC of a row's content.
    #[must_use]
    pub fn mac(&self, row: &[u8]) -> Vec<u8> {
        hmac::sign(&self.row, row).as_ref().to_vec()
    }

    /// Whether the MAC is that of this content.
    #[must_use]
    pub fn is_genuine(&self, row: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.row, row, mac).is_ok()
    }

    /// What a row adds to the sum over all rows of its kind. An attacker without the key doesn't
    /// know it, and so can't find two sets of rows with the same sum.
    #[must_use]
    pub fn weight(&self, name: &[u8], mac: &[u8]) -> u128 {
        let mut context = hmac::Context::with_key(&self.weight);
        context.update(name);
        context.update(&[0]);
        context.update(mac);
        let tag = context.sign();
        let mut weight = [0; 16];
        weight.copy_from_slice(&tag.as_ref()[..16]);
        u128::from_le_bytes(weight)
    }

    /// Seals a part of the manifest, under its name.
    #[must_use]
    pub fn seal(&self, part: &str, content: &[u8]) -> Vec<u8> {
        self.manifest.seal(part, content)
    }

    /// Opens a sealed part of the manifest.
    ///
    /// # Errors
    /// [`SealError`]: it was sealed under another name or key, or was altered.
    pub fn open(&self, part: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(self.manifest.open(part, sealed)?.to_vec())
    }
}

impl fmt::Debug for RowKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_content_under_the_same_key_is_genuine() {
        let (keys, others) = (RowKeys::new(&[1; 32]), RowKeys::new(&[2; 32]));
        let mac = keys.mac(b"row");
        assert!(keys.is_genuine(b"row", &mac));
        assert!(!keys.is_genuine(b"raw", &mac));
        assert!(!keys.is_genuine(b"row", &mac[..31]));
        assert!(!keys.is_genuine(b"row", b""));
        assert!(!others.is_genuine(b"row", &mac));
    }

    #[test]
    fn a_weight_is_of_a_name_and_a_mac() {
        let keys = RowKeys::new(&[1; 32]);
        let weight = keys.weight(b"a", &[1; 32]);
        assert_eq!(weight, keys.weight(b"a", &[1; 32]));
        assert_ne!(weight, keys.weight(b"b", &[1; 32]));
        assert_ne!(weight, keys.weight(b"a", &[2; 32]));
        assert_ne!(weight, RowKeys::new(&[2; 32]).weight(b"a", &[1; 32]));
    }
}
