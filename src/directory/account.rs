//! A client as the service keeps it in memory.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use dropshot_chassis::identity::Source;
use jiff::Timestamp;

use super::recent_use::RecentUse;
use crate::guard::Pace;
use crate::keys::ClientKeys;
use crate::store::ClientRecord;
use crate::token::{
    Audience, AuthMethod, Client, Effort, Reason, SecretHash, Status, StoredSecret, TokenTerms,
};

/// A client with its secrets, ready for authentication.
#[derive(Debug)]
pub(crate) struct Account {
    pub client: Client,
    /// The client's audiences, shared with its tokens. `None` if it has none of its own.
    pub audiences: Option<Arc<[Audience]>>,
    pub secrets: Vec<Arc<LiveSecret>>,
    /// The client's public keys, if it has any.
    pub keys: Option<ClientKeys>,
    /// What the client did recently, which must outlive this account. All accounts of the client
    /// share it.
    pub recent_use: RecentUse,
    /// Which of the client's tokens are good.
    pub token_terms: TokenTerms,
    /// When the client or its set of secrets last changed.
    pub changed_at: Timestamp,
    /// The second in which a use without a secret was last noted.
    pub(super) noted_at: AtomicI64,
    /// Whether the client stays in memory, however often other clients ask.
    pub is_held: bool,
}

/// A secret, with what this process remembers about it.
#[derive(Debug)]
pub(crate) struct LiveSecret {
    pub stored: StoredSecret,
    /// The digest of a chosen secret, once a caller has proved that it knows the secret. All
    /// accounts that hold the secret share it.
    pub proven: Arc<OnceLock<[u8; 32]>>,
    /// This service's own hash of a secret whose hash came from another server. It is set once a
    /// caller has proved that it knows the secret.
    pub own_hash: OnceLock<SecretHash>,
    /// The second in which a use was last noted.
    pub(super) noted_at: AtomicI64,
}

/// A client that has proved who it is.
#[derive(Debug)]
pub(crate) struct Authenticated {
    pub account: Arc<Account>,
    /// The secret that the client used, if it used one.
    pub secret: Option<Arc<LiveSecret>>,
}

impl Account {
    /// The client of a record. What this process remembers about the client comes from `before`, or
    /// from `left`, which an evicted account left behind.
    pub(crate) fn new(
        record: ClientRecord,
        before: Option<&Self>,
        left: Option<RecentUse>,
        is_held: bool,
    ) -> Self {
        let known = |stored: &StoredSecret| {
            let mut before = before.into_iter().flat_map(|account| &account.secrets);
            before.find(|live| {
                let is_same = live.stored.hash == stored.hash;
                live.stored.id == stored.id
                    && (is_same || live.own_hash.get() == Some(&stored.hash))
            })
        };
        let (registered_at, token_terms) = (record.registered_at, record.token_terms());
        let secrets = record.secrets.into_iter().map(|stored| {
            let (digest, noted_at) = match known(&stored) {
                Some(live) => (live.proven.clone(), live.noted_at.load(Ordering::Relaxed)),
                None => Default::default(),
            };
            Arc::new(LiveSecret {
                stored,
                proven: digest,
                own_hash: OnceLock::new(),
                noted_at: AtomicI64::new(noted_at),
            })
        });
        let client = record.client;
        let recent_use = before.map(|account| account.recent_use.clone()).or(left);
        // A client that had the same id before doesn't pass on its recent use.
        let recent_use = recent_use.filter(|recent_use| recent_use.registered_at == registered_at);
        let recent_use = recent_use.unwrap_or_else(|| RecentUse::of(registered_at));
        let audiences = client.audiences.clone();
        Self {
            audiences: (!audiences.is_empty()).then(|| audiences.into()),
            secrets: secrets.collect(),
            keys: record.keys,
            recent_use: recent_use.with(client.rate),
            token_terms,
            changed_at: record.changed_at,
            noted_at: AtomicI64::default(),
            is_held,
            client,
        }
    }

    /// Whether the client is enabled.
    pub(crate) fn is_enabled(&self) -> bool {
        self.client.status == Status::Enabled
    }

    /// Whether the client is enabled and has not expired.
    fn may_have_tokens(&self, now: Timestamp) -> bool {
        self.is_enabled() && self.client.expires_at.is_none_or(|end| now < end)
    }

    /// When the client was registered. This tells it from clients that had the same id before.
    pub(crate) fn registered_at(&self) -> Timestamp {
        self.recent_use.registered_at
    }

    /// The client's own limit, if it has one.
    pub(crate) fn pace(&self) -> Option<&Pace> {
        self.recent_use.pace.as_deref()
    }

    /// Why the client gets nothing, whatever it proves: because of its own state, its way of
    /// authenticating, or its address.
    pub(crate) fn barred(
        &self,
        method: AuthMethod,
        address: IpAddr,
        now: Timestamp,
    ) -> Option<Reason> {
        let client = &self.client;
        if !self.is_enabled() {
            Some(Reason::ClientDisabled)
        } else if client.expires_at.is_some_and(|end| end <= now) {
            Some(Reason::ClientExpired)
        } else if client.auth_method != method {
            Some(Reason::WrongAuthMethod)
        } else if !client.may_come_from(address) {
            Some(Reason::NetworkNotAllowed)
        } else {
            None
        }
    }

    /// Whether one of the client's secrets was last used from `source`, before this process
    /// started.
    pub(crate) fn was_used_from(&self, source: Source) -> bool {
        let mut last = self
            .secrets
            .iter()
            .filter_map(|secret| secret.stored.last_used_from);
        last.any(|address| Source::from(address) == source)
    }

    /// Whether somebody chose every secret of the client that works.
    pub(crate) fn has_chosen_secrets_alone(&self, now: Timestamp) -> bool {
        let mut live = self.secrets.iter().filter(|it| it.stored.is_live(now));
        live.all(|secret| !secret.is_generated())
    }

    /// The chosen secrets that work, and that no caller has proved to know since the service
    /// started.
    pub(crate) fn unproven(&self, now: Timestamp) -> impl Iterator<Item = &Arc<LiveSecret>> {
        let takes_secrets =
            self.may_have_tokens(now) && self.client.auth_method == AuthMethod::ClientSecretBasic;
        self.secrets.iter().filter(move |secret| {
            takes_secrets && secret.stored.is_live(now) && secret.digest().is_none()
        })
    }

    /// How much work the check of these chosen secrets is.
    pub(super) fn effort(&self, now: Timestamp) -> Effort {
        let unproven = self.unproven(now);
        unproven.fold(Effort::default(), |effort, secret| {
            effort.plus(secret.stored.hash.effort())
        })
    }
}

impl LiveSecret {
    /// Whether the secret is one of 256 random bits, which an attacker can't guess.
    pub(crate) fn is_generated(&self) -> bool {
        !self.stored.hash.is_chosen()
    }

    /// The digest of the right secret, if it is known.
    pub(crate) fn digest(&self) -> Option<&[u8; 32]> {
        match &self.stored.hash {
            SecretHash::Keyed(digest) => Some(digest),
            SecretHash::Argon2id(_) | SecretHash::Imported(_) => self.proven.get(),
        }
    }
}
