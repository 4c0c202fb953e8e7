//! When the keys of a URL are fetched. Time is a parameter.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between fetches that assertions without a fitting key cause. Any caller that
/// knows a client's id can send such assertions.
const BETWEEN: Duration = Duration::from_secs(3);
/// The pause after a first failure. It doubles with each further one.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The longest pause, after many failures.
const LONGEST: Duration = Duration::from_secs(300);
/// After this time without use, keys are fetched less often.
const IDLE: Duration = Duration::from_secs(24 * 3600);
/// After this time without use, a URL is forgotten.
const UNUSED: Duration = Duration::from_secs(35 * 24 * 3600);

/// The history of a URL's fetches.
#[derive(Debug)]
pub(super) struct Pace {
    /// When its keys were last used.
    used: Instant,
    /// When the last fetch ended. `None` before the first.
    tried: Option<Instant>,
    /// When the last successful fetch ended.
    fetched: Option<Instant>,
    /// How many fetches have failed since then.
    failures: u32,
    is_wanted: bool,
    is_under_way: bool,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            used: now,
            tried: None,
            fetched: None,
            failures: 0,
            is_wanted: false,
            is_under_way: false,
        }
    }

    pub(super) fn used(&mut self, now: Instant) {
        self.used = now;
    }

    pub(super) fn is_unused(&self, now: Instant) -> bool {
        !self.is_under_way && now.saturating_duration_since(self.used) > UNUSED
    }

    /// Whether the keys have not been used lately.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) > IDLE
    }

    /// Notes that the keys don't fit. Returns whether they can be fetched at once.
    pub(super) fn want(&mut self, now: Instant) -> bool {
        self.is_wanted = true;
        let since = self.tried.map(|it| now.saturating_duration_since(it));
        !self.is_under_way && self.failures == 0 && since.is_none_or(|it| it >= BETWEEN)
    }

    /// Whether the keys that were fetched last are fresh enough for use.
    pub(super) fn is_within(&self, keep: Duration, now: Instant) -> bool {
        let age = self.fetched.map(|it| now.saturating_duration_since(it));
        age.is_some_and(|age| age <= keep)
    }

    /// Whether a fetch is due. If so, notes that it begins.
    pub(super) fn begins(&mut self, refresh: Duration, now: Instant) -> bool {
        let due = self.tried.map(|tried| tried + self.pause(refresh));
        if self.is_under_way || due.is_some_and(|due| now < due) {
            return false;
        }
        self.is_under_way = true;
        self.is_wanted = false;
        true
    }

    fn pause(&self, refresh: Duration) -> Duration {
        match (self.failures, self.is_wanted) {
            (0, true) => BETWEEN.min(refresh),
            (0, false) => refresh,
            (failures, _) => {
                let doubled = 1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX);
                AFTER_FAILURE.saturating_mul(doubled).min(LONGEST)
            }
        }
    }

    pub(super) fn succeeded(&mut self, now: Instant) {
        self.is_under_way = false;
        self.tried = Some(now);
        self.fetched = Some(now);
        self.failures = 0;
    }

    pub(super) fn failed(&mut self, now: Instant) {
        self.is_under_way = false;
        self.tried = Some(now);
        self.failures = self.failures.saturating_add(1);
    }

    /// Whether the last fetch failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFRESH: Duration = Duration::from_secs(900);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn keys_are_fetched_at_first_when_old_and_when_wanted() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert!(pace.begins(REFRESH, start));
        assert!(!pace.begins(REFRESH, start), "one at a time");
        pace.succeeded(start);
        assert!(!pace.begins(REFRESH, start + REFRESH - SECOND));
        assert!(!pace.want(start + SECOND), "too soon");
        assert!(!pace.begins(REFRESH, start + SECOND));
        assert!(pace.begins(REFRESH, start + BETWEEN), "it is remembered");
        pace.succeeded(start + BETWEEN);
        assert!(!pace.begins(REFRESH, start + BETWEEN * 2), "once");
        assert!(pace.want(start + BETWEEN * 2));
        assert!(pace.begins(REFRESH, start + BETWEEN * 2));
        pace.succeeded(start + BETWEEN * 2);
        assert!(pace.begins(REFRESH, start + BETWEEN * 2 + REFRESH));
    }

    #[test]
    fn failures_slow_it_down_whoever_wants_the_keys() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut now = start;
        let mut pauses = Vec::new();
        for _ in 0..12 {
            assert!(pace.begins(REFRESH, now));
            pace.failed(now);
            assert!(!pace.want(now));
            let due = (1..=400).find(|after| pace.begins(REFRESH, now + SECOND * *after));
            pauses.push(due.unwrap());
            now += SECOND * due.unwrap();
            pace.is_under_way = false;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        pace.succeeded(now);
        assert!(pace.want(now + BETWEEN));
    }

    #[test]
    fn keys_are_kept_for_a_time_and_forgotten_when_unused() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert!(!pace.is_within(REFRESH, start));
        pace.succeeded(start);
        pace.failed(start + SECOND);
        assert!(pace.is_within(REFRESH, start + REFRESH));
        assert!(!pace.is_within(REFRESH, start + REFRESH + SECOND));
        assert!(!pace.is_idle(start + IDLE));
        assert!(pace.is_idle(start + IDLE + SECOND));
        assert!(!pace.is_unused(start + UNUSED));
        assert!(pace.is_unused(start + UNUSED + SECOND));
        pace.used(start + UNUSED);
        assert!(!pace.is_unused(start + UNUSED + SECOND));
    }
}
