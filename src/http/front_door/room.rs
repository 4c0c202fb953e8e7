//! A number of places. When all are taken, whoever means to stay for nothing gives way.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::http::sources::Sources;
use crate::issuer::Source;

/// How long somebody must have been quiet before a place is taken away for somebody else, in milliseconds.
const QUIET_MS: u64 = 1000;

/// Places for those who are in.
pub(super) struct Room {
    limit: usize,
    opened: Instant,
    occupants: Mutex<Occupants>,
}

#[derive(Default)]
struct Occupants {
    next: u64,
    /// By order of arrival.
    all: BTreeMap<u64, Arc<Occupant>>,
    /// How many each source has, as far as it matters.
    of_source: Sources,
}

struct Occupant {
    /// Whose it is, as far as it matters.
    source: Option<Source>,
    /// When it was last heard of, in milliseconds since the room was opened.
    heard_at: AtomicU64,
    displaced: Notify,
}

/// A place in a room; free again when this is dropped.
pub(super) struct Place {
    room: Arc<Room>,
    number: u64,
    occupant: Arc<Occupant>,
}

impl Room {
    pub(super) fn new(limit: u32) -> Arc<Self> {
        Arc::new(Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            opened: Instant::now(),
            occupants: Mutex::default(),
        })
    }

    /// Takes a place; when there is none, that of whoever has been quiet longest, if it has been quiet at all.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Place> {
        self.take(None, self.now().saturating_sub(QUIET_MS))
    }

    /// Takes a place for a source; when there is none, the oldest of the source that has most.
    pub(super) fn enter_at_the_cost_of_the_greediest(
        self: &Arc<Self>,
        source: Option<Source>,
    ) -> Place {
        self.take(source, u64::MAX)
            .expect("somebody is in a room without a free place, since its limit is above 0")
    }

    fn take(self: &Arc<Self>, source: Option<Source>, quiet_since: u64) -> Option<Place> {
        let mut occupants = self
            .occupants
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if occupants.all.len() >= self.limit {
            let heard_at = |occupant: &Occupant| occupant.heard_at.load(Ordering::Relaxed);
            let (&number, loser) = (occupants.all.iter())
                .min_by_key(|(_, occupant)| {
                    (
                        Reverse(occupants.held_by(occupant.source)),
                        heard_at(occupant),
                    )
                })
                .filter(|(_, occupant)| heard_at(occupant) <= quiet_since)?;
            loser.displaced.notify_one();
            occupants.remove(number);
        }
        if let Some(source) = source {
            occupants.of_source.add(source);
        }
        let number = occupants.next;
        occupants.next += 1;
        let occupant = Arc::new(Occupant {
            source,
            heard_at: AtomicU64::new(self.now()),
            displaced: Notify::new(),
        });
        occupants.all.insert(number, occupant.clone());
        Some(Place {
            room: self.clone(),
            number,
            occupant,
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Occupants {
    fn held_by(&self, source: Option<Source>) -> u32 {
        source.map_or(0, |source| self.of_source.of(source))
    }

    /// Nothing when the place was given to somebody else before.
    fn remove(&mut self, number: u64) {
        if let Some(source) = self.all.remove(&number).and_then(|gone| gone.source) {
            self.of_source.remove(source);
        }
    }
}

impl Place {
    /// Notes that whoever has it was heard of.
    pub(super) fn heard(&self) {
        let now = self.room.now();
        self.occupant.heard_at.store(now, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn is_displaced(place: &Place) -> bool {
        timeout(Duration::ZERO, place.displaced()).await.is_ok()
    }

    fn quiet_for(place: &Place, milliseconds: u64) {
        let at = place.room.now().saturating_sub(milliseconds);
        place.occupant.heard_at.store(at, Ordering::Relaxed);
    }

    /// A room that has been open for a while, so that somebody can have been quiet in it.
    fn room(limit: u32) -> Arc<Room> {
        let mut room = Room::new(limit);
        let ago = Duration::from_secs(60);
        Arc::get_mut(&mut room).unwrap().opened = Instant::now().checked_sub(ago).unwrap();
        room
    }

    #[tokio::test]
    async fn the_quietest_gives_way() {
        let room = room(2);
        let (first, second) = (room.enter().unwrap(), room.enter().unwrap());
        quiet_for(&first, 5_000);
        quiet_for(&second, 9_000);
        let third = room.enter().unwrap();
        assert!(is_displaced(&second).await);
        assert!(!is_displaced(&first).await && !is_displaced(&third).await);
        // What was taken away is not given back a second time.
        drop(second);
        first.heard();
        assert!(room.enter().is_none(), "both were just heard of");
        drop(third);
        assert!(room.enter().is_some());
    }

    #[tokio::test]
    async fn the_oldest_of_the_source_that_has_most_gives_way_at_any_time() {
        let room = room(4);
        let source = |last| Some(Source::from(std::net::IpAddr::from([192, 0, 2, last])));
        let enter = |last| room.enter_at_the_cost_of_the_greediest(source(last));
        let honest = enter(1);
        let greedy: Vec<_> = (0..10).map(|_| enter(2)).collect();
        for (number, place) in greedy.iter().enumerate() {
            assert_eq!(is_displaced(place).await, number < 7, "{number}");
        }
        assert!(!is_displaced(&honest).await);
        // From many sources, it is the oldest of all.
        drop(greedy);
        let others: Vec<_> = (3..7).map(enter).collect();
        assert!(is_displaced(&honest).await);
        drop((honest, others));
        let occupants = room.occupants.lock().unwrap();
        assert!(occupants.all.is_empty() && occupants.of_source.is_empty());
    }
}
