//! A client as it is kept in memory.

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

/// A client with its secrets, ready to be checked.
#[derive(Debug)]
pub(crate) struct Account {
    pub client: Client,
    /// The client's audiences, to be shared with its tokens; none when it has none of its own.
    pub audiences: Option<Arc<[Audience]>>,
    pub secrets: Vec<Arc<LiveSecret>>,
    /// Its public keys, if it has any.
    pub keys: Option<ClientKeys>,
    /// What it did that must not be forgotten with the rest; shared by all accounts of the client.
    pub recent_use: RecentUse,
    /// Which of its tokens are good.
    pub token_terms: TokenTerms,
    /// When it, or its set of secrets, last changed.
    pub changed_at: Timestamp,
    /// The second in which a use without a secret was last noted.
    pub(super) noted_at: AtomicI64,
    /// Whether it stays in memory, whoever else asks.
    pub is_held: bool,
}

/// A secret with what is remembered about it in this process.
#[derive(Debug)]
pub(crate) struct LiveSecret {
    pub stored: StoredSecret,
    /// The digest that a chosen secret was found to have; shared by all accounts that hold the
    /// secret.
    pub proven: Arc<OnceLock<[u8; 32]>>,
    /// This service's own hash of a secret that came as another server's, once somebody has proven
    /// to know it.
    pub own_hash: OnceLock<SecretHash>,
    /// The second in which a use was last noted.
    pub(super) noted_at: AtomicI64,
}

/// A client that proved who it is.
#[derive(Debug)]
pub(crate) struct Authenticated {
    pub account: Arc<Account>,
    /// The secret that it did so with, if it was one.
    pub secret: Option<Arc<LiveSecret>>,
}

impl Account {
    /// The client of a record; what is remembered of it is taken over from `before`, and from what
    /// an evicted one left.
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
        // Not that of a client that had the same id before.
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

    /// Whether it may get tokens.
    pub(crate) fn is_enabled(&self) -> bool {
        self.client.status == Status::Enabled
    }

    /// Whether it may get tokens now.
    fn may_have_tokens(&self, now: Timestamp) -> bool {
        self.is_enabled() && self.client.expires_at.is_none_or(|end| now < end)
    }

    /// When it was registered, which tells it from others that had its id before.
    pub(crate) fn registered_at(&self) -> Timestamp {
        self.recent_use.registered_at
    }

    /// Its own limit, if it has one.
    pub(crate) fn pace(&self) -> Option<&Pace> {
        self.recent_use.pace.as_deref()
    }

    /// Why the client gets nothing, whatever it proves: because of what it is, how it proves
    /// itself, and from where.
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

    /// Whether one of its secrets was last used from there, before this process started.
    pub(crate) fn was_used_from(&self, source: Source) -> bool {
        let mut last = self
            .secrets
            .iter()
            .filter_map(|secret| secret.stored.last_used_from);
        last.any(|address| Source::from(address) == source)
    }

    /// Whether somebody chose every secret of it that works.
    pub(crate) fn has_chosen_secrets_alone(&self, now: Timestamp) -> bool {
        let mut live = self.secrets.iter().filter(|it| it.stored.is_live(now));
        live.all(|secret| !secret.is_generated())
    }

    /// The chosen secrets that work, and that nobody has proven to know since the service started.
    pub(crate) fn unproven(&self, now: Timestamp) -> impl Iterator<Item = &Arc<LiveSecret>> {
        let takes_secrets =
            self.may_have_tokens(now) && self.client.auth_method == AuthMethod::ClientSecretBasic;
        self.secrets.iter().filter(move |secret| {
            takes_secrets && secret.stored.is_live(now) && secret.digest().is_none()
        })
    }

    /// How much work it is to check the chosen secrets that work and that nobody has proven to
    /// know.
    pub(super) fn effort(&self, now: Timestamp) -> Effort {
        let unproven = self.unproven(now);
        unproven.fold(Effort::default(), |effort, secret| {
            effort.plus(secret.stored.hash.effort())
        })
    }
}

impl LiveSecret {
    /// Whether it is one of 256 random bits, which nobody guesses.
    pub(crate) fn is_generated(&self) -> bool {
        !self.stored.hash.is_chosen()
    }

    /// The digest that a right secret has, if it is known.
    pub(crate) fn digest(&self) -> Option<&[u8; 32]> {
        match &self.stored.hash {
            SecretHash::Keyed(digest) => Some(digest),
            SecretHash::Argon2id(_) | SecretHash::Imported(_) => self.proven.get(),
        }
    }
}
