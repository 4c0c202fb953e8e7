//! The rows of a store, as types.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::keys::ClientKeys;
use crate::token::{Client, ClientId, SecretId, Status, StoredSecret, TokenId, TokenTerms};

/// A client as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientRecord {
    /// The client.
    #[serde(flatten)]
    pub client: Client,
    /// Its public keys, if it has any.
    #[serde(rename = "jwks", skip_serializing_if = "Option::is_none")]
    pub keys: Option<ClientKeys>,
    /// Its secrets, oldest first. Some may have expired.
    pub secrets: Vec<StoredSecret>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When the client, or its set of secrets, last changed.
    pub changed_at: Timestamp,
    /// When it was registered under its id. Tokens from before belong to an earlier client with the
    /// same id.
    #[serde(skip)]
    pub registered_at: Timestamp,
    /// Tokens of the client that were issued before this time are revoked. A whole second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_not_before: Option<Timestamp>,
    /// Whether its tokens stay good while it is disabled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keeps_tokens: bool,
    /// When it last authenticated a request, to within the seconds that the service gathers before
    /// it writes.
    pub last_used_at: Option<Timestamp>,
    /// Where that request came from.
    pub last_used_from: Option<IpAddr>,
}

/// What happens to a client's tokens when its status changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokensThen {
    /// They stay as good as they were.
    Kept,
    /// All tokens that were issued until now are revoked.
    Revoked,
}

/// A change that an import makes to a client that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientUpdate {
    /// The client with its settings, its status and its keys, as of its `changed_at`.
    pub record: ClientRecord,
    /// Whether the import changes the status. If it disables the client, its tokens are revoked.
    pub sets_status: bool,
    /// The client's new secret, if the import brings one.
    pub secret: Option<NewSecret>,
}

/// A new secret of a client that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// The secret as the store keeps it.
    pub secret: StoredSecret,
    /// When the client's secret from before stops working.
    pub previous_until: Timestamp,
}

/// A place in the change feed; the default is before the first change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The number of the last change that was seen. Each change has a higher number than those
    /// before.
    pub sequence: i64,
    /// The random mark of that change. When two histories of a store part, their marks differ from
    /// there on.
    pub mark: i64,
}

/// An entry of the change feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place.
    pub position: Position,
    /// What changed.
    pub subject: Subject,
}

/// The answer of the feed to a reader that has read up to a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The changes since, in order, some thousands at most.
    Changes(Vec<Change>),
    /// The position is not in this store's history, because the store was restored from an earlier
    /// state. The reader must read everything again.
    OtherHistory,
}

/// What changed. The feed says only that it changed; the reader reads the new state from the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A client was added, changed, or removed.
    Client(ClientId),
    /// A signing key was added, changed, or removed.
    SigningKey(String),
    /// A token was revoked.
    Token(TokenId),
    /// A change of a kind that only a later release knows.
    Unknown,
}

/// One successful authentication of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientUse {
    /// The client.
    pub client_id: ClientId,
    /// The secret that it used; `None` if it used another credential.
    pub secret: Option<SecretId>,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub from: IpAddr,
}

/// What a rotation did to the secrets from before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rotated {
    /// Until when the newest of them works; `None` if none worked.
    pub previous_until: Option<Timestamp>,
    /// The other secrets that worked until the rotation.
    pub ended: Vec<SecretId>,
}

/// A token that was revoked before it expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedToken {
    /// Its `jti`.
    pub id: TokenId,
    /// The client that the token was issued to.
    pub client_id: ClientId,
    /// Its `exp`.
    pub expires_at: Timestamp,
}

/// How far an audit trail went when it was last noted. If the trail ends earlier now, records were
/// removed from its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The trail's id.
    pub trail: String,
    /// The number of the last record that was noted.
    pub sequence: u64,
    /// The SHA-256 of that record's line, in hexadecimal.
    pub hash: String,
    /// When it was noted.
    pub at: Timestamp,
    /// Where the trail is written; `None` if an earlier release noted it without the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<AuditPlace>,
}

/// The audit records of a change.
#[derive(Debug, Clone)]
pub struct ChangeRecords {
    /// The trail whose writer takes them first; `None` if any trail's writer may.
    pub trail: Option<String>,
    /// The records, a JSON object each.
    pub lines: Vec<String>,
    /// When they were made.
    pub at: Timestamp,
}

/// Records of changes that are in no trail yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRecords {
    /// Their number in the store; each is higher than those before.
    pub number: i64,
    /// The records, a JSON object each.
    pub lines: Vec<String>,
}

/// Where an audit trail is written, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPlace {
    /// Its chain: `decisions` or `changes`.
    pub chain: String,
    /// The machine's name.
    pub host: String,
    /// The folder.
    pub path: String,
    /// The numeric user id of the process that wrote last.
    pub uid: u32,
}

/// The version of a store's schema, and the version of this program's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SchemaStatus {
    /// The number of the last migration that was applied; 0 for an empty store.
    pub version: i64,
    /// The number of this program's last migration.
    pub latest: i64,
}

impl ClientRecord {
    /// A client that is registered now, without secrets and keys.
    #[must_use]
    pub fn new(client: Client, now: Timestamp) -> Self {
        Self {
            client,
            keys: None,
            secrets: Vec::new(),
            created_at: now,
            changed_at: now,
            registered_at: now,
            tokens_not_before: None,
            keeps_tokens: false,
            last_used_at: None,
            last_used_from: None,
        }
    }

    /// The `tokens_not_before` that revokes all tokens that the client got until `now`. It is
    /// always later than the current one: since then, tokens may have been issued whose `iat` is
    /// that time.
    #[must_use]
    pub fn revoking_tokens_until(&self, now: Timestamp) -> Timestamp {
        let until_now = TokenTerms::revoking_until(now);
        match self.tokens_not_before {
            Some(before) if before >= until_now => TokenTerms::revoking_until(before),
            _ => until_now,
        }
    }

    /// The conditions that its tokens must meet.
    #[must_use]
    pub fn token_terms(&self) -> TokenTerms {
        let registered = self.registered_at.as_second();
        let not_before = self.tokens_not_before.map(Timestamp::as_second);
        TokenTerms {
            not_before: not_before.map_or(registered, |time| time.max(registered)),
            until: self.client.expires_at,
            is_suspended: self.client.status == Status::Disabled && !self.keeps_tokens,
        }
    }
}
