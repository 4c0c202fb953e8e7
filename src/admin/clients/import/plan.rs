//! The plan of an import, for the store and for the audit trail.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Event, ImportedClient, Outcome};
use crate::admin::clients::added;
use crate::admin::values;
use crate::keys::ClientKeys;
use crate::store::{ClientRecord, ClientUpdate};
use crate::token::{Algorithm, ClientSecret, Status};

/// What an import does, in one transaction.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) added: Vec<ClientRecord>,
    pub(super) changed: Vec<ClientUpdate>,
    changes: Vec<Event>,
    /// What is done with each client, by its place in the file.
    done: Vec<(usize, ImportedClient)>,
}

/// The change of an existing client.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) before: ClientRecord,
    pub(super) update: ClientUpdate,
}

impl Plan {
    pub(super) fn add(
        &mut self,
        place: usize,
        record: ClientRecord,
        new_secret: Option<ClientSecret>,
    ) {
        let done = ImportedClient {
            client: record.client.clone(),
            outcome: Outcome::Added,
            new_secret,
        };
        self.done.push((place, done));
        self.added.push(record);
    }

    /// Plans the change of a client, unless nothing changes.
    pub(super) fn change(&mut self, place: usize, Update { before, update }: Update) {
        let (client, id) = (&update.record.client, &before.client.id);
        let settings = before.client.differences(client);
        let mut changed = settings.clone();
        if !settings.is_empty() {
            let (from, to) = values::changed(&before.client, client);
            self.changes.push(Event::ClientChanged {
                client_id: id.clone(),
                fields: settings,
                from,
                to,
            });
        }
        if before.client.status != client.status {
            changed.push("status");
            let (client_id, was) = (id.clone(), before.client.status);
            self.changes.push(match client.status {
                Status::Enabled => Event::ClientEnabled { client_id, was },
                Status::Disabled => Event::ClientDisabled {
                    client_id,
                    was,
                    tokens_not_before: Some(before.revoking_tokens_until(update.record.changed_at)),
                },
            });
        }
        if before.keys != update.record.keys {
            changed.push("keys");
            let keys = update.record.keys.as_ref();
            let thumbprints =
                |keys: Option<&ClientKeys>| keys.map(ClientKeys::thumbprints).unwrap_or_default();
            self.changes.push(Event::ClientKeysSet {
                client_id: id.clone(),
                keys: thumbprints(keys),
                previous: thumbprints(before.keys.as_ref()),
            });
        }
        if let Some(new) = &update.secret {
            changed.push("secret");
            let live = before.secrets.iter();
            let live: Vec<_> = live
                .filter(|secret| secret.is_live(new.secret.created_at))
                .collect();
            let until = new.previous_until;
            let end = |end: Option<Timestamp>| end.map_or(until, |end| end.min(until));
            self.changes.push(Event::SecretRotated {
                client_id: id.clone(),
                secret_id: new.secret.id,
                secret_kind: new.secret.hash.kind(),
                previous: live.iter().map(|secret| secret.id).collect(),
                previous_until: live.first().map(|secret| end(secret.expires_at)),
                ended: Vec::new(),
            });
        }
        let done = ImportedClient {
            client: client.clone(),
            outcome: match changed.is_empty() {
                true => Outcome::Unchanged,
                false => Outcome::Changed(changed.clone()),
            },
            new_secret: None,
        };
        self.done.push((place, done));
        if !changed.is_empty() {
            self.changed.push(update);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty()
    }

    /// The algorithms that the new clients want their tokens signed with.
    pub(super) fn algorithms(&self) -> BTreeSet<Algorithm> {
        let own = self
            .added
            .iter()
            .map(|record| record.client.token_algorithm);
        own.flatten().collect()
    }

    /// The records of all that is done.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let mut events: Vec<Event> = self.added.iter().map(added).collect();
        events.append(&mut self.changes);
        events
    }

    /// What was done, in the order of the file.
    pub(super) fn done(mut self) -> Vec<ImportedClient> {
        self.done.sort_by_key(|(place, _)| *place);
        self.done.into_iter().map(|(_, done)| done).collect()
    }
}
