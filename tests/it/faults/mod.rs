//! What goes wrong around the service: processes that are killed or frozen, networks that swallow,
//! disks that are full, databases that are gone. Real ones, each for as long as a test may take;
//! `cargo xtask faults` asks for more, and shows the figures.

mod database;
pub(crate) mod disk;
mod flood;
mod killed;
mod load;
mod migration;
mod replicas;

use std::time::Duration;

use d1_authz::clock::SystemClock;
use d1_authz::config::Config;
use d1_authz::issuer::Installation;

use crate::harness::Setup;
use load::Load;

/// How much of it: `FAULTS_KILLS` and the like.
fn number(name: &str, default: u32) -> u32 {
    std::env::var(format!("FAULTS_{name}")).map_or(default, |text| text.parse().unwrap())
}

/// What administrators work with, in this process: a command takes longer to start than what is
/// measured.
async fn administration(setup: &Setup) -> Installation {
    let config = Config::load(Some(&setup.config())).unwrap();
    let clock = std::sync::Arc::new(SystemClock);
    Installation::open(&config, clock).await.unwrap()
}

/// The one that so many in a hundred are not longer than.
fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}
