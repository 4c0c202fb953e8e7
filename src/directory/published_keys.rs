//! Makes the fetcher of clients' published keys from `[jwks_uri]`.

use crate::config::JwksUriConfig;
use crate::keys::{FetchError, RemoteKeys, RemoteSettings};

/// A fetcher with the settings of the configuration.
pub(crate) fn remote_keys(config: &JwksUriConfig) -> Result<RemoteKeys, FetchError> {
    RemoteKeys::new(&RemoteSettings {
        ca_file: config.ca_file.clone(),
        private_addresses: config.private_addresses,
        refresh: config.refresh,
        keep: config.keep,
    })
}

/// Checks that keys can be fetched with this configuration.
///
/// # Errors
/// [`FetchError`]: the file of certificate authorities can't be read.
pub fn check_jwks_uri(config: &JwksUriConfig) -> Result<(), FetchError> {
    remote_keys(config).map(drop)
}
