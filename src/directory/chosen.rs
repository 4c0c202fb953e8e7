//! The clients that have a secret that somebody chose. Every failing authentication must cost as
//! much as that of the costliest of these clients.
//!
//! As long as all of these clients fit, they are held in memory, and the service knows which of
//! their secrets are unproven. If they don't fit, or before they are read, any client may be one of
//! them. Then every failure costs as much as the costliest client could.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::account::Account;
use crate::store::ClientRecord;
use crate::token::{ClientId, Effort};

/// The clients that have a chosen secret.
#[derive(Debug)]
pub(super) struct Chosen {
    /// How many clients may be held.
    most: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    accounts: HashMap<ClientId, Arc<Account>>,
    known: Known,
    costliest: Option<Costliest>,
    /// The most work that the check of one secret takes, of all secrets seen since `clear`.
    most_effort: Effort,
}

/// Whether the held clients are all such clients of the store.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Not all such clients have been read yet.
    #[default]
    NotYet,
    All,
    /// There was no room for all of them.
    NotAll,
}

/// The most work of each kind that a client's unproven secrets take. It only becomes less, until a
/// client changes.
#[derive(Debug)]
struct Costliest {
    effort: Effort,
    /// The clients whose secrets take that work.
    clients: Vec<(Arc<Account>, Effort)>,
}

impl Chosen {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            held: Mutex::default(),
        }
    }

    /// Whether a client is to be held. If there is no room for it, notes that not all are held.
    pub(super) fn holds(&self, record: &ClientRecord) -> bool {
        if !record.secrets.iter().any(|secret| secret.hash.is_chosen()) {
            return false;
        }
        let mut held = self.held();
        let has_room =
            held.accounts.len() < self.most || held.accounts.contains_key(&record.client.id);
        if !has_room {
            held.known = Known::NotAll;
        }
        has_room
    }

    /// Notes a client as it is now.
    pub(super) fn put(&self, account: &Arc<Account>) {
        let (mut held, id) = (self.held(), &account.client.id);
        let hashes = account
            .secrets
            .iter()
            .map(|secret| secret.stored.hash.effort());
        held.most_effort = hashes.fold(held.most_effort, Effort::max);
        let before = if account.is_held {
            held.accounts.insert(id.clone(), account.clone())
        } else {
            held.accounts.remove(id)
        };
        if account.is_held || before.is_some() {
            held.costliest = None;
        }
    }

    pub(super) fn remove(&self, id: &ClientId) {
        let mut held = self.held();
        if held.accounts.remove(id).is_some() {
            held.costliest = None;
        }
    }

    /// Releases all clients, until they are read again.
    pub(super) fn clear(&self) {
        *self.held() = Held::default();
    }

    /// Whether there are more such clients than are held.
    pub(super) fn are_too_many(&self) -> bool {
        self.held().known == Known::NotAll
    }

    /// Call this when all such clients have been read.
    pub(super) fn have_been_read(&self) {
        let mut held = self.held();
        if held.known == Known::NotYet {
            held.known = Known::All;
        }
    }

    /// How much work the check of any client's unproven chosen secrets is. Every failing
    /// authentication does this work, whichever client it names. Zero once all secrets are proven.
    pub(super) fn costly_checks(&self, now: Timestamp) -> Effort {
        let mut held = self.held();
        if held.known != Known::All {
            // Up to two secrets of a client work at once: see `Store::rotate_secret`.
            let one = Effort::OWN.max(held.most_effort);
            return one.plus(one);
        }
        if let Some(costliest) = &held.costliest {
            let mut clients = costliest.clients.iter();
            if clients.all(|(account, effort)| account.effort(now) == *effort) {
                return costliest.effort;
            }
        }
        let costliest = Costliest::of(held.accounts.values(), now);
        let effort = costliest.effort;
        held.costliest = Some(costliest);
        effort
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Costliest {
    fn of<'a>(accounts: impl Iterator<Item = &'a Arc<Account>>, now: Timestamp) -> Self {
        let mut costliest = Self {
            effort: Effort::default(),
            clients: Vec::new(),
        };
        for account in accounts {
            let effort = account.effort(now);
            let most = costliest.effort.max(effort);
            if most != costliest.effort {
                costliest.effort = most;
                costliest.clients.push((account.clone(), effort));
            }
        }
        costliest
    }
}
