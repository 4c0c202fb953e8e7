//! The keys that clients publish at their `jwks_uri`. The service fetches them in the background,
//! and keeps them in memory.
//!
//! A request never waits for a fetch. Each URL has its own pace. Its keys are fetched again when
//! they are old, and soon after an assertion came that none of them verifies, which happens when
//! the client has rotated its keys. After each further failure, the pause is longer. While the URL
//! can't be reached, the known keys stay in use, for as long as the configuration says.

mod address;
mod fetch;
mod pace;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::ClientKeys;
use crate::token::JwksUri;
pub use fetch::FetchError;
use fetch::Fetcher;
use pace::Pace;

/// How keys are fetched.
#[derive(Debug, Clone)]
pub struct RemoteSettings {
    /// The file with the authorities of the servers' certificates (PEM). `None`: the system's
    /// authorities.
    pub ca_file: Option<PathBuf>,
    /// Whether a URL may lead to an address of this machine or of a private network.
    pub private_addresses: bool,
    /// How old keys may be before they are fetched again.
    pub refresh: Duration,
    /// How long keys are used while they can't be fetched again.
    pub keep: Duration,
}

/// The keys of all URLs that clients name, as far as this process uses them.
pub struct RemoteKeys {
    fetcher: Fetcher,
    entries: RwLock<HashMap<JwksUri, Arc<Mutex<Entry>>>>,
    /// Notified when there is something to fetch at once.
    wanted: Notify,
    keep: Duration,
    refresh: Duration,
    fetched: AtomicU64,
    failed: AtomicU64,
}

/// One URL.
struct Entry {
    keys: Option<Arc<ClientKeys>>,
    pace: Pace,
}

/// The outcome of a fetch that is worth reporting.
#[derive(Debug)]
pub struct Fetched<'a> {
    /// The URL.
    pub uri: &'a JwksUri,
    /// The URL's keys now, or why the fetch failed.
    pub outcome: Result<Arc<ClientKeys>, FetchError>,
    /// How many keys of the set were skipped.
    pub passed_by: usize,
}

impl RemoteKeys {
    /// The most URLs. URLs that are not used any more make room for others.
    const MOST: usize = 10_000;
    /// The most fetches at a time.
    const AT_A_TIME: usize = 8;
    /// How often the service looks for fetches that are due.
    const TICK: Duration = Duration::from_secs(1);

    /// # Errors
    /// [`FetchError`]: the file with the authorities can't be read.
    pub fn new(settings: &RemoteSettings) -> Result<Self, FetchError> {
        Ok(Self {
            fetcher: Fetcher::new(settings)?,
            entries: RwLock::default(),
            wanted: Notify::new(),
            keep: settings.keep,
            refresh: settings.refresh,
            fetched: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    /// Requests a first fetch of a URL's keys, if there was none.
    pub fn note(&self, uri: &JwksUri) {
        if self.entry(uri).is_some() {
            return;
        }
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() < Self::MOST && !entries.contains_key(uri) {
            let entry = Entry {
                keys: None,
                pace: Pace::new(Instant::now()),
            };
            entries.insert(uri.clone(), Arc::new(entry.into()));
            self.wanted.notify_one();
        }
    }

    /// Forgets a URL, which a client doesn't name any more.
    pub fn forget(&self, uri: &JwksUri) {
        let entries = self.entries.write();
        entries.unwrap_or_else(PoisonError::into_inner).remove(uri);
    }

    /// The keys of a URL, if they are known and not too old. Otherwise the URL is noted for a
    /// fetch.
    #[must_use]
    pub fn get(&self, uri: &JwksUri) -> Option<Arc<ClientKeys>> {
        let Some(entry) = self.entry(uri) else {
            self.note(uri);
            return None;
        };
        let mut entry = lock(&entry);
        let now = Instant::now();
        entry.pace.used(now);
        let is_good = entry.pace.is_within(self.keep, now);
        entry.keys.clone().filter(|_| is_good)
    }

    /// Requests another fetch, since none of the URL's keys verified a client's signature. The
    /// client may have new keys. They serve its next request.
    pub fn want(&self, uri: &JwksUri) {
        if let Some(entry) = self.entry(uri)
            && lock(&entry).pace.want(Instant::now())
        {
            self.wanted.notify_one();
        }
    }

    /// Fetches what is due, until the future is dropped. Calls `tell` when a URL's keys become
    /// known or change, and when its fetches begin to fail or succeed again.
    pub async fn run(&self, tell: impl Fn(Fetched<'_>)) {
        let mut running = FuturesUnordered::new();
        loop {
            let room = Self::AT_A_TIME.saturating_sub(running.len());
            for (uri, entry) in self.due(room) {
                running.push(async move {
                    let outcome = self.fetcher.fetch(&uri).await;
                    (uri, entry, outcome)
                });
            }
            tokio::select! {
                Some((uri, entry, outcome)) = running.next() => {
                    self.take(&uri, &entry, outcome, &tell);
                }
                () = self.wanted.notified() => {}
                () = sleep(Self::TICK) => {}
            }
        }
    }

    /// How many fetches succeeded, and how many failed.
    #[must_use]
    pub fn fetches(&self) -> [u64; 2] {
        [&self.fetched, &self.failed].map(|count| count.load(Ordering::Relaxed))
    }

    /// Takes in the outcome of a fetch.
    fn take(
        &self,
        uri: &JwksUri,
        entry: &Mutex<Entry>,
        outcome: Result<super::ReadKeys, FetchError>,
        tell: &impl Fn(Fetched<'_>),
    ) {
        let now = Instant::now();
        let mut entry = lock(entry);
        let had_failed = entry.pace.has_failed();
        let (outcome, passed_by, is_news) = match outcome {
            Ok(read) => {
                self.fetched.fetch_add(1, Ordering::Relaxed);
                entry.pace.succeeded(now);
                let is_new = entry.keys.as_deref() != Some(&read.keys);
                let keys = Arc::new(read.keys);
                entry.keys = Some(keys.clone());
                (Ok(keys), read.passed_by.len(), is_new || had_failed)
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                entry.pace.failed(now);
                (Err(error), 0, !had_failed)
            }
        };
        drop(entry);
        if is_news {
            tell(Fetched {
                uri,
                outcome,
                passed_by,
            });
        }
    }

    /// The URLs that are due, at most `most` of them, each marked as begun. Forgets URLs that have
    /// not been used for long.
    fn due(&self, most: usize) -> Vec<(JwksUri, Arc<Mutex<Entry>>)> {
        let now = Instant::now();
        let mut is_unused = false;
        let mut due = Vec::new();
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        for (uri, entry) in entries.iter() {
            let mut locked = lock(entry);
            is_unused |= locked.pace.is_unused(now);
            // Keys of an idle client are fetched just often enough to be usable when the client
            // comes back.
            let refresh = match locked.pace.is_idle(now) {
                true => self.refresh.max(self.keep / 2),
                false => self.refresh,
            };
            if due.len() < most && locked.pace.begins(refresh, now) {
                due.push((uri.clone(), entry.clone()));
            }
        }
        drop(entries);
        if is_unused {
            let entries = self.entries.write();
            let mut entries = entries.unwrap_or_else(PoisonError::into_inner);
            entries.retain(|_, entry| !lock(entry).pace.is_unused(now));
        }
        due
    }

    fn entry(&self, uri: &JwksUri) -> Option<Arc<Mutex<Entry>>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(uri).cloned()
    }
}

fn lock(entry: &Mutex<Entry>) -> MutexGuard<'_, Entry> {
    entry.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "RemoteKeys({} URLs)", entries.len())
    }
}
