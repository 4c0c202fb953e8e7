//! Time as a parameter. The service asks a [`Clock`] for the time, so that tests never sleep.

use std::fmt::Debug;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Tells the time of day, and how much time has passed. Tokio measures the other periods inside the
/// process, such as timeouts.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time of day. It jumps forward or back when an operator sets the machine's clock.
    fn now(&self) -> Timestamp;

    /// The time since a fixed but arbitrary moment. Setting the time of day doesn't change it.
    fn passed(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn passed(&self) -> Duration {
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        BEGINNING.elapsed()
    }
}

/// A clock that moves only when a test moves it.
#[derive(Debug)]
pub struct ManualClock(Mutex<(Timestamp, Duration)>);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(Mutex::new((now, Duration::ZERO)))
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let (now, passed) = &mut *self.read();
        *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
        *passed = passed.saturating_add(by);
    }

    /// Sets the time of day, as an operator does when the clock is wrong. No time passes.
    pub fn set(&self, now: Timestamp) {
        self.read().0 = now;
    }

    fn read(&self) -> MutexGuard<'_, (Timestamp, Duration)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.read().0
    }

    fn passed(&self) -> Duration {
        self.read().1
    }
}
