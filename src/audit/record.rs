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
    /// The thumbprint of the certificate that came with it (`x5t#S256`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Thumbprint>,
    /// Who did it, when it was a person or a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// What was decided.
    #[serde(flatten)]
    pub event: Event,
}

/// Who runs this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// The system's number of the user.
    pub uid: u32,
    /// Who became that user by `sudo`, as it says itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<String>,
}

impl Record {
    /// Of something that no request is behind.
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
    /// The record of so many refusals.
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
    /// Who runs this process; none where the system doesn't tell.
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
        /// To whom.
        client_id: ClientId,
        /// The grant.
        grant_type: &'static str,
        /// What it allows.
        scope: Scope,
        /// Whom it is for.
        #[serde(rename = "aud", serialize_with = "list")]
        audiences: Arc<[Audience]>,
        /// Its name.
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
        /// Which client.
        client_id: ClientId,
        /// The token's name.
        #[serde(rename = "jti")]
        token_id: TokenId,
        /// When it would have ended.
        expires_at: Timestamp,
    },
    /// A request to revoke a token was refused.
    #[serde(rename = "revocation.refused")]
    RevocationRefused(Refused),
    /// A request for what a token says was refused. Those that are answered are too many for a
    /// trail, and change nothing.
    #[serde(rename = "introspection.refused")]
    IntrospectionRefused(Refused),
    /// A signing key was made, or the times of its life changed; by whichever process.
    #[serde(rename = "key.changed")]
    KeyChanged {
        /// The key.
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
        /// Where its private half is: `store`, `token`, or nowhere any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept_in: Option<&'static str>,
        /// Why it was withdrawn, in the words of who did it.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Box<str>>,
        /// What of it was otherwise before, by the names of `key list --output json`; left out of a
        /// new key.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<Value>,
    },
    /// A client was added, with its first secret or its keys.
    #[serde(rename = "client.added")]
    ClientAdded {
        /// Which.
        client_id: ClientId,
        /// What its tokens may allow.
        scope: Scope,
        /// How it proves who it is.
        auth_method: AuthMethod,
        /// The secret's name; not the secret.
        #[serde(skip_serializing_if = "Option::is_none")]
        secret_id: Option<SecretId>,
        /// How it is kept, which tells a chosen one from a generated one.
        #[serde(skip_serializing_if = "Option::is_none")]
        secret_kind: Option<&'static str>,
        /// The keys' RFC 7638 thumbprints.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        keys: Vec<String>,
        /// All settings that it has, by the names of `client list --output json`.
        settings: Value,
    },
    /// A client is not what it was.
    #[serde(rename = "client.changed")]
    ClientChanged {
        /// Which.
        client_id: ClientId,
        /// What of it changed.
        fields: Vec<&'static str>,
        /// As it was, by the names of `client list --output json`.
        from: Value,
        /// As it is.
        to: Value,
    },
    /// A client has other public keys.
    #[serde(rename = "client.keys_set")]
    ClientKeysSet {
        /// Whose.
        client_id: ClientId,
        /// The keys' RFC 7638 thumbprints.
        keys: Vec<String>,
        /// Those of the keys before.
        previous: Vec<String>,
    },
    /// A client may get tokens again.
    #[serde(rename = "client.enabled")]
    ClientEnabled {
        /// Which.
        client_id: ClientId,
        /// As it was.
        was: Status,
    },
    /// A client may get no more tokens.
    #[serde(rename = "client.disabled")]
    ClientDisabled {
        /// Which.
        client_id: ClientId,
        /// As it was.
        was: Status,
        /// Its tokens that were issued before this time are revoked; left out when it keeps them.
        #[serde(skip_serializing_if = "Option::is_none")]
        tokens_not_before: Option<Timestamp>,
    },
    /// All tokens of a client are revoked.
    #[serde(rename = "client.tokens_revoked")]
    ClientTokensRevoked {
        /// Whose.
        client_id: ClientId,
        /// Those that were issued before this time.
        tokens_not_before: Timestamp,
    },
    /// A client, its secrets and its tokens are gone.
    #[serde(rename = "client.removed")]
    ClientRemoved {
        /// Which.
        client_id: ClientId,
        /// All settings that it had, by the names of `client list --output json`.
        was: Value,
    },
    /// A client has another secret.
    #[serde(rename = "secret.rotated")]
    SecretRotated {
        /// Whose.
        client_id: ClientId,
        /// The new secret's name; not the secret.
        secret_id: SecretId,
        /// How it is kept.
        secret_kind: &'static str,
        /// The secrets that worked before it.
        previous: Vec<SecretId>,
        /// When the one before stops working, if there was one.
        #[serde(skip_serializing_if = "Option::is_none")]
        previous_until: Option<Timestamp>,
        /// Those that stopped working now, before their time.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ended: Vec<SecretId>,
    },
    /// A secret that came with the hash of another server was used, and this service keeps its own
    /// hash of it from now on.
    #[serde(rename = "secret.upgraded")]
    SecretUpgraded {
        /// Whose.
        client_id: ClientId,
        /// The secret's name; not the secret.
        secret_id: SecretId,
        /// How it was kept.
        previous_kind: &'static str,
        /// How it is kept.
        secret_kind: &'static str,
    },
    /// What is sealed in the store is under another master key.
    #[serde(rename = "master_key.rotated")]
    MasterKeyRotated {
        /// How many signing keys are.
        signing_keys: usize,
    },
    /// A backup was put in the place of the store, or into an empty one.
    #[serde(rename = "store.restored")]
    StoreRestored {
        /// The backup.
        from: Box<str>,
        /// The number of its last change.
        last_change: i64,
        /// What was newer than it; `None` if the store that it replaced was not there, or could not
        /// be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        lost: Option<Value>,
    },
    /// An administrator took the rows of the store for right that somebody else had written,
    /// removed, or put back.
    #[serde(rename = "store.accepted")]
    StoreAccepted {
        /// What was not as this service wrote it, the first of many.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        rows: Vec<String>,
        /// In how many places rows were gone.
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
        /// How many records are missing that nobody waited for: refusals, and with buffered
        /// durability everything.
        lost: u64,
    },
    /// The trail before is not as it was left, so this one is a new trail.
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
    /// The store's outbox had something under this number that is no record: somebody else wrote it
    /// there.
    #[serde(rename = "audit.unreadable")]
    Unreadable {
        /// The number.
        change: i64,
    },
    /// The line bears a signature, which pins all before it.
    #[serde(rename = "audit.checkpoint")]
    Checkpoint {
        /// The key.
        #[serde(serialize_with = "text")]
        kid: Arc<str>,
    },
}

/// Why a request was refused.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// Who the caller said it is; unproven with `invalid_client`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Box<str>>,
    /// What the caller was told.
    pub error: &'static str,
    /// The true reason.
    pub reason: &'static str,
    /// How many credentials were not looked at since the last that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turned_away: Option<u32>,
    /// How many refusals of this source and reason the record stands for. It has the members of the
    /// last of them. `None` if it is the only one.
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
