//! Reads everything again, for example after a restore of the store to an earlier state.

use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::{Directory, LoadError};
use crate::keys::{KeyRing, PublishedKey};
use crate::store::Position;

impl Directory {
    /// Reads everything again, because the rows of the store are not those that were read.
    pub(crate) async fn read_again(&self, now: Timestamp) -> Result<(), LoadError> {
        let mut applied = self.applied.lock().await;
        *applied = self.start_again(now).await?;
        Ok(())
    }

    /// Begins again, as after a restore of the store to an earlier state. Clients are read when
    /// they ask, and in the background. Gives the position up to which the store is read. A token
    /// that was revoked in the lost history stays revoked.
    pub(super) async fn start_again(&self, now: Timestamp) -> Result<Position, LoadError> {
        let position = self.store.last_change().await?;
        self.revocations.read_after(0).await?;
        self.take_algorithms().await?;
        self.take_keys(now).await?;
        // Clients are forgotten last: if the store fails before that, known clients still get
        // tokens.
        self.accounts.clear(now);
        self.asked.clear();
        self.filled.store(false, Ordering::Relaxed);
        Ok(position)
    }

    /// Puts the store's keys into the view.
    pub(super) async fn take_keys(&self, now: Timestamp) -> Result<(), LoadError> {
        let (keys, before) = (self.store.key_material().await?, self.view());
        let changed = PublishedKey::changed(before.ring.set(), &keys.signing_keys, now);
        let ring = KeyRing::open(&self.vault, keys, &before.ring);
        self.change_view(|view| view.ring = ring);
        self.note_changed_keys(changed);
        Ok(())
    }
}
