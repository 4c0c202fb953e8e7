//! Faults around the service: processes that are killed or frozen, networks that swallow bytes,
//! full disks, lost databases. The faults are real and as short as a test needs. `cargo xtask
//! faults` runs them for longer and shows the figures.

mod database;
pub(crate) mod disk;
mod flood;
mod killed;
mod load;
mod migration;
mod replicas;

use std::time::Duration;

use d1_authz::admin::Installation;
use d1_authz::clock::SystemClock;
use d1_authz::config::Config;

use crate::harness::Setup;
use load::Load;

/// The size of a test: the environment variable `FAULTS_KILLS` or the like, or a default.
fn number(name: &str, default: u32) -> u32 {
    std::env::var(format!("FAULTS_{name}")).map_or(default, |text| text.parse().unwrap())
}

/// Opens what the commands of administrators work with, in this process. The start of a command
/// takes longer than what the tests measure.
async fn administration(setup: &Setup) -> Installation {
    let config = Config::load(Some(&setup.config())).unwrap();
    let clock = std::sync::Arc::new(SystemClock);
    Installation::open(&config, clock).await.unwrap()
}

/// The percentile of the times.
fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}
