//! How often, and for how long, something is asked of the database.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::SqlStore;
use super::connections::{PATIENCE, is_passing};
use crate::store::StoreError;

/// How often a transaction is tried that fails as another one ran at the same time, and how long
/// after it did.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(5);

impl SqlStore {
    /// What is asked of the database ends, one way or the other. What fails only as others did
    /// something at the same time is asked again.
    pub(super) async fn again<T, F>(&self, work: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        in_time(repeat(work)).await
    }
}

/// Tries what may be tried again, so often and no more.
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

/// Does it within the time that a statement may take.
pub(super) async fn in_time<T>(
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(PATIENCE, work)
        .await
        .unwrap_or(Err(StoreError::TimedOut))
}
