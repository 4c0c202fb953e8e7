//! The keys at one moment. A request reads one view from beginning to end, and doesn't wait.

use std::collections::BTreeSet;

use crate::keys::{KeyRing, Wanted};
use crate::token::Algorithm;

/// The keys that sign and verify tokens.
#[derive(Debug, Default, Clone)]
pub(crate) struct View {
    pub ring: KeyRing,
    /// The algorithms that clients want their tokens signed with.
    pub algorithms: BTreeSet<Algorithm>,
}

impl View {
    /// The algorithms that keys must be there for.
    pub(crate) fn wanted(&self, default: Algorithm) -> Wanted {
        Wanted {
            default,
            clients: self.algorithms.clone(),
        }
    }
}
