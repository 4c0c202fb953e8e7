//! The rows of a store, as types.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::keys::ClientKeys;
use crate::token::{Client, ClientId, SecretId, StoredSecret, TokenId};

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
    /// When it, or its set of secrets, last changed.
    pub changed_at: Timestamp,
}

/// A place in the change feed; the default is before the first change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The number of the last change seen; each is higher than those before.
    pub sequence: i64,
    /// That change's mark, a random number: two histories of a store that part have different ones from there on.
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

/// What the feed says to who has read up to a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The changes since, in order, some thousands at most.
    Changes(Vec<Change>),
    /// The position is not in this store's history: it was restored from before it. All must be read again.
    OtherHistory,
}

/// What changed: only that it did; whoever wants to know reads it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A client was added, changed, or removed.
    Client(ClientId),
    /// A signing key was.
    SigningKey(String),
    /// A token was revoked.
    Token(TokenId),
    /// Something of a later release.
    Unknown,
}

/// That a secret was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretUse {
    /// The secret.
    pub secret: SecretId,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub from: IpAddr,
}

/// A token that was revoked before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedToken {
    /// Its `jti`.
    pub id: TokenId,
    /// Whose it is.
    pub client_id: ClientId,
    /// Its `exp`.
    pub expires_at: Timestamp,
}

/// How far an audit trail was known to go: what can't be taken back from its end without being missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The trail's id.
    pub trail: String,
    /// The number of the last record that was noted.
    pub sequence: u64,
    /// That line's SHA-256, in hexadecimal.
    pub hash: String,
    /// When it was noted.
    pub at: Timestamp,
    /// Where it is written; `None` if a release wrote it that didn't say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<AuditPlace>,
}

/// What an audit trail is to say of a change.
#[derive(Debug, Clone)]
pub struct ChangeRecords {
    /// The trail whose writer takes them at once; any writer may when there is none.
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
    /// Whether they were the trail's before they were asked for.
    pub is_again: bool,
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
    /// The system's number of the user who wrote last.
    pub uid: u32,
}

/// How a store's schema stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SchemaStatus {
    /// The number of the last migration that was applied; 0 for an empty store.
    pub version: i64,
    /// The number of this program's last migration.
    pub latest: i64,
}
