//! Reading everything again, as after the store was put back to an earlier state.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;

use super::super::key_registry::changed;
use super::{Directory, LoadError, View};
use crate::keys::KeyRing;
use crate::store::Position;

impl Directory {
    /// Reads everything, as of a store that was put back to an earlier state. Gives the place that it is read up to. What was
    /// revoked in the history that is gone stays revoked.
    pub(super) async fn read_again(&self, now: Timestamp) -> Result<Position, LoadError> {
        let position = self.store.last_change().await?;
        self.revocations.read_after(0).await?;
        let (before, clients) = (self.view(), self.store.clients().await?);
        let mut view = View {
            accounts: HashMap::new(),
            with_chosen_secret: HashMap::new(),
            ..View::clone(&before)
        };
        for record in clients {
            let id = record.client.id.clone();
            if let Some(account) = before.accounts.get(&id) {
                view.accounts.insert(id, account.clone());
            }
            view.put(record);
        }
        view.note_algorithms();
        self.take_keys(&mut view, now).await?;
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
        Ok(position)
    }

    /// Puts the keys of now into a view.
    pub(super) async fn take_keys(&self, view: &mut View, now: Timestamp) -> Result<(), LoadError> {
        let keys = self.store.key_material().await?;
        let changed = changed(view.ring.set(), &keys.signing_keys, now);
        view.ring = KeyRing::open(&self.vault, keys, &view.ring);
        self.note_changed_keys(changed);
        Ok(())
    }
}
