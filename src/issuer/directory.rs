//! The view of the store that the token path reads: all clients and opened keys in memory, one immutable whole that is swapped
//! when the change feed says so. A request reads one view from beginning to end, without waiting for anybody.

mod again;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;

use super::revocations::Revocations;
use super::throttle::{Pace, Source};
use super::used_assertions::UsedAssertions;
use crate::keys::{ClientKeys, KeyError, KeyRing, PublishedKey, Token, TokenError, Vault, Wanted};
use crate::store::{Change, ClientRecord, News, Position, SecretUse, Store, StoreError, Subject};
use crate::token::{
    Algorithm, Audience, AuthMethod, Client, ClientId, Reason, SecretHash, SecretId, Status,
    StoredSecret,
};

/// Keeps the view, and brings it up to date.
#[derive(Debug)]
pub(super) struct Directory {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    view: RwLock<Arc<View>>,
    /// Not in the view: the tokens may be many, and nothing that reads them needs clients and keys of the same moment.
    pub revocations: Revocations,
    /// The last change that is applied. Held while more are: of two at once, the later could put an older view
    /// in force.
    applied: tokio::sync::Mutex<Position>,
    uses: Mutex<HashMap<SecretId, SecretUse>>,
    /// The keys that changed, as they are now, for the audit trail.
    changed_keys: Mutex<Vec<PublishedKey>>,
    fault: Mutex<Option<String>>,
}

/// Clients and keys as of one moment.
#[derive(Debug, Default, Clone)]
pub(super) struct View {
    accounts: HashMap<ClientId, Arc<Account>>,
    /// Those of them that have a chosen secret.
    with_chosen_secret: HashMap<ClientId, Arc<Account>>,
    pub ring: KeyRing,
    /// What clients want their tokens signed with that have a wish of their own.
    pub algorithms: BTreeSet<Algorithm>,
}

/// A client with its secrets, ready to be checked.
#[derive(Debug)]
pub(super) struct Account {
    pub client: Client,
    /// The client's audiences, to be shared with its tokens; none when it has none of its own.
    pub audiences: Option<Arc<[Audience]>>,
    pub secrets: Vec<Arc<LiveSecret>>,
    /// Its public keys, if it has any.
    pub keys: Option<ClientKeys>,
    /// The assertions that it has used; shared by all views.
    pub used_assertions: Arc<UsedAssertions>,
    /// Its own limit, if it has one; shared by all views that hold the client with the same one.
    pub pace: Option<Arc<Pace>>,
}

/// A secret with what is remembered about it in this process.
#[derive(Debug)]
pub(super) struct LiveSecret {
    pub stored: StoredSecret,
    /// The digest that a chosen secret was found to have; shared by all views that hold the secret.
    pub proven: Arc<OnceLock<[u8; 32]>>,
    /// The second in which a use was last noted.
    noted_at: AtomicI64,
}

/// A client that proved who it is.
#[derive(Debug)]
pub(super) struct Authenticated {
    pub account: Arc<Account>,
    /// The secret that it did so with, if it was one.
    pub secret: Option<Arc<LiveSecret>>,
}

impl Directory {
    /// Reads everything once. Every key must open: later, one that doesn't keeps no other from signing.
    pub(super) async fn load(store: Arc<dyn Store>, vault: Arc<Vault>) -> Result<Self, LoadError> {
        // The place first: what changes while the rest is read is read again, rather than missed.
        let position = store.last_change().await?;
        let keys = store.key_material().await?;
        let ring = KeyRing::open(&vault, keys, &KeyRing::default());
        if let Some(fault) = ring.fault() {
            return Err(fault.clone().into());
        }
        let mut view = View {
            ring,
            ..View::default()
        };
        for record in store.clients().await? {
            view.put(record);
        }
        view.note_algorithms();
        Ok(Self {
            revocations: Revocations::load(store.clone()).await?,
            store,
            vault,
            view: RwLock::new(Arc::new(view)),
            applied: tokio::sync::Mutex::new(position),
            uses: Mutex::default(),
            changed_keys: Mutex::default(),
            fault: Mutex::default(),
        })
    }

    /// The view in force.
    pub(super) fn view(&self) -> Arc<View> {
        self.view
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Applies what has changed in the store since the last time. The fault it ends with, if any, is kept for readiness.
    pub(super) async fn refresh(&self, now: Timestamp) -> Result<(), LoadError> {
        let done = self.apply_changes(now).await;
        *lock(&self.fault) = done.as_ref().err().map(ToString::to_string);
        done
    }

    async fn apply_changes(&self, now: Timestamp) -> Result<(), LoadError> {
        let mut applied = self.applied.lock().await;
        let changes = match self.store.changes_after(*applied).await? {
            News::Changes(changes) => changes,
            News::OtherHistory => {
                *applied = self.read_again(now).await?;
                return Ok(());
            }
        };
        let Some(last) = changes.last() else {
            return Ok(());
        };
        let revoked = |change: &Change| matches!(change.subject, Subject::Token(_));
        if changes.iter().any(revoked) {
            self.revocations.read_after(applied.sequence).await?;
        }
        if !changes.iter().all(revoked) {
            let view = self.view_after(&changes, now).await?;
            *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
        }
        *applied = last.position;
        Ok(())
    }

    /// The view with these changes of clients and keys.
    async fn view_after(&self, changes: &[Change], now: Timestamp) -> Result<View, LoadError> {
        let mut view = View::clone(&self.view());
        let clients: BTreeSet<&ClientId> = changes
            .iter()
            .filter_map(|change| match &change.subject {
                Subject::Client(id) => Some(id),
                _ => None,
            })
            .collect();
        for id in &clients {
            match self.store.client(id.as_str()).await? {
                Some(record) => view.put(record),
                None => view.remove(id),
            }
        }
        if !clients.is_empty() {
            view.note_algorithms();
        }
        if changes
            .iter()
            .any(|change| matches!(change.subject, Subject::SigningKey(_)))
        {
            self.take_keys(&mut view, now).await?;
        }
        Ok(view)
    }

    /// Notes keys that changed.
    pub(super) fn note_changed_keys(&self, keys: Vec<PublishedKey>) {
        lock(&self.changed_keys).extend(keys);
    }

    /// The keys that changed since the last time this was asked.
    pub(super) fn take_changed_keys(&self) -> Vec<PublishedKey> {
        std::mem::take(&mut *lock(&self.changed_keys))
    }

    /// The token that keeps signing keys, if it failed.
    pub(super) fn failed_token(&self) -> Option<(&Token, TokenError)> {
        let token = self.vault.token()?;
        Some((token, token.fault()?))
    }

    /// The last refresh's fault.
    pub(super) fn fault(&self) -> Option<String> {
        lock(&self.fault).clone()
    }

    /// Notes that a secret was used, once a second at most, so that the path of a busy client has no lock in it.
    pub(super) fn note_use(&self, used: &LiveSecret, at: Timestamp, from: IpAddr) {
        let second = at.as_second();
        if used.noted_at.swap(second, Ordering::Relaxed) != second {
            let secret = used.stored.id;
            lock(&self.uses).insert(secret, SecretUse { secret, at, from });
        }
    }

    /// Writes the noted uses to the store.
    pub(super) async fn write_uses(&self) -> Result<(), StoreError> {
        let uses = std::mem::take(&mut *lock(&self.uses));
        if uses.is_empty() {
            return Ok(());
        }
        let list: Vec<SecretUse> = uses.values().copied().collect();
        let done = self.store.record_uses(&list).await;
        if done.is_err() {
            let mut later = lock(&self.uses);
            for (secret, used) in uses {
                later.entry(secret).or_insert(used);
            }
        }
        done
    }
}

impl View {
    pub(super) fn account(&self, id: &str) -> Option<&Arc<Account>> {
        self.accounts.get(id)
    }

    /// How many clients there are.
    pub(super) fn clients(&self) -> usize {
        self.accounts.len()
    }

    /// How often Argon2 must be run to check the chosen secrets of the client that has most of them unproven: the work that
    /// every failing authentication does, whoever it names. Zero once all are proven.
    pub(super) fn costly_checks(&self, now: Timestamp) -> usize {
        let unproven = |account: &Arc<Account>| account.unproven(now).count();
        self.with_chosen_secret
            .values()
            .map(unproven)
            .max()
            .unwrap_or(0)
    }

    /// What keys are for.
    pub(super) fn wanted(&self, default: Algorithm) -> Wanted {
        Wanted {
            default,
            clients: self.algorithms.clone(),
        }
    }

    fn note_algorithms(&mut self) {
        let accounts = self.accounts.values();
        self.algorithms = accounts
            .filter_map(|account| account.client.token_algorithm)
            .collect();
    }

    fn put(&mut self, record: ClientRecord) {
        let id = record.client.id.clone();
        let before = self.accounts.get(&id);
        let known = |stored: &StoredSecret| {
            let mut before = before.iter().flat_map(|account| &account.secrets);
            before.find(|live| live.stored.id == stored.id && live.stored.hash == stored.hash)
        };
        let secrets = record.secrets.into_iter().map(|stored| {
            let (digest, noted_at) = match known(&stored) {
                Some(live) => (live.proven.clone(), live.noted_at.load(Ordering::Relaxed)),
                None => Default::default(),
            };
            Arc::new(LiveSecret {
                stored,
                proven: digest,
                noted_at: AtomicI64::new(noted_at),
            })
        });
        let used_assertions =
            before.map_or_else(Arc::default, |account| account.used_assertions.clone());
        let client = record.client;
        let pace = client.rate.map(|rate| {
            let before = before.and_then(|account| account.pace.as_ref());
            let same = before.filter(|pace| pace.rate() == rate);
            same.cloned().unwrap_or_else(|| Arc::new(Pace::new(rate)))
        });
        let audiences = client.audiences.clone();
        let account = Arc::new(Account {
            audiences: (!audiences.is_empty()).then(|| audiences.into()),
            secrets: secrets.collect(),
            keys: record.keys,
            used_assertions,
            pace,
            client,
        });
        let chosen =
            |secret: &Arc<LiveSecret>| matches!(secret.stored.hash, SecretHash::Argon2id(_));
        if account.secrets.iter().any(chosen) {
            self.with_chosen_secret.insert(id.clone(), account.clone());
        } else {
            self.with_chosen_secret.remove(&id);
        }
        self.accounts.insert(id, account);
    }

    fn remove(&mut self, id: &ClientId) {
        self.accounts.remove(id);
        self.with_chosen_secret.remove(id);
    }
}

impl Account {
    /// Whether it may get tokens.
    pub(super) fn is_enabled(&self) -> bool {
        self.client.status == Status::Enabled
    }

    /// Whether tokens that it got are still good for anything.
    pub(super) fn may_have_tokens(&self, now: Timestamp) -> bool {
        self.is_enabled() && self.client.expires_at.is_none_or(|end| now < end)
    }

    /// Why the client gets nothing, whatever it proves: because of what it is, how it proves itself, and from where.
    pub(super) fn barred(
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
    pub(super) fn was_used_from(&self, source: Source) -> bool {
        let mut last = self
            .secrets
            .iter()
            .filter_map(|secret| secret.stored.last_used_from);
        last.any(|address| Source::from(address) == source)
    }

    /// The chosen secrets that work, and that nobody has proven to know since the service started.
    pub(super) fn unproven(&self, now: Timestamp) -> impl Iterator<Item = &Arc<LiveSecret>> {
        let takes_secrets =
            self.may_have_tokens(now) && self.client.auth_method == AuthMethod::ClientSecretBasic;
        self.secrets.iter().filter(move |secret| {
            takes_secrets && secret.stored.is_live(now) && secret.digest().is_none()
        })
    }
}

impl LiveSecret {
    /// Whether it is one of 256 random bits, which nobody guesses.
    pub(super) fn is_generated(&self) -> bool {
        matches!(self.stored.hash, SecretHash::Keyed(_))
    }

    /// The digest that a right secret has, if it is known.
    pub(super) fn digest(&self) -> Option<&[u8; 32]> {
        match &self.stored.hash {
            SecretHash::Keyed(digest) => Some(digest),
            SecretHash::Argon2id(_) => self.proven.get(),
        }
    }
}

/// The store or its keys can't be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
