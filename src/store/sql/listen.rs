//! PostgreSQL's notifications of changes: LISTEN, on a connection of its own.
//!
//! A notification only makes a replica look earlier than its next poll. A lost one costs time and
//! nothing else.

use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Executor as _, Row as _};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::address::Address;
use super::connections::{IS_STANDBY, PATIENCE};
use crate::store::StoreError;

const CHANNEL: &str = "d1_authz_changes";
/// How long the connection may be quiet before it is made again. A connection that was cut looks
/// like a quiet one.
const QUIET: Duration = Duration::from_secs(30);
/// The pause before the next try, at first. Each one is twice as long as the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const STANDBY: &str = "a standby has no LISTEN";

/// Listens from the first call of [`Listener::changed`] on, for as long as it lives. A command that
/// makes one change and ends needs no such connection.
#[derive(Debug)]
pub(super) struct Listener {
    address: Arc<Address>,
    ear: OnceLock<Ear>,
}

/// A task that listens.
#[derive(Debug)]
struct Ear {
    heard: Arc<Heard>,
    task: AbortHandle,
}

#[derive(Debug, Default)]
struct Heard {
    changed: Notify,
    /// Why it can't listen now; `None` if it can.
    fault: Mutex<Option<String>>,
}

impl Listener {
    pub(super) fn new(address: Arc<Address>) -> Self {
        let ear = OnceLock::new();
        Self { address, ear }
    }

    /// Waits for the next notification. Returns at once if one came since the last call.
    pub(super) async fn changed(&self) {
        let ear = self.ear.get_or_init(|| Ear::open(self.address.clone()));
        ear.heard.changed.notified().await;
    }

    /// Why it can't listen now; `None` if it can.
    pub(super) fn fault(&self) -> Option<String> {
        let fault = self.ear.get()?.heard.fault.lock();
        fault.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Ear {
    fn open(address: Arc<Address>) -> Self {
        let heard = Arc::new(Heard::default());
        let task = tokio::spawn(listen(address, heard.clone())).abort_handle();
        Self { heard, task }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Heard {
    fn note(&self, fault: Option<String>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

async fn listen(address: Arc<Address>, heard: Arc<Heard>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        if let Err(why) = hear(&address, &heard).await {
            heard.note(Some(why.to_string()));
        }
        if began.elapsed() >= QUIET {
            pause = FIRST_PAUSE;
            continue;
        }
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Listens until the connection was quiet for [`QUIET`], or is lost. Each connection uses the
/// password that its file has now.
async fn hear(address: &Address, heard: &Heard) -> Result<(), StoreError> {
    let options = PgConnectOptions::from_str(&address.url()?)?;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None);
    let pool = within(PATIENCE, pool.connect_with(options)).await?;
    // Asked first, because LISTEN on a standby writes an error into the server's log each time.
    let rows = within(PATIENCE, pool.fetch_all(IS_STANDBY)).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    if row.try_get("is_standby")? {
        return Err(StoreError::Unreachable(STANDBY.to_owned()));
    }
    let mut listener = within(PATIENCE, PgListener::connect_with(&pool)).await?;
    listener.eager_reconnect(false);
    within(PATIENCE, listener.listen(CHANNEL)).await?;
    heard.note(None);
    // Something may have changed before LISTEN took effect.
    heard.changed.notify_one();
    while let Ok(word) = timeout(QUIET, listener.try_recv()).await {
        match word? {
            Some(_) => heard.changed.notify_one(),
            None => break,
        }
    }
    Ok(())
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match timeout(time, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(StoreError::TimedOut),
    }
}
