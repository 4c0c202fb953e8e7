//! The keys as of one moment. A request reads one view from beginning to end, without waiting for
//! anybody.

use std::collections::BTreeSet;

use crate::keys::{KeyRing, Wanted};
use crate::token::Algorithm;

/// What tokens are signed and verified with.
#[derive(Debug, Default, Clone)]
pub(crate) struct View {
    pub ring: KeyRing,
    /// What clients want their tokens signed with that have a wish of their own.
    pub algorithms: BTreeSet<Algorithm>,
}

impl View {
    /// What keys are for.
    pub(crate) fn wanted(&self, default: Algorithm) -> Wanted {
        Wanted {
            default,
            clients: self.algorithms.clone(),
        }
    }
}
