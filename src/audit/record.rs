//! What a line of the trail says.

use std::net::IpAddr;
use std::sync::Arc;

use dropshot_chassis::identity::Thumbprint;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Hash;
use crate::token::{Algorithm, Audience, AuthMethod, ClientId, Scope, SecretId, Status, TokenId};

/// One decision. The writer adds its place in the trail.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// When it was made.
    pub time: Timestamp,
    /// Where the request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// The caller's `x-correlation-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<Box<str>>,
    /// The thumbprint of the certificate that came with the request (`x5t#S256`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Thumbprint>,
    /// The user who did it, if it was done by a person or a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// What was decided.
    #[serde(flatten)]
    pub event: Event,
}

/// The user who runs this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// The system's number of the user.
    pub uid: u32,
    /// The user who became this user by `sudo`, as the variable `SUDO_USER` claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<String>,
}

impl Record {
    /// The record of an event that no request caused.
    #[must_use]
    pub fn of(time: Timestamp, event: Event) -> Self {
        Self {
            time,
            source: None,
            correlation_id: None,
            certificate: None,
            actor: None,
            event,
        }
    }
}

impl Record {
    /// The same record, standing for this many refusals.
    #[must_use]
    pub fn standing_for(mut self, count: u64) -> Self {
        if let Event::TokenRefused(refused)
        | Event::RevocationRefused(refused)
        | Event::IntrospectionRefused(refused) = &mut self.event
        {
            refused.count = Some(count);
        }
        self
    }
}

impl Actor {
    /// The user who runs this process. `None` if the system doesn't tell.
    #[must_use]
    pub fn here() -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self {
            uid: std::fs::metadata("/proc/self").ok()?.uid(),
            sudo_user: std::env::var("SUDO_USER").ok(),
        })
    }
}

/// What was decided.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event")]
pub enum Event {
    /// A token was issued. The token itself is not here: its `jti` names it.
    #[serde(rename = "token.issued")]
    TokenIssued {
        /// The client that got it.
        client_id: ClientId,
        /// The grant.
        grant_type: &'static str,
        /// What it allows.
        scope: Scope,
        /// The services that it is for.
        #[serde(rename = "aud", serialize_with = "list")]
        audiences: Arc<[Audience]>,
        /// The token's id.
        #[serde(rename = "jti")]
        token_id: TokenId,
        /// The key that signed it.
        #[serde(rename = "kid", serialize_with = "text")]
        key_id: Arc<str>,
        /// When it ends.
        expires_at: Timestamp,
    },
    /// A request got no token.
    #[serde(rename = "token.refused")]
    TokenRefused(Refused),
    /// A client revoked a token of its own.
    #[serde(rename = "token.revoked")]
    TokenRevoked {
        /// The client.
        client_id: ClientId,
        /// The token's id.
        #[serde(rename = "jti")]
        token_id: TokenId,
        /// When it would have ended.
        expires_at: Timestamp,
    },
    /// A request to revoke a token was refused.
    #[serde(rename = "revocation.refused")]
    RevocationRefused(Refused),
    /// A request for introspection was refused. Answered requests are not recorded: they are too
    /// many for a trail, and change nothing.
    #[serde(rename = "introspection.refused")]
    IntrospectionRefused(Refused),
    /// A process made a signing key, or changed the times of its life.
    #[serde(rename = "key.changed")]
    KeyChanged {
        /// The key's id.
        #[serde(rename = "kid")]
        key_id: Box<str>,
        /// What it signs with.
        #[serde(rename = "alg")]
        algorithm: Algorithm,
        /// Where it is in its life now.
        state: &'static str,
        /// When it starts to sign.
        signs_from: Timestamp,
        /// When it stops.
        #[serde(skip_serializing_if = "Option::is_none")]
        signs_until: Option<Timestamp>,
        /// When it leaves the JWK set.
        #[serde(skip_serializing_if = "Option::is_none")]
        published_until: Option<Timestamp>,
        /// Where its private half is: `store` or `token`. `None` once it is destroyed.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept_in: Option<&'static str>,
        /// Why it was withdrawn, in the administrator's words.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Box<str>>,
        /// The values that were different before, by the names of `key list --output json`. Left
        /// out for a new key.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<Value>,
    },
    /// A client was added, with its first secret or its keys.
    #[serde(rename = "client.added")]
    ClientAdded {
        /// The client.
        client_id: ClientId,
        /// What its tokens may allow.
        scope: Scope,
        /// How it authenticates.
        auth_method: AuthMethod,
        /// The secret's id, not the secret.
        #[serde(skip_serializing_if = "Option::is_none")]
        secret_id: Option<SecretId>,
        /// How the secret is kept, which tells a chosen secret from a generated one.
        #[serde(skip_serializing_if = "Option::is_none")]
        secret_kind: Option<&'static str>,
        /// The keys' RFC 7638 thumbprints.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        keys: Vec<String>,
        /// All settings that it has, by the names of `client list --output json`.
        settings: Value,
    },
    /// A client's settings changed.
    #[serde(rename = "client.changed")]
    ClientChanged {
        /// The client.
        client_id: ClientId,
        /// The settings that changed.
        fields: Vec<&'static str>,
        /// Their values before, by the names of `client list --output json`.
        from: Value,
        /// Their values now.
        to: Value,
    },
    /// A client got other public keys.
    #[serde(rename = "client.keys_set")]
    ClientKeysSet {
        /// The client.
        client_id: ClientId,
        /// The keys' RFC 7638 thumbprints.
        keys: Vec<String>,
        /// The thumbprints of the keys before.
        previous: Vec<String>,
    },
    /// A client may get tokens again.
    #[serde(rename = "client.enabled")]
    ClientEnabled {
        /// The client.
        client_id: ClientId,
        /// Its status before.
        was: Status,
    },
    /// A client may get no more tokens.
    #[serde(rename = "client.disabled")]
    ClientDisabled {
        /// The client.
        client_id: ClientId,
        /// Its status before.
        was: Status,
        /// Its tokens that were issued before this time are revoked. Left out if it keeps them.
        #[serde(skip_serializing_if = "Option::is_none")]
        tokens_not_before: Option<Timestamp>,
    },
    /// All tokens of a client are revoked.
    #[serde(rename = "client.tokens_revoked")]
    ClientTokensRevoked {
        /// The client.
        client_id: ClientId,
        /// Its tokens that were issued before this time are revoked.
        tokens_not_before: Timestamp,
    },
    /// A client, its secrets and its tokens are gone.
    #[serde(rename = "client.removed")]
    ClientRemoved {
        /// The client.
        client_id: ClientId,
        /// All settings that it had, by the names of `client list --output json`.
        was: Value,
    },
    /// A client got a new secret.
    #[serde(rename = "secret.rotated")]
    SecretRotated {
        /// The client.
        client_id: ClientId,
        /// The new secret's id, not the secret.
        secret_id: SecretId,
        /// How it is kept.
        secret_kind: &'static str,
        /// The secrets that worked before it.
        previous: Vec<SecretId>,
        /// When the secret before stops working, if there was one.
        #[serde(skip_serializing_if = "Option::is_none")]
        previous_until: Option<Timestamp>,
        /// The secrets that stopped working at once, before their time.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ended: Vec<SecretId>,
    },
    /// A client used a secret that was imported as the hash of another server. From now on, this
    /// service keeps its own hash of the secret.
    #[serde(rename = "secret.upgraded")]
    SecretUpgraded {
        /// The client.
        client_id: ClientId,
        /// The secret's id, not the secret.
        secret_id: SecretId,
        /// How it was kept.
        previous_kind: &'static str,
        /// How it is kept.
        secret_kind: &'static str,
    },
    /// All that is sealed in the store was sealed under another master key.
    #[serde(rename = "master_key.rotated")]
    MasterKeyRotated {
        /// How many signing keys were sealed again.
        signing_keys: usize,
    },
    /// A backup replaced the store, or was put into an empty store.
    #[serde(rename = "store.restored")]
    StoreRestored {
        /// The backup.
        from: Box<str>,
        /// The number of its last change.
        last_change: i64,
        /// What was newer in the replaced store. `None` if there was no store, or if it could not
        /// be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        lost: Option<Value>,
    },
    /// An administrator accepted the store's rows although they were not as this service wrote
    /// them: something else had written, removed, or put back rows.
    #[serde(rename = "store.accepted")]
    StoreAccepted {
        /// The rows that were not as this service wrote them. If there are many, only the first
        /// ones.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        rows: Vec<String>,
        /// In how many places rows were missing.
        removed: usize,
    },
    /// The service began to take requests.
    #[serde(rename = "service.started")]
    ServiceStarted {
        /// Its release.
        version: &'static str,
        /// Its issuer identifier.
        issuer: Box<str>,
    },
    /// The service stopped in good order.
    #[serde(rename = "service.stopped")]
    ServiceStopped,
    /// The trail could not be written for a while before this record.
    #[serde(rename = "audit.resumed")]
    Resumed {
        /// How many records are missing that no request waited for: refusals, and with buffered
        /// durability all records.
        lost: u64,
    },
    /// The trail before is not as it was left, so a new trail begins.
    #[serde(rename = "audit.began")]
    Began {
        /// What is wrong: `missing`, `truncated`, `rewritten`, `replaced` or `unreadable`.
        reason: &'static str,
        /// The trail that was written here.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "some_text")]
        known_trail: Option<Arc<str>>,
        /// The number of its last record.
        #[serde(skip_serializing_if = "Option::is_none")]
        known_seq: Option<u64>,
        /// That line's SHA-256.
        #[serde(skip_serializing_if = "Option::is_none")]
        known_hash: Option<Hash>,
        /// The trail that was there instead.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "some_text")]
        found_trail: Option<Arc<str>>,
        /// The number of its last record.
        #[serde(skip_serializing_if = "Option::is_none")]
        found_seq: Option<u64>,
    },
    /// The store's outbox had something under this number that is not a record. This service did
    /// not write it.
    #[serde(rename = "audit.unreadable")]
    Unreadable {
        /// The number in the outbox.
        change: i64,
    },
    /// The line holds a signature, which covers all lines before it.
    #[serde(rename = "audit.checkpoint")]
    Checkpoint {
        /// The key's id.
        #[serde(serialize_with = "text")]
        kid: Arc<str>,
    },
}

/// Why a request was refused.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// The client that the caller claimed to be. Not proven if `error` is `invalid_client`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Box<str>>,
    /// The error code that the caller got.
    pub error: &'static str,
    /// The true reason.
    pub reason: &'static str,
    /// How many credentials were turned away unchecked since the last one that was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turned_away: Option<u32>,
    /// How many refusals with this source and reason the record stands for. Its other members are
    /// those of the last refusal. `None`: it stands for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

impl Event {
    pub(super) const CHECKPOINT: &str = "audit.checkpoint";
    pub(super) const BEGAN: &str = "audit.began";
}

fn list<S: Serializer>(list: &Arc<[Audience]>, serializer: S) -> Result<S::Ok, S::Error> {
    (**list).serialize(serializer)
}

fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

fn some_text<S: Serializer>(text: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(serializer)
}
