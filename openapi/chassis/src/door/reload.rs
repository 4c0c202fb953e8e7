//! Follows the files of `[tls]`. Files that a certificate manager renews are in force within
//! seconds; files that can't be used never are.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use slog::{Logger, error, info, warn};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::files::{Files, Loaded, TlsFileError};
use super::identity::Identity;
use crate::config::TlsConfig;

/// How often the files are read.
const EVERY: Duration = Duration::from_secs(1);

/// The files, or why they can't be read.
type Seen = Result<Files, String>;

/// Reads the files every second, and at once on SIGHUP. Puts them in force if they differ from
/// `files`, which are in force so far. Contents are compared, not times: links are swapped, and
/// clocks go back.
pub(super) async fn follow(
    identity: Arc<Identity>,
    files: Files,
    ends: Timestamp,
    config: TlsConfig,
    log: Logger,
) {
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => Some(hangups),
        Err(error) => {
            warn!(log, "SIGHUP can't be listened for; the files of [tls] are followed all the same"; "error" => error.to_string());
            None
        }
    };
    info!(log, "TLS is ended here"; "certificate_ends" => ends.to_string());
    // The files that were tried last, whether or not they are in force, and the files that were
    // seen last.
    let mut tried: Seen = Ok(files);
    let mut before: Option<Seen> = None;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let asked = tokio::select! {
            _ = ticks.tick() => false,
            () = hangup(hangups.as_mut()) => true,
        };
        let seen = Files::read(&config).map_err(|error| error.to_string());
        // A certificate and its key are two files. They are tried once they stay the same for a
        // second, or at once on request.
        let is_still = before.as_ref() == Some(&seen);
        if asked || (seen != tried && is_still) {
            let loaded = seen.as_ref().map_err(Clone::clone).and_then(|files| {
                let loaded = files.load(&config);
                loaded.map_err(|error: TlsFileError| error.to_string())
            });
            match loaded {
                Ok(Loaded { server, ends }) => {
                    identity.swap(server);
                    info!(log, "the files of [tls] were read again and are in force"; "certificate_ends" => ends.to_string());
                }
                Err(error) => {
                    error!(log, "the files of [tls] can't be used; those before stay in force"; "error" => error);
                }
            }
            tried = seen;
            before = None;
        } else {
            before = Some(seen);
        }
    }
}

async fn hangup(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
