//! PostgreSQL's word that something has changed: LISTEN, on a connection of its own.
//!
//! Only ever a reason to look earlier than the poll would. A word that was lost, as with the
//! connection, costs nothing but time.

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
/// How long nothing may be heard: a connection that was cut without a word looks just like a quiet
/// one.
const QUIET: Duration = Duration::from_secs(30);
/// Before another try; each time twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const STANDBY: &str = "a standby has no LISTEN";

/// Listens from when somebody first waits for a word, and while it lives. A command that changes
/// something and ends needs no connection for that.
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
    /// Why nothing can be heard at the moment.
    fault: Mutex<Option<String>>,
}

impl Listener {
    pub(super) fn new(address: Arc<Address>) -> Self {
        let ear = OnceLock::new();
        Self { address, ear }
    }

    /// Waits for the next word, or returns at once if there was one since the last time.
    pub(super) async fn changed(&self) {
        let ear = self.ear.get_or_init(|| Ear::open(self.address.clone()));
        ear.heard.changed.notified().await;
    }

    /// Why nothing can be heard at the moment.
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

/// Until nothing was heard for long, or the connection is lost. Each is made with the password that
/// its file has now.
async fn hear(address: &Address, heard: &Heard) -> Result<(), StoreError> {
    let options = PgConnectOptions::from_str(&address.url()?)?;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None);
    let pool = within(PATIENCE, pool.connect_with(options)).await?;
    // Rather than an error in the server's log each time.
    let rows = within(PATIENCE, pool.fetch_all(IS_STANDBY)).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    if row.try_get("is_standby")? {
        return Err(StoreError::Unreachable(STANDBY.to_owned()));
    }
    let mut listener = within(PATIENCE, PgListener::connect_with(&pool)).await?;
    listener.eager_reconnect(false);
    within(PATIENCE, listener.listen(CHANNEL)).await?;
    heard.note(None);
    // What was said before anybody listened.
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
