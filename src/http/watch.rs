//! The work beside the requests: follows the store, fetches the keys that clients publish, and logs
//! when a problem begins and when all problems are gone.

use std::sync::Arc;
use std::time::Duration;

use dropshot_chassis::Readiness;
use slog::{Logger, error, info, warn};
use tokio::time::{MissedTickBehavior, interval};

use crate::issuer::Issuer;
use crate::keys::Fetched;

const EVERY: Duration = Duration::from_secs(1);

/// Does this work until the future is dropped.
pub(super) async fn watch(issuer: Arc<Issuer>, log: Logger) {
    // A store that can't be read is one of the problems that are logged.
    tokio::join!(
        issuer.follow(),
        issuer.fetch_client_keys(|fetched| tell_fetched(&fetched, &log)),
        report(&issuer, &log)
    );
}

fn tell_fetched(fetched: &Fetched<'_>, log: &Logger) {
    let uri = fetched.uri.as_str();
    match &fetched.outcome {
        Ok(keys) => {
            let names = keys.thumbprints().join(" ");
            info!(log, "a client's keys were fetched";
                "jwks_uri" => uri, "keys" => names, "passed_by" => fetched.passed_by);
        }
        Err(error) => {
            warn!(log, "a client's keys can't be fetched; those that are known stay in use for jwks_uri.keep";
                "jwks_uri" => uri, "error" => error.to_string());
        }
    }
}

async fn report(issuer: &Issuer, log: &Logger) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = Vec::new();
    let mut is_heard = true;
    loop {
        ticks.tick().await;
        let unheard = issuer.unheard();
        if unheard.is_none() != is_heard {
            is_heard = !is_heard;
            match unheard {
                Some(why) => {
                    info!(log, "changes in the store are found only by polls"; "why" => why);
                }
                None => info!(log, "changes in the store are announced again"),
            }
        }
        let Readiness { ready, problems } = issuer.readiness();
        for problem in problems.iter().filter(|problem| !before.contains(*problem)) {
            let (part, message) = (problem.part, problem.message.as_str());
            if ready {
                warn!(log, "something is wrong, but tokens are still issued"; "part" => part, "problem" => message);
            } else {
                error!(log, "no tokens are issued"; "part" => part, "problem" => message);
            }
        }
        if problems.is_empty() && !before.is_empty() {
            info!(log, "all is well again");
        }
        before = problems;
    }
}
