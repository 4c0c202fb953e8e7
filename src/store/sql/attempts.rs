//! How often, and for how long, a request to the database is tried.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::SqlStore;
use super::connections::{PATIENCE, is_passing};
use crate::store::StoreError;

/// How often a transaction is tried that fails because of another transaction at the same time, and
/// the pause before the second try.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(5);

impl SqlStore {
    /// Runs `work` within [`PATIENCE`], tries included. Runs it again if it failed only because of
    /// another transaction at the same time.
    pub(super) async fn again<T, F>(&self, work: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        in_time(repeat(work)).await
    }
}

/// Runs `work` up to [`TRIES`] times while its error is one that passes.
pub(super) async fn repeat<T, F>(work: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match work().await {
            Err(error) if is_passing(&error) => sleep(pause).await,
            done => return done,
        }
        pause *= 2;
    }
    work().await
}

/// Runs `work` within [`PATIENCE`].
pub(super) async fn in_time<T>(
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(PATIENCE, work)
        .await
        .unwrap_or(Err(StoreError::TimedOut))
}
