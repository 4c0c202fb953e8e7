//! Reading everything again, as after the store was put back to an earlier state.

use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::{Directory, LoadError};
use crate::keys::{KeyRing, PublishedKey};
use crate::store::Position;

impl Directory {
    /// Reads everything again, as the rows of the store are not those that were read.
    pub(crate) async fn read_again(&self, now: Timestamp) -> Result<(), LoadError> {
        let mut applied = self.applied.lock().await;
        *applied = self.start_again(now).await?;
        Ok(())
    }

    /// Begins again, as of a store that was put back to an earlier state: clients are read when
    /// they ask, and in the background. Gives the place that it is read up to. What was revoked in
    /// the history that is gone stays revoked.
    pub(super) async fn start_again(&self, now: Timestamp) -> Result<Position, LoadError> {
        let position = self.store.last_change().await?;
        self.revocations.read_after(0).await?;
        self.take_algorithms().await?;
        self.take_keys(now).await?;
        // Last: whoever is known goes on, should the store be gone meanwhile.
        self.accounts.clear(now);
        self.asked.clear();
        self.filled.store(false, Ordering::Relaxed);
        Ok(position)
    }

    /// Puts the keys of now into the view.
    pub(super) async fn take_keys(&self, now: Timestamp) -> Result<(), LoadError> {
        let (keys, before) = (self.store.key_material().await?, self.view());
        let changed = PublishedKey::changed(before.ring.set(), &keys.signing_keys, now);
        let ring = KeyRing::open(&self.vault, keys, &before.ring);
        self.change_view(|view| view.ring = ring);
        self.note_changed_keys(changed);
        Ok(())
    }
}
