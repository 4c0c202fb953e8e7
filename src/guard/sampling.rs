//! Decides which refusals get their own record, and which share one.
//!
//! Anybody can cause a refusal without a credential, as often as the network allows, and each
//! record takes room on the disk. So the first refusals of a source and reason get one record each.
//! Later ones are counted, and share a record that has their number. Thus the trail accounts for
//! every refusal, and a flood costs it almost nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dropshot_chassis::identity::Source;
use jiff::{SignedDuration, Timestamp};

use crate::audit::Record;
use crate::token::Endpoint;

/// How many records of their own a source and reason get at first, and after a pause.
const OWN: u32 = 32;
/// The time after which they get one more.
const REFILL: SignedDuration = SignedDuration::from_secs(10);
/// How many such records all sources together get at first, and the time after which they get one
/// more.
const OWN_OF_ALL: u32 = 4096;
const REFILL_OF_ALL: SignedDuration = SignedDuration::from_millis(250);
/// How long refusals are counted before their record is written: the first pause after the first
/// refusal, and twice as long each time that the flood goes on.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(512);
/// After this time without a refusal, a source and reason are forgotten.
const IDLE: SignedDuration = SignedDuration::from_mins(10);
/// How many sources and reasons are counted apart. Further sources share a count for each reason.
const KINDS: usize = 1024;

/// The refusals that are being counted.
#[derive(Debug, Default)]
pub(crate) struct Sampling {
    state: Mutex<State>,
    /// Whether the disk has room for decisions only.
    is_scarce: AtomicBool,
    combined: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    kinds: HashMap<Counted, Tally>,
    of_all: Option<Credit>,
}

/// Refusals of this kind are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Counted {
    /// `None` for sources that are not counted apart.
    source: Option<Source>,
    endpoint: Endpoint,
    reason: &'static str,
}

#[derive(Debug)]
struct Tally {
    credit: Credit,
    last: Timestamp,
    pause: SignedDuration,
    waiting: Option<Waiting>,
}

/// Refusals that are counted and have no record yet.
#[derive(Debug)]
struct Waiting {
    since: Timestamp,
    count: u64,
    /// The record of the last of these refusals.
    record: Box<Record>,
}

/// How many records of their own may still be written.
#[derive(Debug)]
struct Credit {
    left: u32,
    at: Timestamp,
}

impl Sampling {
    /// Counts a refusal. Gives its record back if the refusal gets its own.
    pub(crate) fn count(
        &self,
        (address, endpoint, reason): (IpAddr, Endpoint, &'static str),
        record: impl FnOnce() -> Record,
        now: Timestamp,
    ) -> Option<Record> {
        let mut state = self.lock();
        let state = &mut *state;
        let mut kind = Counted {
            source: Some(Source::from(address)),
            endpoint,
            reason,
        };
        if state.kinds.len() >= KINDS && !state.kinds.contains_key(&kind) {
            kind.source = None;
        }
        let tally = state.kinds.entry(kind).or_insert_with(|| Tally {
            credit: Credit::new(OWN, now),
            last: now,
            pause: FIRST_PAUSE,
            waiting: None,
        });
        if now.duration_since(tally.last) > tally.pause {
            tally.pause = FIRST_PAUSE;
        }
        tally.last = now;
        let of_all = state
            .of_all
            .get_or_insert_with(|| Credit::new(OWN_OF_ALL, now));
        let gets_its_own = tally.waiting.is_none()
            && !self.is_scarce()
            && tally.credit.refilled(OWN, REFILL, now)
            && of_all.refilled(OWN_OF_ALL, REFILL_OF_ALL, now);
        let mut record = record();
        if gets_its_own {
            tally.credit.left -= 1;
            of_all.left -= 1;
            return Some(record);
        }
        self.combined.fetch_add(1, Ordering::Relaxed);
        if kind.source.is_none() {
            record.source = None;
        }
        match &mut tally.waiting {
            Some(waiting) => {
                waiting.count += 1;
                *waiting.record = record;
            }
            None => {
                tally.waiting = Some(Waiting {
                    since: now,
                    count: 1,
                    record: Box::new(record),
                });
            }
        }
        None
    }

    /// The records of refusals that have been counted for long enough, each with their number.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Record> {
        if self.is_scarce() {
            return Vec::new();
        }
        let mut state = self.lock();
        let tallies = state.kinds.values_mut();
        let due = tallies.filter_map(|tally| {
            let is_due = |it: &mut Waiting| now.duration_since(it.since) >= tally.pause;
            let waiting = tally.waiting.take_if(is_due)?;
            tally.pause = (tally.pause * 2).min(LONGEST_PAUSE);
            Some(waiting.record.standing_for(waiting.count))
        });
        let due = due.collect();
        state
            .kinds
            .retain(|_, tally| tally.waiting.is_some() || now.duration_since(tally.last) < IDLE);
        due
    }

    /// The records of all counted refusals, at the end of the service.
    pub(crate) fn rest(&self) -> Vec<Record> {
        let kinds = std::mem::take(&mut self.lock().kinds);
        let waiting = kinds.into_values().filter_map(|tally| tally.waiting);
        waiting
            .map(|waiting| waiting.record.standing_for(waiting.count))
            .collect()
    }

    /// Sets whether the disk has room for decisions only. While it has, refusals are counted and
    /// wait.
    pub(crate) fn set_scarce(&self, is_scarce: bool) {
        self.is_scarce.store(is_scarce, Ordering::Relaxed);
    }

    /// Whether the disk has room for decisions only, as last set.
    pub(crate) fn is_scarce(&self) -> bool {
        self.is_scarce.load(Ordering::Relaxed)
    }

    /// How many refusals share a record, written or yet to be written.
    pub(crate) fn combined(&self) -> u64 {
        self.combined.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Credit {
    fn new(left: u32, at: Timestamp) -> Self {
        Self { left, at }
    }

    /// Adds the credit of the time since the last call. `true` if there is credit.
    fn refilled(&mut self, most: u32, every: SignedDuration, now: Timestamp) -> bool {
        let passed = now.duration_since(self.at).as_millis() / every.as_millis();
        match u32::try_from(passed) {
            Ok(0) => {}
            Ok(more) if self.left.saturating_add(more) < most => {
                self.left += more;
                self.at += every * i32::try_from(more).unwrap_or(i32::MAX);
            }
            Ok(_) => *self = Self::new(most, now),
            // The clock was set back, or far ahead.
            Err(_) => self.at = now,
        }
        self.left > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Event, Refused};

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn record(source: IpAddr, now: Timestamp) -> Record {
        let refused = Refused {
            client_id: None,
            error: "invalid_client",
            reason: "unknown_client",
            turned_away: None,
            count: None,
        };
        Record {
            source: Some(source),
            ..Record::of(now, Event::TokenRefused(refused))
        }
    }

    fn ask(sampling: &Sampling, source: IpAddr, now: Timestamp) -> Option<Record> {
        let kind = (source, Endpoint::Token, "unknown_client");
        sampling.count(kind, || record(source, now), now)
    }

    fn count(record: &Record) -> u64 {
        match &record.event {
            Event::TokenRefused(refused) => refused.count.unwrap_or(1),
            _ => 0,
        }
    }

    fn after(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn the_first_get_records_and_the_others_share_one_with_their_number() {
        let sampling = Sampling::default();
        let own = (0..1000).filter_map(|_| ask(&sampling, HOME, after(0)));
        assert_eq!(own.count(), 32);
        assert!(sampling.due(after(0)).is_empty());
        let due = sampling.due(after(1));
        assert_eq!(due.iter().map(count).collect::<Vec<_>>(), [968]);
        assert_eq!(sampling.combined(), 968);
        // Another source gets its own record. So does the first source after a pause, but its
        // refusals still wait.
        assert!(ask(&sampling, IpAddr::from([192, 0, 2, 2]), after(1)).is_some());
        assert!(ask(&sampling, HOME, after(2)).is_none());
        assert_eq!(sampling.rest().iter().map(count).sum::<u64>(), 1);
    }

    #[test]
    fn a_flood_that_goes_on_is_told_of_less_and_less_often_and_whole() {
        let sampling = Sampling::default();
        let (mut records, mut told) = (0_u64, 0);
        for second in 0..3600 {
            for _ in 0..10 {
                let own = ask(&sampling, HOME, after(second));
                records += u64::from(own.is_some());
                told += u64::from(own.is_some());
            }
            let due = sampling.due(after(second));
            records += due.len() as u64;
            told += due.iter().map(count).sum::<u64>();
        }
        told += sampling.rest().iter().map(count).sum::<u64>();
        assert_eq!(told, 36_000);
        assert!(records < 500, "{records}");
    }

    #[test]
    fn sources_without_number_take_no_more_memory_and_are_all_counted() {
        let sampling = Sampling::default();
        let mut own = 0_u64;
        for number in 0..100_000_u32 {
            let source = IpAddr::from(number.to_be_bytes());
            own += u64::from(ask(&sampling, source, after(0)).is_some());
        }
        assert!(own <= 1024 + 32, "{own}");
        assert!(sampling.lock().kinds.len() <= KINDS + 1);
        let due = sampling.due(after(1));
        assert_eq!(own + due.iter().map(count).sum::<u64>(), 100_000);
        assert!(due.iter().all(|record| record.source.is_none()));
        assert!(sampling.due(after(700)).is_empty());
        assert!(sampling.lock().kinds.is_empty());
    }

    #[test]
    fn while_room_is_scarce_refusals_are_counted_and_wait() {
        let sampling = Sampling::default();
        sampling.set_scarce(true);
        assert!((0..10).all(|_| ask(&sampling, HOME, after(0)).is_none()));
        assert!(sampling.due(after(100)).is_empty());
        sampling.set_scarce(false);
        assert_eq!(sampling.due(after(100)).iter().map(count).sum::<u64>(), 10);
    }
}
