//! How soon a connection is tried again after a failure. A database that refuses connections is not
//! asked five times a second.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::store::StoreError;

/// The wait after the first failure. Each one is twice as long as the last.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(2);

/// The last failure; none once a transaction has begun.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<State>);

#[derive(Default)]
struct State {
    /// The URL that was tried last. It holds the password.
    tried: Zeroizing<String>,
    failure: Option<Failure>,
}

struct Failure {
    message: String,
    wait: Duration,
    until: Instant,
}

impl Pace {
    /// Fails if this URL failed a moment ago. Another URL, such as one with a new password, may be
    /// tried at once.
    pub(super) fn may_try(&self, url: &str) -> Result<(), StoreError> {
        let mut state = self.state();
        if *state.tried != url {
            state.tried = Zeroizing::new(url.to_owned());
        } else if let Some(failure) = &state.failure
            && Instant::now() < failure.until
        {
            return Err(StoreError::Unreachable(failure.message.clone()));
        }
        Ok(())
    }

    /// Notes a failure, and returns it.
    pub(super) fn failed(&self, error: StoreError) -> StoreError {
        let mut state = self.state();
        let wait = match &state.failure {
            Some(failure) => LONGEST.min(failure.wait * 2),
            None => FIRST,
        };
        state.failure = Some(Failure {
            message: error.to_string(),
            wait,
            until: Instant::now() + wait,
        });
        error
    }

    pub(super) fn succeeded(&self) {
        self.state().failure = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("State(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(pace: &Pace) -> Duration {
        pace.failed(StoreError::TimedOut);
        pace.state().failure.as_ref().unwrap().wait
    }

    #[test]
    fn it_slows_down_until_something_is_different() {
        let pace = Pace::default();
        pace.may_try("one").unwrap();
        let waits: Vec<_> = (0..5).map(|_| failed(&pace).as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1_600, 2_000]);
        let refused = pace.may_try("one").unwrap_err();
        assert_eq!(refused.to_string(), StoreError::TimedOut.to_string());
        pace.may_try("another").unwrap();
        pace.may_try("one").unwrap();
        pace.may_try("one").unwrap_err();
        pace.succeeded();
        pace.may_try("one").unwrap();
        assert_eq!(failed(&pace), FIRST);
        assert_eq!(format!("{:?}", pace.state()), "State(..)");
    }
}
