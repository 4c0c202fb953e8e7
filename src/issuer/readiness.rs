//! Whether the service may take traffic, and what is wrong.

use serde::Serialize;

use super::Issuer;
use crate::admin::Seen;

/// Whether the service may take traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether a good request would get a token.
    pub ready: bool,
    /// What is wrong, also where it doesn't keep tokens from being issued.
    pub problems: Vec<Problem>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `store`, `keys` or `audit`.
    pub part: &'static str,
    /// What.
    pub message: String,
}

impl Issuer {
    /// Of gaps in the trail since the start, how many are told; `/metrics` has their number.
    const GAPS_TOLD: usize = 3;

    /// Whether a good request would get a token.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let (mut problems, now) = (Vec::new(), self.clock.now());
        let freshness = &self.directory.freshness;
        let mut ready = !freshness.is_over();
        if !ready {
            // Without its age: what is new each second is told each second.
            problems.push(Problem {
                part: "store",
                message: "store.max_staleness has passed since it was last read".to_owned(),
            });
        }
        for message in self.store.findings().problems() {
            // The others are as they should be.
            problems.push(Problem {
                part: "store",
                message,
            });
        }
        if let Ok(Seen::AnotherStore) = self.witness.read() {
            problems.push(Problem {
                part: "store",
                message: format!(
                    "{} is of another store: the one that was here is gone, or was emptied; if this was you, run `store verify --accept`",
                    self.witness.path().display()
                ),
            });
        }
        if let Some(message) = self.directory.fault() {
            // Until then, known clients go on getting tokens.
            problems.push(Problem {
                part: "store",
                message,
            });
        }
        let view = self.directory.view();
        if view.ring.signer(None, now).is_none() {
            ready = false;
            problems.push(Problem {
                part: "keys",
                message: "no key may sign now".into(),
            });
        }
        if let Some((_, fault)) = self.directory.failed_token() {
            ready = false;
            problems.push(Problem {
                part: "keys",
                message: fault.to_string(),
            });
        }
        let unusable = view.ring.fault().map(ToString::to_string);
        for message in unusable.into_iter().chain(self.keys.fault()) {
            problems.push(Problem {
                part: "keys",
                message,
            });
        }
        if let Some(fault) = self.trail.fault() {
            ready = false;
            problems.push(Problem {
                part: "audit",
                message: fault.to_string(),
            });
        }
        if self.sampling.is_scarce()
            && let Some(scarcity) = self.scarcity()
        {
            problems.push(Problem {
                part: "audit",
                message: scarcity.to_string(),
            });
        }
        // Told, and no reason to refuse tokens: they are recorded in the trail that follows.
        let gaps = self.trail.gaps();
        let last = gaps.iter().rev().take(Self::GAPS_TOLD).rev();
        let of_changes = self.changes.gaps().into_iter();
        let gaps = last.map(ToString::to_string).chain(of_changes);
        let gaps = gaps.chain(self.changes.fault());
        problems.extend(gaps.map(|message| Problem {
            part: "audit",
            message,
        }));
        Readiness { ready, problems }
    }

    /// Why the store doesn't say that something has changed, where it could. Polls find that as
    /// well, a moment later.
    #[must_use]
    pub fn unheard(&self) -> Option<String> {
        self.store.unheard()
    }
}
