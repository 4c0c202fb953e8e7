//! A signing key: able to sign access tokens in one algorithm, wherever its private half is kept.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::HsmError;
use crate::token::{Algorithm, EncodedHeader, UnsignedToken};

/// A private key that signs access tokens.
pub struct SigningKey {
    id: Arc<str>,
    algorithm: Algorithm,
    header: EncodedHeader,
    private: Box<dyn PrivateKey>,
}

/// The private half of a key, in this process or out of its reach.
#[async_trait]
pub(super) trait PrivateKey: Send + Sync {
    /// The signature of a message in the form that RFC 7518 3 has for the algorithm: of ECDSA, R
    /// and S in full length.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// A key that could not be made, read, or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Not a private key of the algorithm.
    #[error("the private key is not one of the algorithm {0}")]
    BadKey(Algorithm),
    /// The cryptographic library failed.
    #[error("the cryptographic library could not make or use a key of the algorithm {0}")]
    Failed(Algorithm),
    /// The token failed that keeps the key.
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

    /// The same, for keeping without a copy.
    #[must_use]
    pub fn shared_id(&self) -> Arc<str> {
        self.id.clone()
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The first part of the tokens that it signs.
    #[must_use]
    pub fn header(&self) -> &EncodedHeader {
        &self.header
    }

    /// Finishes a token.
    ///
    /// # Errors
    /// [`SignError::Failed`], [`SignError::Token`].
    pub async fn sign(&self, token: UnsignedToken) -> Result<String, SignError> {
        let signature = self.private.sign(token.signing_input()).await?;
        Ok(token.with_signature(&signature))
    }

    /// Whether it can sign at all: tries it with what can't be taken for a token.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub async fn test(&self) -> Result<(), SignError> {
        self.private.sign(b"d1-authz").await.map(drop)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm, self.id)
    }
}
