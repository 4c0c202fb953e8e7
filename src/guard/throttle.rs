//! Slows down callers that guess secrets, and clients that ask more often than their limit allows.
//!
//! Failures are counted for a client *at a source*, so that an attacker elsewhere can't lock the
//! client out, and for a source over all clients. Some failures are free. Each further failure
//! doubles the wait until the next credential is looked at. Each longest wait that passes forgives
//! one failure, so a pause never gives more guesses than going on. All counts of failures are in
//! tables of fixed size.

use std::hash::Hash;

use dropshot_chassis::identity::Source;
use governor::clock::MonotonicClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::Timestamp;

use super::pace::{Pace, too_many, whole_seconds};
use super::table::{Key, Keys, Table};
use crate::config::{ClientRate, ThrottleConfig};
use crate::token::{ClientId, Reason};

/// Counts failures and requests.
#[derive(Debug)]
pub(crate) struct Throttle {
    limits: Option<FailureLimits>,
    keys: Keys,
    failures: Table<Failures>,
    proven: Table<()>,
    rate: Option<RateLimiter<Registered, HashMapStateStore<Registered>, MonotonicClock>>,
}

/// A client. The time of its registration tells it from clients that had its id before.
type Registered = (ClientId, Timestamp);

/// The key of a caller: a client, as far as it is known, at a source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAtSource {
    pair: Key,
    source: Key,
}

/// Times in milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    /// When the last failure is forgiven. The number of failures follows from this.
    forgiven: i64,
    /// When a credential is looked at again.
    again: i64,
    /// How many credentials were not looked at since the last failure.
    turned_away: u32,
}

#[derive(Debug, Clone, Copy)]
struct FailureLimits {
    pair: Limit,
    source: Limit,
}

/// Times in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Limit {
    free: i64,
    /// How long it takes until one failure is forgiven.
    forgiving: i64,
    longest: i64,
}

impl Throttle {
    /// A source has as many free failures as this many clients.
    const CLIENTS_A_SOURCE: u32 = 20;
    /// Room for 65,536 failing callers, in 2.6 MB.
    const FAILING_SETS: usize = 8192;
    /// Room for 8,192 pairs of a client and its source.
    const PROVEN_SETS: usize = 1024;
    const PROVEN_FOR: i64 = 30 * 24 * 3_600_000;

    pub(crate) fn new(config: &ThrottleConfig) -> Self {
        let quota = |rate: ClientRate| Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            limits: config.enabled.then(|| FailureLimits::of(config)),
            keys: Keys::default(),
            failures: Table::new(if config.enabled {
                Self::FAILING_SETS
            } else {
                0
            }),
            proven: Table::new(Self::PROVEN_SETS),
            rate: config
                .client_rate
                .map(|rate| RateLimiter::hashmap_with_clock(quota(rate), MonotonicClock)),
        }
    }

    /// The caller's key. `client` is the client, as far as it can be told from others.
    pub(crate) fn caller(&self, client: impl Hash, source: Source) -> ClientAtSource {
        ClientAtSource {
            pair: self.keys.of((client, source)),
            source: self.keys.of(source),
        }
    }

    /// Whether a credential of `caller` is looked at. If the caller is `at_home`, where the client
    /// has proved itself before, the other failures of its source don't count.
    pub(crate) fn may_try(
        &self,
        caller: ClientAtSource,
        at_home: bool,
        now: Timestamp,
    ) -> Result<(), Reason> {
        let Some(limits) = &self.limits else {
            return Ok(());
        };
        self.turn_away(caller.pair, limits.pair, now)?;
        if at_home {
            return Ok(());
        }
        self.turn_away(caller.source, limits.source, now)
    }

    /// Counts a wrong credential.
    pub(crate) fn failed(&self, caller: ClientAtSource, now: Timestamp) {
        let Some(limits) = &self.limits else { return };
        let now = now.as_millisecond();
        for (key, limit) in [(caller.pair, limits.pair), (caller.source, limits.source)] {
            self.failures.change(key, now, |kept| {
                let failures = limit.one_more(kept.unwrap_or_default(), now);
                (failures, failures.forgiven.max(failures.again))
            });
        }
    }

    /// Forgets the client's failures at this source, and remembers that the client is at home
    /// there.
    pub(crate) fn succeeded(&self, caller: ClientAtSource, now: Timestamp) {
        let now = now.as_millisecond();
        self.failures.remove(caller.pair);
        self.proven
            .change(caller.pair, now, |_| ((), now + Self::PROVEN_FOR));
    }

    /// Whether the client has proved itself at this source.
    pub(crate) fn has_succeeded(&self, caller: ClientAtSource, now: Timestamp) -> bool {
        self.proven.get(caller.pair, now.as_millisecond()).is_some()
    }

    /// Whether an authenticated client may make another request now: by its own limit, or else by
    /// the limit of all clients.
    pub(crate) fn pace(
        &self,
        client: &ClientId,
        registered_at: Timestamp,
        own: Option<&Pace>,
    ) -> Result<(), Reason> {
        match (own, &self.rate) {
            (Some(pace), _) => pace.check(),
            (None, Some(rate)) => rate
                .check_key(&(client.clone(), registered_at))
                .map_err(|no| too_many(&no)),
            (None, None) => Ok(()),
        }
    }

    /// Forgets the clients whose requests so far make no difference any more.
    pub(crate) fn forget_idle(&self) {
        if let Some(rate) = &self.rate {
            rate.retain_recent();
            rate.shrink_to_fit();
        }
    }

    fn turn_away(&self, key: Key, limit: Limit, now: Timestamp) -> Result<(), Reason> {
        let now = now.as_millisecond();
        let Some(mut failures) = self.failures.get(key, now) else {
            return Ok(());
        };
        let wait = failures.again - now;
        // A wait that is longer than the longest means that the clock was set back.
        if wait <= 0 || wait > limit.longest {
            return Ok(());
        }
        self.failures.change(key, now, |kept| {
            failures = kept.unwrap_or(failures);
            failures.turned_away = failures.turned_away.saturating_add(1);
            (failures, failures.forgiven.max(failures.again))
        });
        Err(Reason::TooManyFailures {
            wait: whole_seconds(wait),
            turned_away: failures.turned_away,
        })
    }
}

impl FailureLimits {
    fn of(config: &ThrottleConfig) -> Self {
        let longest = i64::try_from(config.max_delay.as_millis()).unwrap_or(i64::MAX);
        let clients = i64::from(Throttle::CLIENTS_A_SOURCE);
        let pair = Limit {
            free: i64::from(config.free_failures),
            forgiving: longest,
            longest,
        };
        let source = Limit {
            free: pair.free * clients,
            forgiving: pair.forgiving / clients,
            longest,
        };
        Self { pair, source }
    }
}

impl Limit {
    /// After this many doublings of a second, every wait is the longest: 2^17 s are more than a
    /// day.
    const DOUBLINGS: i64 = 17;

    fn one_more(self, before: Failures, now: i64) -> Failures {
        // There are never more failures than can make a wait longer. Otherwise a clock that is set
        // back would add up to years.
        let most = now + self.forgiving * (self.free + Self::DOUBLINGS);
        let forgiven = before.forgiven.clamp(now, most) + self.forgiving;
        // Rounded up: a failure that is half forgiven counts.
        let count = (forgiven - now + self.forgiving - 1) / self.forgiving;
        let again = match count - self.free {
            ..=0 => 0,
            beyond => {
                let seconds = 1_i64 << (beyond - 1).min(Self::DOUBLINGS);
                now + (seconds * 1000).min(self.longest)
            }
        };
        Failures {
            forgiven,
            again,
            turned_away: 0,
        }
    }
}

#[cfg(test)]
mod tests;
