//! Replaces PKCS#11 in a build without it: no token can be opened.

use std::path::Path;

use super::hsm_error::HsmError;
use super::jwks::Jwk;
use super::signing::{PrivateKey, Signing};
use crate::token::Algorithm;

/// A token, of which no value can exist.
#[derive(Debug, Clone)]
pub enum HsmToken {}

/// A key in a token.
pub(super) struct TokenKey(HsmToken);

impl HsmToken {
    /// Always fails.
    ///
    /// # Errors
    /// [`HsmError`]
    pub fn open(_module: &Path, label: &str, _pin: &str) -> Result<Self, HsmError> {
        Err(HsmError {
            token: label.to_owned(),
            what: "this program was built without PKCS#11 (the Cargo feature `pkcs11`)".to_owned(),
        })
    }

    pub(super) fn generate(&self, _: Algorithm) -> Result<(Jwk, Vec<u8>), HsmError> {
        match *self {}
    }

    pub(super) fn key(&self, _: Algorithm, _: &[u8]) -> TokenKey {
        match *self {}
    }

    pub(super) fn destroy(&self, _: &[u8]) -> Result<(), HsmError> {
        match *self {}
    }

    /// Never called, as no token exists.
    #[must_use]
    pub fn fault(&self) -> Option<HsmError> {
        match *self {}
    }

    /// Never called, as no token exists.
    pub fn forgive(&self) {
        match *self {}
    }
}

impl PrivateKey for TokenKey {
    fn sign<'a>(&'a self, _: &'a [u8]) -> Signing<'a> {
        match self.0 {}
    }
}
