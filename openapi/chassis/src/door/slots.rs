//! The slots of handshakes and of connections. Each has a slot until it ends, or until it gives way
//! to another. [`Shares`] decides who gets a slot, and who gives way.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::tally::TurnedAway;
use crate::guard::shares::{Holder, Shares};
use crate::identity::Source;

/// A holder without an answer for this long is quiet.
const QUIET: Duration = Duration::from_secs(1);

/// A number of slots, and their holders.
#[derive(Debug)]
pub(super) struct Slots {
    opened: Instant,
    occupants: Mutex<Occupants>,
}

#[derive(Debug)]
struct Occupants {
    shares: Shares,
    next: u64,
    /// The occupants, by order of arrival.
    all: BTreeMap<u64, Arc<Occupant>>,
}

/// The handshake or connection that has a slot.
#[derive(Debug)]
struct Occupant {
    source: Option<Source>,
    opened: Instant,
    /// When the occupant was last answered, or got its slot, in milliseconds since `opened`.
    heard_at: AtomicU64,
    /// Whether the occupant sent a request since.
    is_asking: AtomicBool,
    has_asked: AtomicBool,
    arrived: Instant,
    is_displaced: AtomicBool,
    displaced: Notify,
}

/// A slot. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    number: u64,
    occupant: Arc<Occupant>,
}

impl Slots {
    /// `limit` slots, of which one source gets at most `per_source`.
    pub(super) fn new(limit: u32, per_source: u32) -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            occupants: Mutex::new(Occupants {
                shares: Shares::new(limit, per_source),
                next: 0,
                all: BTreeMap::new(),
            }),
        })
    }

    /// How many slots are taken.
    pub(super) fn occupied(&self) -> u32 {
        let occupants = self.occupants.lock();
        let occupants = occupants.unwrap_or_else(PoisonError::into_inner);
        occupants.shares.taken()
    }

    /// Takes a slot, if need be from another holder.
    ///
    /// # Errors
    /// The source has as many as it may, or no slot is free and no holder gives way.
    pub(super) fn enter(self: &Arc<Self>, source: Option<Source>) -> Result<Slot, TurnedAway> {
        let occupants = self.occupants.lock();
        let mut occupants = occupants.unwrap_or_else(PoisonError::into_inner);
        if !occupants.shares.has_room_for(source) {
            let Some(number) = occupants.who_gives_way_to(source) else {
                let has_all = occupants.shares.has_all(source);
                return Err(if has_all {
                    TurnedAway::Source
                } else {
                    TurnedAway::Full
                });
            };
            if let Some(loser) = occupants.remove(number) {
                loser.is_displaced.store(true, Ordering::Relaxed);
                loser.displaced.notify_one();
            }
        }
        occupants.shares.add(source);
        let number = occupants.next;
        occupants.next += 1;
        let occupant = Arc::new(Occupant {
            source,
            opened: self.opened,
            heard_at: AtomicU64::new(milliseconds(self.opened.elapsed())),
            is_asking: AtomicBool::new(false),
            has_asked: AtomicBool::new(false),
            arrived: Instant::now(),
            is_displaced: AtomicBool::new(false),
            displaced: Notify::new(),
        });
        occupants.all.insert(number, occupant.clone());
        Ok(Slot {
            slots: self.clone(),
            number,
            occupant,
        })
    }
}

impl Occupants {
    /// Of the occupants that give way, the first by this order: one of the source that has most;
    /// the newcomer's own before others'; one without a request under way; the one without an
    /// answer for longest.
    fn who_gives_way_to(&self, newcomer: Option<Source>) -> Option<u64> {
        let giving = self.all.iter().filter_map(|(number, occupant)| {
            let holder = occupant.holder();
            let gives_way = self.shares.gives_way(holder, newcomer);
            gives_way.then_some((number, occupant, holder))
        });
        let loser = giving.min_by_key(|(_, occupant, holder)| {
            (
                Reverse(self.shares.of(holder.source)),
                holder.source != newcomer,
                holder.is_busy,
                occupant.heard_at.load(Ordering::Relaxed),
            )
        });
        loser.map(|(number, ..)| *number)
    }

    /// `None` if the slot was given to another holder before.
    fn remove(&mut self, number: u64) -> Option<Arc<Occupant>> {
        let gone = self.all.remove(&number)?;
        self.shares.remove(gone.source);
        Some(gone)
    }
}

impl Occupant {
    fn holder(&self) -> Holder {
        Holder {
            source: self.source,
            is_busy: self.is_asking.load(Ordering::Relaxed),
            is_quiet: self.opened.elapsed() >= self.last_heard() + QUIET,
        }
    }

    fn last_heard(&self) -> Duration {
        Duration::from_millis(self.heard_at.load(Ordering::Relaxed))
    }
}

impl Slot {
    /// Notes that the holder sends a request.
    pub(super) fn asks(&self) {
        self.occupant.is_asking.store(true, Ordering::Relaxed);
        self.occupant.has_asked.store(true, Ordering::Relaxed);
    }

    /// Whether the holder has sent a request that is not answered yet.
    pub(super) fn is_asking(&self) -> bool {
        self.occupant.is_asking.load(Ordering::Relaxed)
    }

    /// Whether the holder ever sent a request.
    pub(super) fn has_asked(&self) -> bool {
        self.occupant.has_asked.load(Ordering::Relaxed)
    }

    /// How long the holder has gone without an answer.
    pub(super) fn quiet_for(&self) -> Duration {
        let elapsed = self.slots.opened.elapsed();
        elapsed.saturating_sub(self.occupant.last_heard())
    }

    /// How long the holder has had the slot.
    pub(super) fn age(&self) -> Duration {
        self.occupant.arrived.elapsed()
    }

    /// Whether the slot was given to another holder.
    pub(super) fn is_displaced(&self) -> bool {
        self.occupant.is_displaced.load(Ordering::Relaxed)
    }

    /// Notes that the holder was answered.
    pub(super) fn answered(&self) {
        let now = milliseconds(self.slots.opened.elapsed());
        self.occupant.heard_at.store(now, Ordering::Relaxed);
        self.occupant.is_asking.store(false, Ordering::Relaxed);
    }

    /// Returns when the slot is given to another holder.
    pub(super) async fn displaced(&self) {
        self.occupant.displaced.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let occupants = self.slots.occupants.lock();
        let mut occupants = occupants.unwrap_or_else(PoisonError::into_inner);
        occupants.remove(self.number);
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    async fn is_displaced(slot: &Slot) -> bool {
        timeout(Duration::ZERO, slot.displaced()).await.is_ok()
    }

    fn quiet_for(slot: &Slot, milliseconds: u64) {
        let now = u64::try_from(slot.slots.opened.elapsed().as_millis()).unwrap();
        let at = now.saturating_sub(milliseconds);
        slot.occupant.heard_at.store(at, Ordering::Relaxed);
    }

    /// Slots that have been open for a while, so that a holder can be quiet.
    fn slots(limit: u32, per_source: u32) -> Arc<Slots> {
        let mut slots = Slots::new(limit, per_source);
        let ago = Duration::from_secs(60);
        Arc::get_mut(&mut slots).unwrap().opened = Instant::now().checked_sub(ago).unwrap();
        slots
    }

    fn source(last: u8) -> Option<Source> {
        Some(Source::from(std::net::IpAddr::from([192, 0, 2, last])))
    }

    #[tokio::test]
    async fn the_quietest_of_those_without_a_share_gives_way() {
        let slots = slots(2, 64);
        let enter = || slots.enter(None);
        let (first, second) = (enter().unwrap(), enter().unwrap());
        quiet_for(&first, 5_000);
        quiet_for(&second, 9_000);
        let third = enter().unwrap();
        assert!(is_displaced(&second).await);
        assert!(!is_displaced(&first).await && !is_displaced(&third).await);
        // A slot that was taken away is not given back a second time.
        drop(second);
        first.answered();
        assert_eq!(
            enter().unwrap_err(),
            TurnedAway::Full,
            "both were just heard of"
        );
        drop(third);
        assert!(enter().is_ok());
    }

    #[tokio::test]
    async fn a_sources_own_gives_way_unless_a_request_is_lost_by_it() {
        let slots = slots(100, 3);
        let mine: Vec<_> = (0..3).map(|_| slots.enter(source(1)).unwrap()).collect();
        for (slot, quiet) in mine.iter().zip([300, 900, 600]) {
            quiet_for(slot, quiet);
        }
        mine[1].asks();
        let another = slots.enter(source(1)).unwrap();
        assert!(
            is_displaced(&mine[2]).await,
            "the quietest that asks for nothing"
        );
        [&mine[0], &another].into_iter().for_each(Slot::asks);
        assert_eq!(slots.enter(source(1)).unwrap_err(), TurnedAway::Source);
        // A request that never becomes whole keeps no other caller out.
        quiet_for(&mine[0], 1_001);
        assert!(slots.enter(source(1)).is_ok() && is_displaced(&mine[0]).await);
    }

    #[tokio::test]
    async fn the_oldest_of_the_source_that_has_most_gives_way_to_one_that_has_none() {
        let slots = slots(4, 64);
        let enter = |last| slots.enter(source(last)).unwrap();
        let honest = enter(1);
        let greedy: Vec<_> = (0..10).map(|_| enter(2)).collect();
        for (number, slot) in greedy.iter().enumerate() {
            assert_eq!(is_displaced(slot).await, number < 8, "{number}");
        }
        assert!(!is_displaced(&honest).await);
        // Among many sources, the oldest holder gives way.
        drop(greedy);
        let others: Vec<_> = (3..7).map(enter).collect();
        assert!(is_displaced(&honest).await);
        drop((honest, others));
        let occupants = slots.occupants.lock().unwrap();
        assert!(occupants.all.is_empty() && occupants.shares.is_empty());
    }

    /// As many sources as there are slots, each with a request under way all the time.
    #[tokio::test]
    async fn busy_sources_do_not_lock_out_another() {
        let slots = slots(64, 4);
        let mut held = Vec::new();
        for last in 0..16 {
            let all = std::iter::from_fn(|| slots.enter(source(last)).ok());
            held.extend(all.take(4));
        }
        held.iter().for_each(Slot::asks);
        for _ in 0..20 {
            assert!(slots.enter(source(99)).is_ok());
        }
        drop(held);
    }
}
