//! What a store holds and an earlier state of it does not: what is lost, and what comes back, when
//! an operator restores that state.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{ClientRecord, Store, StoreError};
use crate::token::{ClientId, SecretId, Status};

/// How many clients are read at once.
const PAGE: usize = 1_000;

/// The differences between a store and an earlier state of it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Clients that were added since.
    pub clients_added: Vec<ClientId>,
    /// Clients that were removed since. They work again.
    pub clients_removed: Vec<ClientId>,
    /// Clients that were disabled since. They work again.
    pub clients_disabled: Vec<ClientId>,
    /// Clients whose secrets were changed since: the secrets from before work again, and the new
    /// ones do not.
    pub secrets_changed: Vec<ClientId>,
    /// Clients with any other change.
    pub clients_changed: Vec<ClientId>,
    /// The number of tokens that were revoked since and have not expired: they are active again.
    pub tokens_revoked: usize,
    /// Signing keys that were made since: their tokens can't be verified.
    pub keys_made: Vec<String>,
    /// Signing keys that were revoked since: they are published again.
    pub keys_revoked: Vec<String>,
    /// Audit trails that go further than the earlier state knows.
    pub audit_heads: Vec<TrailDifference>,
}

/// How far an audit trail goes.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct TrailDifference {
    /// The trail's id.
    pub trail: String,
    /// The last record that is known now.
    pub now: u64,
    /// The last record that the earlier state knows; `None` if it doesn't know the trail.
    pub then: Option<u64>,
}

/// The parts of a client that are compared.
#[derive(PartialEq, Eq)]
struct Gist {
    changed_at: Timestamp,
    status: Status,
    secrets: Vec<SecretId>,
}

impl Difference {
    /// Compares a store with an earlier state of it. Reads all of both, and so finds out whether
    /// each can be read.
    ///
    /// # Errors
    /// [`StoreError`]: one of the two can't be read.
    pub async fn between(
        now: &dyn Store,
        then: &dyn Store,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut difference = Self::default();
        difference.of_clients(now, then).await?;
        difference.of_tokens(now, then, at).await?;
        difference.of_keys(now, then).await?;
        let before = then.audit_heads().await?.into_iter();
        let before: HashMap<_, _> = before.map(|head| (head.trail, head.sequence)).collect();
        for head in now.audit_heads().await? {
            let then = before.get(&head.trail).copied();
            if then != Some(head.sequence) {
                difference.audit_heads.push(TrailDifference {
                    trail: head.trail,
                    now: head.sequence,
                    then,
                });
            }
        }
        Ok(difference)
    }

    /// Whether nothing is lost, and nothing comes back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The number of entries of each kind.
    #[must_use]
    pub fn numbers(&self) -> Value {
        json!({
            "clients_added": self.clients_added.len(),
            "clients_removed": self.clients_removed.len(),
            "clients_disabled": self.clients_disabled.len(),
            "secrets_changed": self.secrets_changed.len(),
            "clients_changed": self.clients_changed.len(),
            "tokens_revoked": self.tokens_revoked,
            "keys_made": self.keys_made.len(),
            "keys_revoked": self.keys_revoked.len(),
        })
    }

    async fn of_clients(&mut self, now: &dyn Store, then: &dyn Store) -> Result<(), StoreError> {
        let mut before: BTreeMap<ClientId, Gist> = BTreeMap::new();
        let mut last = None;
        while let Some(page) = next(then, &mut last).await? {
            let gists = page.into_iter();
            before.extend(gists.map(|record| (record.client.id.clone(), Gist::of(&record))));
        }
        let mut last = None;
        while let Some(page) = next(now, &mut last).await? {
            for record in page {
                let gist = Gist::of(&record);
                let id = record.client.id;
                match before.remove(&id) {
                    None => self.clients_added.push(id),
                    Some(same) if same == gist => {}
                    Some(other) if other.secrets != gist.secrets => self.secrets_changed.push(id),
                    Some(other) if other.status != gist.status => {
                        if gist.status == Status::Disabled {
                            self.clients_disabled.push(id);
                        } else {
                            self.clients_changed.push(id);
                        }
                    }
                    Some(_) => self.clients_changed.push(id),
                }
            }
        }
        self.clients_removed.extend(before.into_keys());
        Ok(())
    }

    async fn of_tokens(
        &mut self,
        now: &dyn Store,
        then: &dyn Store,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let before = then.tokens_revoked_after(0).await?.into_iter();
        let before: HashSet<_> = before.map(|token| token.id).collect();
        let revoked = now.tokens_revoked_after(0).await?.into_iter();
        let since = revoked.filter(|token| token.expires_at > at && !before.contains(&token.id));
        self.tokens_revoked = since.count();
        Ok(())
    }

    async fn of_keys(&mut self, now: &dyn Store, then: &dyn Store) -> Result<(), StoreError> {
        let before = then.signing_keys().await?;
        for key in now.signing_keys().await? {
            match before.iter().find(|before| before.id == key.id) {
                None => self.keys_made.push(key.id),
                Some(before) if before.revoked_at.is_none() && key.revoked_at.is_some() => {
                    self.keys_revoked.push(key.id);
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

impl Gist {
    fn of(record: &ClientRecord) -> Self {
        Self {
            changed_at: record.changed_at,
            status: record.client.status,
            secrets: record.secrets.iter().map(|secret| secret.id).collect(),
        }
    }
}

/// The next page; `None` after the last one.
async fn next(
    store: &dyn Store,
    last: &mut Option<ClientId>,
) -> Result<Option<Vec<ClientRecord>>, StoreError> {
    let page = store.clients_after(last.as_ref(), PAGE).await?;
    *last = page.last().map(|record| record.client.id.clone());
    Ok(last.is_some().then_some(page))
}
