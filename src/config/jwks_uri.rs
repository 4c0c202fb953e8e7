//! `[jwks_uri]`: how the service fetches the keys of clients that publish them.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use dropshot_chassis::config::{Period, Reader, flag};

/// Fetching of clients' keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwksUriConfig {
    /// The file with the authorities of the servers' certificates (PEM). `None`: the system's
    /// authorities.
    pub ca_file: Option<PathBuf>,
    /// Whether a URL may lead to an address of this machine or of a private network.
    pub private_addresses: bool,
    /// How old keys may be before they are fetched again.
    pub refresh: Duration,
    /// How long keys are used while they can't be fetched again.
    pub keep: Duration,
}

impl JwksUriConfig {
    const REFRESH: Period = Period(Duration::from_secs(15 * 60));
    const KEEP: Period = Period::days(1);
    pub(super) const CA_FILE: &str = "jwks_uri.ca_file";

    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        const REFRESH: &str = "jwks_uri.refresh";
        const KEEP: &str = "jwks_uri.keep";
        let file = |text: &str| Ok::<_, Infallible>(PathBuf::from(text));
        let ca_file = reader.optional(Self::CA_FILE, file);
        let private_addresses = reader.or("jwks_uri.private_addresses", false, flag);
        let minute = Period(Duration::from_secs(60));
        let refresh = reader.or(
            REFRESH,
            Self::REFRESH,
            Period::within(minute..=Period::days(1)),
        );
        let keep = reader.or(KEEP, Self::KEEP, Period::within(minute..=Period::days(30)));
        let (refresh, keep) = (refresh?, keep?);
        if keep < refresh {
            let why = format!("must be at least as long as {REFRESH}, which is {refresh}");
            reader.mistake(KEEP, &why);
        }
        Some(Self {
            ca_file: ca_file?.map(|file| reader.absolute(Self::CA_FILE, &file)),
            private_addresses: private_addresses?,
            refresh: refresh.0,
            keep: keep.0,
        })
    }
}

impl Default for JwksUriConfig {
    fn default() -> Self {
        Self {
            ca_file: None,
            private_addresses: false,
            refresh: Self::REFRESH.0,
            keep: Self::KEEP.0,
        }
    }
}
