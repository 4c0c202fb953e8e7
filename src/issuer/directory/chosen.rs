//! Whose secrets somebody chose, so that every failing authentication costs as much as that of the costliest client.
//!
//! As long as all such clients fit, they are held in memory, and it is known which of their secrets are unproven. Otherwise, and
//! until they are read, any client may be one of them, so that everybody's failure costs the most that a client's can.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::account::Account;
use crate::store::ClientRecord;
use crate::token::ClientId;

/// The clients that have a chosen secret.
#[derive(Debug)]
pub(super) struct Chosen {
    /// How many are held.
    most: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    accounts: HashMap<ClientId, Arc<Account>>,
    known: Known,
    costliest: Costliest,
}

/// Whether those that are held are all that the store has.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Not before all were read.
    #[default]
    NotYet,
    All,
    /// There was no room.
    NotAll,
}

/// The client with the most unproven secrets. They only become fewer, until a client changes.
#[derive(Debug, Default)]
enum Costliest {
    #[default]
    Unknown,
    Nobody,
    One {
        account: Arc<Account>,
        checks: usize,
    },
}

impl Chosen {
    /// How many secrets of a client work at once: see [`crate::store::Store::rotate_secret`].
    const OF_A_CLIENT: usize = 2;

    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            held: Mutex::default(),
        }
    }

    /// Whether a client is to be held. If it should be and there is no room, not all are held any more.
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

    /// Takes note of a client as it is now.
    pub(super) fn put(&self, account: &Arc<Account>) {
        let (mut held, id) = (self.held(), &account.client.id);
        let before = if account.is_held {
            held.accounts.insert(id.clone(), account.clone())
        } else {
            held.accounts.remove(id)
        };
        if account.is_held || before.is_some() {
            held.costliest = Costliest::Unknown;
        }
    }

    pub(super) fn remove(&self, id: &ClientId) {
        let mut held = self.held();
        if held.accounts.remove(id).is_some() {
            held.costliest = Costliest::Unknown;
        }
    }

    /// Lets go of all, until they are read again.
    pub(super) fn clear(&self) {
        *self.held() = Held::default();
    }

    /// Whether there are more than are held.
    pub(super) fn are_too_many(&self) -> bool {
        self.held().known == Known::NotAll
    }

    /// To be called when all have been read.
    pub(super) fn have_been_read(&self) {
        let mut held = self.held();
        if held.known == Known::NotYet {
            held.known = Known::All;
        }
    }

    /// How often Argon2 must be run to check the chosen secrets of the client that has most of them unproven: the work that
    /// every failing authentication does, whoever it names. Zero once all are proven.
    pub(super) fn costly_checks(&self, now: Timestamp) -> usize {
        let mut held = self.held();
        if held.known != Known::All {
            return Self::OF_A_CLIENT;
        }
        match &held.costliest {
            Costliest::Nobody => return 0,
            Costliest::One { account, checks } if account.unproven(now).count() == *checks => {
                return *checks;
            }
            _ => {}
        }
        let counted = held.accounts.values();
        let counted = counted.map(|account| (account.unproven(now).count(), account));
        let costliest = counted.max_by_key(|(checks, _)| *checks);
        let costliest = costliest.filter(|(checks, _)| *checks > 0);
        let costliest = costliest.map(|(checks, account)| (checks, account.clone()));
        held.costliest = match costliest {
            None => Costliest::Nobody,
            Some((checks, account)) => Costliest::One { account, checks },
        };
        match held.costliest {
            Costliest::One { checks, .. } => checks,
            _ => 0,
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
