//! Waiting for a condition that comes true some time after a change.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Far longer than any change takes, so that a busy machine fails no test.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until the condition holds, and gives what it saw.
pub async fn eventually<T: Debug>(
    what: &str,
    look: impl AsyncFn() -> T,
    is_so: impl Fn(&T) -> bool,
) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        let seen = look().await;
        if is_so(&seen) {
            return seen;
        }
        assert!(
            Instant::now() < until,
            "not within {PATIENCE:?}: {what}; but {seen:?}"
        );
        tokio::time::sleep(PAUSE).await;
    }
}
