//! How many there are of each source.

use std::collections::HashMap;

use crate::issuer::Source;

/// Counts by source. One that has none takes no memory.
#[derive(Debug, Default)]
pub(super) struct Sources(HashMap<Source, u32>);

impl Sources {
    /// How many this source has.
    pub(super) fn of(&self, source: Source) -> u32 {
        self.0.get(&source).copied().unwrap_or(0)
    }

    /// It has one more.
    pub(super) fn add(&mut self, source: Source) {
        *self.0.entry(source).or_insert(0) += 1;
    }

    /// It has one less.
    pub(super) fn remove(&mut self, source: Source) {
        if let Some(count) = self.0.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&source);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
