//! PostgreSQL's word that something has changed: LISTEN, on a connection of its own.
//!
//! Only ever a reason to look earlier than the poll would. A word that was lost, as with the connection, costs nothing but time.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::connections::PATIENCE;

const CHANNEL: &str = "d1_authz_changes";
/// How long nothing may be heard: a connection that was cut without a word looks just like a quiet one.
const QUIET: Duration = Duration::from_secs(30);
const BEFORE_ANOTHER_TRY: Duration = Duration::from_secs(1);

/// Listens from when somebody first waits for a word, and while it lives. A command that changes something and ends needs no
/// connection for that.
pub(super) struct Listener {
    /// Holds the password.
    url: String,
    ear: OnceLock<Ear>,
}

/// A task that listens.
struct Ear {
    changed: Arc<Notify>,
    task: AbortHandle,
}

impl Listener {
    pub(super) fn new(url: String) -> Self {
        let ear = OnceLock::new();
        Self { url, ear }
    }

    /// Waits for the next word, or returns at once if there was one since the last time.
    pub(super) async fn changed(&self) {
        let ear = self.ear.get_or_init(|| Ear::open(self.url.clone()));
        ear.changed.notified().await;
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener(..)")
    }
}

impl Ear {
    fn open(url: String) -> Self {
        let changed = Arc::new(Notify::new());
        let task = tokio::spawn(listen(url, changed.clone())).abort_handle();
        Self { changed, task }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(url: String, changed: Arc<Notify>) {
    loop {
        if hear(&url, &changed).await.is_err() {
            sleep(BEFORE_ANOTHER_TRY).await;
        }
    }
}

/// Until nothing was heard for long, or the connection is lost.
async fn hear(url: &str, changed: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = within(PATIENCE, PgListener::connect(url)).await?;
    within(PATIENCE, listener.listen(CHANNEL)).await?;
    // What was said before anybody listened.
    changed.notify_one();
    while let Ok(word) = timeout(QUIET, listener.try_recv()).await {
        match word? {
            Some(_) => changed.notify_one(),
            None => break,
        }
    }
    Ok(())
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(time, work)
        .await
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
}
