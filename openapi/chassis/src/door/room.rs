//! Places for those who can give way: handshakes and connections. Who gets one, and who gives way,
//! [`Shares`] says.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::tally::Turned;
use crate::guard::shares::{Holder, Shares};
use crate::identity::Source;

/// How long without an answer is quiet.
const QUIET: Duration = Duration::from_secs(1);

/// Places for those who are in.
#[derive(Debug)]
pub(super) struct Room {
    opened: Instant,
    occupants: Mutex<Occupants>,
}

#[derive(Debug)]
struct Occupants {
    shares: Shares,
    next: u64,
    /// By order of arrival.
    all: BTreeMap<u64, Arc<Occupant>>,
}

/// One that is in.
#[derive(Debug)]
struct Occupant {
    source: Option<Source>,
    opened: Instant,
    /// When it was last answered, or let in; in milliseconds since the room was opened.
    heard_at: AtomicU64,
    /// Whether it has asked for something since.
    is_asking: AtomicBool,
    has_asked: AtomicBool,
    arrived: Instant,
    is_displaced: AtomicBool,
    displaced: Notify,
}

/// A place in a room; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<Room>,
    number: u64,
    occupant: Arc<Occupant>,
}

impl Room {
    /// This many places, and no more than so many of them for one source.
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

    /// How many are in.
    pub(super) fn occupied(&self) -> u32 {
        let occupants = self.occupants.lock();
        let occupants = occupants.unwrap_or_else(PoisonError::into_inner);
        occupants.shares.taken()
    }

    /// Takes a place, if need be that of another.
    ///
    /// # Errors
    /// The source has all that it may, or the room is full, and nobody gives way.
    pub(super) fn enter(self: &Arc<Self>, source: Option<Source>) -> Result<Place, Turned> {
        let occupants = self.occupants.lock();
        let mut occupants = occupants.unwrap_or_else(PoisonError::into_inner);
        if !occupants.shares.has_room_for(source) {
            let Some(number) = occupants.who_gives_way_to(source) else {
                let has_all = occupants.shares.has_all(source);
                return Err(if has_all {
                    Turned::Source
                } else {
                    Turned::Full
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
        Ok(Place {
            room: self.clone(),
            number,
            occupant,
        })
    }
}

impl Occupants {
    /// Of those that give way, one of the source that has most, the newcomer's own before others';
    /// one without a request under way before one with; and the one that has been quiet longest.
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

    /// Nothing when the place was given to somebody else before.
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

impl Place {
    /// Notes that whoever has it asks for something.
    pub(super) fn asks(&self) {
        self.occupant.is_asking.store(true, Ordering::Relaxed);
        self.occupant.has_asked.store(true, Ordering::Relaxed);
    }

    /// Whether it asks for something, and was not answered yet.
    pub(super) fn is_asking(&self) -> bool {
        self.occupant.is_asking.load(Ordering::Relaxed)
    }

    /// Whether it ever asked for anything.
    pub(super) fn has_asked(&self) -> bool {
        self.occupant.has_asked.load(Ordering::Relaxed)
    }

    /// How long it was not answered anything.
    pub(super) fn quiet_for(&self) -> Duration {
        let elapsed = self.room.opened.elapsed();
        elapsed.saturating_sub(self.occupant.last_heard())
    }

    /// How long it has had the place.
    pub(super) fn age(&self) -> Duration {
        self.occupant.arrived.elapsed()
    }

    /// Whether the place is somebody else's.
    pub(super) fn is_displaced(&self) -> bool {
        self.occupant.is_displaced.load(Ordering::Relaxed)
    }

    /// Notes that whoever has it was answered.
    pub(super) fn answered(&self) {
        let now = milliseconds(self.room.opened.elapsed());
        self.occupant.heard_at.store(now, Ordering::Relaxed);
        self.occupant.is_asking.store(false, Ordering::Relaxed);
    }

    /// Done when the place is somebody else's.
    pub(super) async fn displaced(&self) {
        self.occupant.displaced.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let occupants = self.room.occupants.lock();
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

    async fn is_displaced(place: &Place) -> bool {
        timeout(Duration::ZERO, place.displaced()).await.is_ok()
    }

    fn quiet_for(place: &Place, milliseconds: u64) {
        let now = u64::try_from(place.room.opened.elapsed().as_millis()).unwrap();
        let at = now.saturating_sub(milliseconds);
        place.occupant.heard_at.store(at, Ordering::Relaxed);
    }

    /// A room that has been open for a while, so that somebody can have been quiet in it.
    fn room(limit: u32, per_source: u32) -> Arc<Room> {
        let mut room = Room::new(limit, per_source);
        let ago = Duration::from_secs(60);
        Arc::get_mut(&mut room).unwrap().opened = Instant::now().checked_sub(ago).unwrap();
        room
    }

    fn source(last: u8) -> Option<Source> {
        Some(Source::from(std::net::IpAddr::from([192, 0, 2, last])))
    }

    #[tokio::test]
    async fn the_quietest_of_those_without_a_share_gives_way() {
        let room = room(2, 64);
        let enter = || room.enter(None);
        let (first, second) = (enter().unwrap(), enter().unwrap());
        quiet_for(&first, 5_000);
        quiet_for(&second, 9_000);
        let third = enter().unwrap();
        assert!(is_displaced(&second).await);
        assert!(!is_displaced(&first).await && !is_displaced(&third).await);
        // What was taken away is not given back a second time.
        drop(second);
        first.answered();
        assert_eq!(
            enter().unwrap_err(),
            Turned::Full,
            "both were just heard of"
        );
        drop(third);
        assert!(enter().is_ok());
    }

    #[tokio::test]
    async fn a_sources_own_gives_way_unless_a_request_is_lost_by_it() {
        let room = room(100, 3);
        let mine: Vec<_> = (0..3).map(|_| room.enter(source(1)).unwrap()).collect();
        for (place, quiet) in mine.iter().zip([300, 900, 600]) {
            quiet_for(place, quiet);
        }
        mine[1].asks();
        let another = room.enter(source(1)).unwrap();
        assert!(
            is_displaced(&mine[2]).await,
            "the quietest that asks for nothing"
        );
        [&mine[0], &another].into_iter().for_each(Place::asks);
        assert_eq!(room.enter(source(1)).unwrap_err(), Turned::Source);
        // A request that is never whole keeps nobody out.
        quiet_for(&mine[0], 1_001);
        assert!(room.enter(source(1)).is_ok() && is_displaced(&mine[0]).await);
    }

    #[tokio::test]
    async fn the_oldest_of_the_source_that_has_most_gives_way_to_one_that_has_none() {
        let room = room(4, 64);
        let enter = |last| room.enter(source(last)).unwrap();
        let honest = enter(1);
        let greedy: Vec<_> = (0..10).map(|_| enter(2)).collect();
        for (number, place) in greedy.iter().enumerate() {
            assert_eq!(is_displaced(place).await, number < 8, "{number}");
        }
        assert!(!is_displaced(&honest).await);
        // From many sources, it is the oldest of all.
        drop(greedy);
        let others: Vec<_> = (3..7).map(enter).collect();
        assert!(is_displaced(&honest).await);
        drop((honest, others));
        let occupants = room.occupants.lock().unwrap();
        assert!(occupants.all.is_empty() && occupants.shares.is_empty());
    }

    /// As many sources as fill the room, each of them asking all the time.
    #[tokio::test]
    async fn busy_sources_do_not_lock_out_another() {
        let room = room(64, 4);
        let mut held = Vec::new();
        for last in 0..16 {
            let all = std::iter::from_fn(|| room.enter(source(last)).ok());
            held.extend(all.take(4));
        }
        held.iter().for_each(Place::asks);
        for _ in 0..20 {
            assert!(room.enter(source(99)).is_ok());
        }
        drop(held);
    }
}
