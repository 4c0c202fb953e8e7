//! A signing key. It signs access tokens with one algorithm, wherever its private half is kept.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::HsmError;
use crate::token::{Algorithm, EncodedHeader, UnsignedToken};

/// A private key that signs access tokens.
pub struct SigningKey {
    id: Arc<str>,
    algorithm: Algorithm,
    header: EncodedHeader,
    private: Box<dyn PrivateKey>,
}

/// The private half of a key, in this process' memory or in a PKCS#11 token.
pub(super) trait PrivateKey: Send + Sync {
    /// Signs a message. The signature has the form that RFC 7518 3 prescribes for the algorithm:
    /// for ECDSA, R and S in full length.
    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a>;
}

/// A signature: ready if the key is in memory, so that no token allocates a future for it.
pub(super) enum Signing<'a> {
    Done(Result<Vec<u8>, SignError>),
    Waiting(BoxFuture<'a, Result<Vec<u8>, SignError>>),
}

impl Signing<'_> {
    async fn done(self) -> Result<Vec<u8>, SignError> {
        match self {
            Self::Done(done) => done,
            Self::Waiting(waiting) => waiting.await,
        }
    }
}

/// Why a key could not be made, read, or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The bytes are not a private key of the algorithm.
    #[error("the private key is not one of the algorithm {0}")]
    BadKey(Algorithm),
    /// The cryptographic library failed.
    #[error("the cryptographic library could not make or use a key of the algorithm {0}")]
    Failed(Algorithm),
    /// The token that keeps the key failed.
    #[error(transparent)]
    Token(#[from] HsmError),
}

impl SigningKey {
    pub(super) fn new(id: &str, algorithm: Algorithm, private: Box<dyn PrivateKey>) -> Self {
        Self {
            id: id.into(),
            algorithm,
            header: EncodedHeader::new(algorithm, id),
            private,
        }
    }

    /// The key's id, its RFC 7638 thumbprint.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key's id, shared without a copy.
    #[must_use]
    pub fn shared_id(&self) -> Arc<str> {
        self.id.clone()
    }

    /// The algorithm with which it signs.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The first part of the tokens that it signs.
    #[must_use]
    pub fn header(&self) -> &EncodedHeader {
        &self.header
    }

    /// Signs a token, and returns it in compact form.
    ///
    /// # Errors
    /// [`SignError::Failed`], [`SignError::Token`].
    pub async fn sign(&self, token: UnsignedToken) -> Result<String, SignError> {
        let signature = self.private.sign(token.signing_input()).done().await?;
        Ok(token.with_signature(&signature))
    }

    /// Tests whether the key can sign. Signs bytes that can't be mistaken for a token.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub async fn test(&self) -> Result<(), SignError> {
        self.private.sign(b"d1-authz").done().await.map(drop)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm, self.id)
    }
}
