//! Looks at the store: reads what has changed, and the clients that requests ask for.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::account::Account;
use super::asked::Answer;
use super::{Directory, LoadError, lock};
use crate::guard::Questions;
use crate::store::{Change, ClientRecord, News, StoreError, Subject};
use crate::token::ClientId;

/// A client, or `None` if there is no such client. Not to be confused with not knowing because the
/// store can't be read.
pub(crate) type Found = Option<Arc<Account>>;

/// Readiness says this about a standby that is behind. Tokens are still issued until
/// `store.max_staleness` has passed.
const BEHIND: &str = "store is behind: the standby that store.url leads to has not replayed all that its primary wrote; \
    look at its replication (pg_stat_wal_receiver, pg_get_wal_replay_pause_state), or name another server";

impl Directory {
    /// How old the data of a standby may be before readiness says so.
    const BEHIND: Duration = Duration::from_secs(10);
    /// How many clients are checked before any client is read, if the store has another history.
    const CHECKED_AT_ONCE: usize = 1000;
    /// How long a request waits for the store.
    const PATIENCE: Duration = Duration::from_secs(3);

    /// Finds a client by a look at the store that begins now, or by one that soon begins for
    /// several requests. `None` if the store can't be read.
    pub(crate) async fn ask(&self, id: &str, now: Timestamp) -> Option<Found> {
        let Ok(id) = ClientId::parse(id) else {
            return self.look(now).await.then_some(None);
        };
        let look = |questions| self.look_for(questions, now);
        // On the heap, since every request would carry its state otherwise.
        let asking = timeout(Self::PATIENCE, Box::pin(self.catch_up.ask(&id, look))).await;
        asking.ok().flatten()
    }

    /// Applies what has changed, by such a look. `true` if the store could be read.
    pub(crate) async fn look(&self, now: Timestamp) -> bool {
        let look = |questions| self.look_for(questions, now);
        let looking = timeout(Self::PATIENCE, Box::pin(self.catch_up.once(look))).await;
        looking.unwrap_or(false)
    }

    /// What is known of a client without a look: the client, or that the store was asked a moment
    /// ago and has no such client.
    pub(crate) fn known(&self, id: &str, now: Timestamp) -> Option<Found> {
        if let Some(account) = self.accounts.get(id) {
            return Some(Some(account));
        }
        (self.asked.about(id, now) == Some(Answer::Nobody)).then_some(None)
    }

    /// Whether the store was asked about a client a moment ago.
    pub(crate) fn was_asked_about(&self, id: &str, now: Timestamp) -> bool {
        self.asked.about(id, now).is_some()
    }

    /// Applies what has changed in the store since the last time. `true` if there may be more.
    /// Keeps the error for readiness, if there is one.
    pub(crate) async fn refresh(&self, now: Timestamp) -> Result<bool, LoadError> {
        let done = self.apply(&Questions::default(), now).await;
        self.note_outcome(&done);
        done
    }

    async fn look_for(&self, questions: Questions<Found>, now: Timestamp) -> bool {
        let done = self.apply(&questions, now).await;
        self.note_outcome(&done);
        done.is_ok()
    }

    async fn apply(&self, questions: &Questions<Found>, now: Timestamp) -> Result<bool, LoadError> {
        let mut applied = self.applied.lock().await;
        // The age is read first. What is read after it is at least as new.
        *lock(&self.age) = self.store.age().await?;
        let changes = match self.store.changes_after(*applied).await? {
            News::Changes(changes) => changes,
            News::OtherHistory => {
                self.store.begin_again();
                // Rows are checked first, so that no row is read that an attacker put back.
                self.store.check_rows(Some(Self::CHECKED_AT_ONCE)).await?;
                *applied = self.start_again(now).await?;
                Vec::new()
            }
        };
        let changed = Changed::by(&changes);
        if changed.tokens {
            self.revocations.read_after(applied.sequence).await?;
        }
        self.read_clients(&changed.clients, questions, now).await?;
        if changed.keys {
            self.take_keys(now).await?;
        }
        if let Some(last) = changes.last() {
            *applied = last.position;
        }
        Ok(!changes.is_empty())
    }

    /// Reads the clients that changed, and those that requests ask for.
    async fn read_clients(
        &self,
        changed: &BTreeSet<&ClientId>,
        questions: &Questions<Found>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for id in changed {
            self.asked.forget(id);
        }
        let mut wanted = changed.clone();
        for (id, question) in questions {
            match self.known(id.as_str(), now) {
                Some(found) if self.was_asked_about(id.as_str(), now) => {
                    question.get_or_init(|| found);
                }
                _ => {
                    wanted.insert(id);
                }
            }
        }
        let mut records: HashMap<ClientId, ClientRecord> = HashMap::new();
        if !wanted.is_empty() {
            let ids: Vec<ClientId> = wanted.iter().map(|id| (*id).clone()).collect();
            let read = self.store.clients_named(&ids).await?;
            records.extend(
                read.into_iter()
                    .map(|record| (record.client.id.clone(), record)),
            );
        }
        for id in &wanted {
            let record = records.remove(*id);
            let question = questions.get(*id);
            if question.is_some() {
                let answer = record.as_ref().map_or(Answer::Nobody, |_| Answer::Somebody);
                self.asked.note(id, answer, now);
            }
            let Some(record) = record else {
                self.accounts.remove(id, now);
                question.map(|question| question.set(None));
                continue;
            };
            self.note_algorithm(record.client.token_algorithm);
            let before = self.accounts.get(id.as_str());
            let before = before.filter(|before| before.changed_at == record.changed_at);
            let account = match before {
                Some(same) if !changed.contains(*id) => same,
                _ if question.is_some() || self.accounts.wants(&record) => {
                    self.accounts.put(record, now)
                }
                _ => continue,
            };
            // The answer doesn't come from the cache, which may evict the client before the request
            // gets its answer.
            question.map(|question| question.set(Some(account)));
        }
        Ok(())
    }

    fn note_outcome(&self, done: &Result<bool, LoadError>) {
        let age = *lock(&self.age);
        if done.is_ok() {
            self.freshness.note(age);
        }
        let fault = match done {
            Ok(_) => (age > Self::BEHIND).then(|| BEHIND.to_owned()),
            Err(error) => Some(error.to_string()),
        };
        self.note_fault(fault);
    }
}

/// What the feed says, by kind.
struct Changed<'a> {
    clients: BTreeSet<&'a ClientId>,
    keys: bool,
    tokens: bool,
}

impl<'a> Changed<'a> {
    fn by(changes: &'a [Change]) -> Self {
        let mut changed = Self {
            clients: BTreeSet::new(),
            keys: false,
            tokens: false,
        };
        for change in changes {
            match &change.subject {
                Subject::Client(id) => {
                    changed.clients.insert(id);
                }
                Subject::SigningKey(_) => changed.keys = true,
                Subject::Token(_) => changed.tokens = true,
                Subject::Unknown => {}
            }
        }
        changed
    }
}
