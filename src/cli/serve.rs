//! `serve`: runs the service with a configuration.

use std::sync::Arc;

use clap::Args;
use dropshot_chassis::life::log;
use dropshot_chassis::life::process::Threads;
use dropshot_chassis::private_file::check_private;
use dropshot_chassis::{Addresses, StopSignal};
use slog::{Logger, info, warn};

use super::confinement::confine;
use super::error::Error;
use super::source::Source;
use crate::admin::Installation;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::http;
use crate::issuer::Issuer;

/// Run the service
///
/// SIGTERM and SIGINT end it. It first drains for limits.drain_time: it reports that it is not
/// ready, and still serves. Then it answers the open requests, within 20 seconds. A second signal
/// ends the drain.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz serve --config /etc/d1-authz/d1-authz.toml\n  D1_AUTHZ_LISTEN__API=0.0.0.0:8443 d1-authz serve --config d1-authz.toml"
)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: Arguments, source: &Source, threads: Threads) -> Result<(), Error> {
    let config = source.load()?;
    let confinement = confine(&config);
    threads.run(async {
        let installation = Installation::open(&config, Arc::new(SystemClock)).await?;
        let (log, guard) = log::to_stderr(config.log);
        confinement.tell(&log);
        tell_exposed_files(&config, &log);
        let result = serve(&config, &installation, &log, |_| Ok(())).await;
        drop((log, guard));
        result
    })
}

/// Warns of each file with a secret that other users may read. The service uses it all the same.
fn tell_exposed_files(config: &Config, log: &Logger) {
    for (key, file) in config.private_files() {
        if let Ok(Some(exposed)) = check_private(file) {
            warn!(log, "other users may read a secret"; "key" => key, "problem" => exposed.to_string());
        }
    }
}

/// Serves until a signal stops the process. Calls `serving` once the service listens.
pub(super) async fn serve(
    config: &Config,
    installation: &Installation,
    log: &Logger,
    serving: impl FnOnce(Addresses) -> Result<(), Error>,
) -> Result<(), Error> {
    let stop = StopSignal::listen().map_err(Error::failed)?;
    for warning in config.warnings() {
        warn!(log, "the configuration is valid but unsafe"; "warning" => warning);
    }
    let issuer = Arc::new(Issuer::open(installation, config).await?);
    let server = http::start(config, issuer, log.clone()).await?;
    let addresses = server.addresses();
    info!(log, "serving";
        "version" => env!("CARGO_PKG_VERSION"),
        "issuer" => config.issuer.as_str(),
        "api" => addresses.api.to_string(),
        "ops" => addresses.ops.to_string(),
    );
    serving(addresses)?;
    let result = server.run(stop).await;
    installation.store().close().await;
    Ok(result?)
}
