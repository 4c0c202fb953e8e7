//! Reads clients before they ask. This runs in the background, so a service with a million clients
//! starts as fast as a service with one.

use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::Directory;
use crate::store::StoreError;
use crate::token::ClientId;

impl Directory {
    /// How many clients are read at once. Meanwhile no change comes into force.
    const PAGE: usize = 500;

    /// Reads the clients with chosen secrets, and then as many others as fit. Does nothing if they
    /// have been read.
    pub(crate) async fn fill(&self, now: Timestamp) -> Result<(), StoreError> {
        if self.filled.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let done = async {
            self.read_those_with_chosen_secrets(now).await?;
            self.read_others(now).await
        };
        let done = done.await;
        if done.is_err() {
            self.filled.store(false, Ordering::Relaxed);
        }
        done
    }

    async fn read_those_with_chosen_secrets(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut last: Option<ClientId> = None;
        while !self.accounts.has_no_room_for_chosen() {
            let _nothing_older = self.applied.lock().await;
            let page = self
                .store
                .clients_with_chosen_secrets(last.as_ref(), Self::PAGE);
            let page = page.await?;
            last = page.last().map(|record| record.client.id.clone());
            if last.is_none() {
                self.accounts.chosen_have_been_read();
                break;
            }
            for record in page {
                self.accounts.put(record, now);
            }
        }
        Ok(())
    }

    async fn read_others(&self, now: Timestamp) -> Result<(), StoreError> {
        let (mut last, mut room): (Option<ClientId>, _) = (None, self.accounts.most());
        while room > 0 {
            let _nothing_older = self.applied.lock().await;
            let page = self
                .store
                .clients_after(last.as_ref(), Self::PAGE.min(room));
            let page = page.await?;
            last = page.last().map(|record| record.client.id.clone());
            if last.is_none() {
                self.note_number(self.accounts.len());
                break;
            }
            room = room.saturating_sub(page.len());
            for record in page {
                if !self.accounts.contains(&record.client.id) {
                    self.accounts.put(record, now);
                }
            }
        }
        Ok(())
    }

    /// Asks the store how many clients there are.
    pub(crate) async fn count_clients(&self) -> Result<(), StoreError> {
        let number = self.store.number_of_clients().await?;
        self.note_number(usize::try_from(number).unwrap_or(usize::MAX));
        Ok(())
    }

    /// How many clients the store has. `None` if they were not counted yet.
    pub(crate) fn number_of_clients(&self) -> Option<usize> {
        let number = self.number.load(Ordering::Relaxed);
        (number != Self::NOT_COUNTED).then_some(number)
    }

    fn note_number(&self, number: usize) {
        self.number.store(number, Ordering::Relaxed);
    }
}
