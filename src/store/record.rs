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
    /// When it, or its set of secrets, last changed.
    pub changed_at: Timestamp,
    /// When it was registered under its id. What a client did that had this id before is not its
    /// own.
    #[serde(skip)]
    pub registered_at: Timestamp,
    /// Its tokens that were issued before this time, a whole second, are revoked.
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

/// What becomes of a client's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokensThen {
    /// They are as good as they were.
    Kept,
    /// None that was issued until now is good any more.
    Revoked,
}

/// A client that is there already, as an import wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientUpdate {
    /// The client with its settings, its status and its keys, as of its `changed_at`.
    pub record: ClientRecord,
    /// Whether its status is another one. The tokens of a client that is disabled are revoked.
    pub sets_status: bool,
    /// Another secret.
    pub secret: Option<NewSecret>,
}

/// Another secret of a client's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// What is kept of it.
    pub secret: StoredSecret,
    /// When the one before stops working.
    pub previous_until: Timestamp,
}

/// A place in the change feed; the default is before the first change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The number of the last change seen; each is higher than those before.
    pub sequence: i64,
    /// That change's mark, a random number: two histories of a store that part have different ones
    /// from there on.
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
    /// The position is not in this store's history: it was restored from before it. All must be
    /// read again.
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

/// That a client authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientUse {
    /// The client.
    pub client_id: ClientId,
    /// The secret that it used, if it was one.
    pub secret: Option<SecretId>,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub from: IpAddr,
}

/// What a rotation did to the secrets of before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rotated {
    /// Until when the newest of them works; none when none did.
    pub previous_until: Option<Timestamp>,
    /// Those that worked and don't any more, although their times were not over.
    pub ended: Vec<SecretId>,
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

/// How far an audit trail was known to go: what can't be taken back from its end without being
/// missed.
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

impl ClientRecord {
    /// A client that is registered now, and has nothing to prove itself with yet.
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

    /// The `tokens_not_before` that revokes all tokens that it got until `now`. Later than the one
    /// before in any case: since then, tokens may have been issued whose `iat` is that time.
    #[must_use]
    pub fn revoking_tokens_until(&self, now: Timestamp) -> Timestamp {
        let until_now = TokenTerms::revoking_until(now);
        match self.tokens_not_before {
            Some(before) if before >= until_now => TokenTerms::revoking_until(before),
            _ => until_now,
        }
    }

    /// Which of its tokens are good.
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
