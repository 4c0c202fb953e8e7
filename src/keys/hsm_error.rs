//! Why a token that keeps keys fails.

/// The failure of a PKCS#11 token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the PKCS#11 token {token:?}: {what}")]
pub struct HsmError {
    /// The token's label.
    pub token: String,
    /// What failed, and with which return value of the module.
    pub what: String,
}
