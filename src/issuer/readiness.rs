//! Whether the service may take traffic, and which problems it has.

use dropshot_chassis::{Problem, Readiness};

use super::Issuer;
use crate::admin::Seen;

/// How many gaps in the trail since the start `/readyz` lists. `/metrics` has the number of all
/// gaps.
const GAPS_TOLD: usize = 3;

/// Whether a good request would get a token.
pub(super) fn readiness(issuer: &Issuer) -> Readiness {
    let (mut problems, now) = (Vec::new(), issuer.clock.now());
    let freshness = &issuer.directory.freshness;
    let mut ready = !freshness.is_over();
    if !ready {
        // The message leaves out the age, because a message that changes each second is told each
        // second.
        problems.push(Problem {
            part: "store",
            message: "store.max_staleness has passed since it was last read".to_owned(),
        });
    }
    for message in issuer.store.findings().problems() {
        // The other rows are as they should be, so the service stays ready.
        problems.push(Problem {
            part: "store",
            message,
        });
    }
    if let Ok(Seen::AnotherStore) = issuer.witness.read() {
        problems.push(Problem {
            part: "store",
            message: format!(
                "{} is of another store: the one that was here is gone, or was emptied; if this was you, run `store verify --accept`",
                issuer.witness.path().display()
            ),
        });
    }
    if let Some(message) = issuer.directory.fault() {
        // Until `store.max_staleness` has passed, known clients go on getting tokens.
        problems.push(Problem {
            part: "store",
            message,
        });
    }
    let view = issuer.directory.view();
    if view.ring.signer(None, now).is_none() {
        ready = false;
        problems.push(Problem {
            part: "keys",
            message: "no key may sign now".into(),
        });
    }
    if let Some((_, fault)) = issuer.directory.failed_token() {
        ready = false;
        problems.push(Problem {
            part: "keys",
            message: fault.to_string(),
        });
    }
    let unusable = view.ring.fault().map(ToString::to_string);
    for message in unusable.into_iter().chain(issuer.keys.fault()) {
        problems.push(Problem {
            part: "keys",
            message,
        });
    }
    if let Some(fault) = issuer.records.trail.fault() {
        ready = false;
        problems.push(Problem {
            part: "audit",
            message: fault.to_string(),
        });
    }
    if issuer.records.sampling.is_scarce()
        && let Some(scarcity) = issuer.records.scarcity()
    {
        problems.push(Problem {
            part: "audit",
            message: scarcity.to_string(),
        });
    }
    // A gap is told, but is no reason to refuse tokens. They are recorded in the trail that
    // follows.
    let gaps = issuer.records.trail.gaps();
    let last = gaps.iter().rev().take(GAPS_TOLD).rev();
    let of_changes = issuer.changes.gaps().into_iter();
    let gaps = last.map(ToString::to_string).chain(of_changes);
    let gaps = gaps.chain(issuer.changes.fault());
    problems.extend(gaps.map(|message| Problem {
        part: "audit",
        message,
    }));
    Readiness { ready, problems }
}
