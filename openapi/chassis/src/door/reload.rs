//! Follows the files of `[tls]`: what a certificate manager renews is in force within seconds, and
//! what can't be used never is.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use slog::{Logger, error, info, warn};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::files::{Files, Loaded, TlsFileError};
use super::identity::Identity;
use crate::config::TlsConfig;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// The files, or why they can't be read.
type Seen = Result<Files, String>;

/// Looks at the files every second, and at once on SIGHUP; swaps what they make when they have
/// changed since `files`, which are in force. Their content is compared and not their times: links
/// are swapped, and clocks go back.
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
    // What was tried last, be it in force or not, and what was seen last.
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
        // A certificate and its key are two files: they are looked at when they have kept still for
        // a while, or on request.
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
