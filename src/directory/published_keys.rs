//! From `[jwks_uri]` to the keys that clients publish.

use crate::config::JwksUriConfig;
use crate::keys::{FetchError, RemoteKeys, RemoteSettings};

/// Fetches keys as the configuration says.
pub(crate) fn remote_keys(config: &JwksUriConfig) -> Result<RemoteKeys, FetchError> {
    RemoteKeys::new(&RemoteSettings {
        ca_file: config.ca_file.clone(),
        private_addresses: config.private_addresses,
        refresh: config.refresh,
        keep: config.keep,
    })
}

/// Whether keys can be fetched as the configuration says.
///
/// # Errors
/// [`FetchError`]: the authorities that it names can't be read.
pub fn check_jwks_uri(config: &JwksUriConfig) -> Result<(), FetchError> {
    remote_keys(config).map(drop)
}
