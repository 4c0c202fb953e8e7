//! A number of places, of which the quietest is given away when all are taken.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

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
}

struct Occupant {
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
        self.take(self.now().saturating_sub(QUIET_MS))
    }

    /// Takes a place; when there is none, that of whoever has been quiet longest.
    pub(super) fn enter_at_the_cost_of_the_quietest(self: &Arc<Self>) -> Place {
        self.take(u64::MAX)
            .expect("somebody is in a room without a free place, since its limit is above 0")
    }

    fn take(self: &Arc<Self>, quiet_since: u64) -> Option<Place> {
        let mut occupants = self
            .occupants
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if occupants.all.len() >= self.limit {
            let heard_at = |occupant: &Occupant| occupant.heard_at.load(Ordering::Relaxed);
            let (&number, quietest) = (occupants.all.iter())
                .min_by_key(|(_, occupant)| heard_at(occupant))
                .filter(|(_, occupant)| heard_at(occupant) <= quiet_since)?;
            quietest.displaced.notify_one();
            occupants.all.remove(&number);
        }
        let number = occupants.next;
        occupants.next += 1;
        let occupant = Arc::new(Occupant {
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
        occupants.all.remove(&self.number);
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
    async fn handshakes_give_way_at_any_time() {
        let room = room(1);
        let first = room.enter_at_the_cost_of_the_quietest();
        let second = room.enter_at_the_cost_of_the_quietest();
        assert!(is_displaced(&first).await);
        assert!(!is_displaced(&second).await);
    }
}
