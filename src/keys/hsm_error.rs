//! What can go wrong with a token that keeps keys.

/// A PKCS#11 token that can't do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the PKCS#11 token {token:?}: {what}")]
pub struct HsmError {
    /// Its label.
    pub token: String,
    /// What failed, and with which return value of the module.
    pub what: String,
}
