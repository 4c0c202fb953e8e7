//! Gives out turns for the check of a chosen secret, which by design takes 19 MiB and about 20 ms
//! of a core.
//!
//! A flood of guesses must not keep the right secret from its turn. So each source has one turn at
//! a time. Two checks run at once, and one of the two is only for clients at a source where they
//! have proved themselves before.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dropshot_chassis::identity::Source;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Gives out turns.
#[derive(Debug)]
pub(crate) struct Turns {
    at_home: Lane,
    elsewhere: Lane,
    lines: Arc<Mutex<Lines>>,
}

/// A turn. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    /// The fields drop in this order: the source's next request moves to the front before the
    /// source's line may be forgotten.
    _running: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    _front: OwnedSemaphorePermit,
    _line: InLine,
}

#[derive(Debug)]
struct Lane {
    /// Places for the foremost request of each source.
    queue: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// The lines of requests by source: how many requests wait or have their turn, and the place at the
/// front.
type Lines = HashMap<(Source, AtHome), (usize, Arc<Semaphore>)>;
type AtHome = bool;

/// Counts one request in its source's line.
#[derive(Debug)]
struct InLine {
    line: (Source, AtHome),
    lines: Arc<Mutex<Lines>>,
}

impl Turns {
    /// How many sources wait in a lane. The last waits about 5 s.
    const SOURCES: usize = 256;
    /// How many requests of one source wait. A client that was just given a chosen secret may start
    /// with many at once.
    const IN_LINE: usize = 64;

    pub(crate) fn new() -> Self {
        Self {
            at_home: Lane::new(),
            elsewhere: Lane::new(),
            lines: Arc::default(),
        }
    }

    /// Waits for a turn. `None` if too many requests wait already. With a turn, the caller should
    /// first look whether another request has made the work unnecessary. It is safe to drop this
    /// while it waits.
    pub(crate) async fn wait(&self, source: Source, at_home: AtHome) -> Option<Turn> {
        let (line, front) = self.line_up((source, at_home))?;
        let front = front.acquire_owned().await.ok()?;
        let lane = if at_home {
            &self.at_home
        } else {
            &self.elsewhere
        };
        let queued = lane.queue.clone().try_acquire_owned().ok()?;
        let running = lane.running.clone().acquire_owned().await.ok()?;
        Some(Turn {
            _running: (running, queued),
            _front: front,
            _line: line,
        })
    }

    fn line_up(&self, line: (Source, AtHome)) -> Option<(InLine, Arc<Semaphore>)> {
        let mut lines = lock(&self.lines);
        let (waiting, front) = lines
            .entry(line)
            .or_insert_with(|| (0, Arc::new(Semaphore::new(1))));
        if *waiting >= Self::IN_LINE {
            return None;
        }
        *waiting += 1;
        let place = InLine {
            line,
            lines: self.lines.clone(),
        };
        Some((place, front.clone()))
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        if let Entry::Occupied(mut line) = lock(&self.lines).entry(self.line) {
            line.get_mut().0 -= 1;
            if line.get().0 == 0 {
                line.remove();
            }
        }
    }
}

impl Lane {
    fn new() -> Self {
        Self {
            queue: Arc::new(Semaphore::new(Turns::SOURCES)),
            running: Arc::new(Semaphore::new(1)),
        }
    }
}

fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn source(number: u32) -> Source {
        IpAddr::from(number.to_be_bytes()).into()
    }

    /// A turn that is free now. `None` if the turn would have to wait for another to end.
    async fn at_once(turns: &Turns, number: u32, at_home: bool) -> Option<Turn> {
        let wait = turns.wait(source(number), at_home);
        timeout(Duration::from_millis(20), wait).await.ok()?
    }

    /// Lets all tasks run as far as they can.
    async fn settle() {
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn who_is_at_home_does_not_wait_for_a_flood_from_elsewhere() {
        let turns = Arc::new(Turns::new());
        let running = at_once(&turns, 0, false).await.expect("free");
        let flood: Vec<_> = (1..2_000)
            .map(|number| {
                let turns = turns.clone();
                tokio::spawn(async move { turns.wait(source(number), false).await.is_some() })
            })
            .collect();
        settle().await;
        assert!(at_once(&turns, 5_000, false).await.is_none());
        at_once(&turns, 5_000, true).await.expect("its own lane");
        drop(running);
        let mut served = 0;
        for guess in flood {
            served += usize::from(guess.await.unwrap());
        }
        assert_eq!(served, Turns::SOURCES - 1, "the others were turned away");
        assert!(lock(&turns.lines).is_empty(), "nothing is left behind");
    }

    #[tokio::test]
    async fn one_source_has_one_turn_however_many_it_wants() {
        let turns = Arc::new(Turns::new());
        let running = at_once(&turns, 0, false).await.expect("free");
        let flood: Vec<_> = (0..500)
            .map(|_| {
                let turns = turns.clone();
                tokio::spawn(async move { turns.wait(source(0), false).await.is_some() })
            })
            .collect();
        settle().await;
        let other = tokio::spawn({
            let turns = turns.clone();
            async move { turns.wait(source(1), false).await }
        });
        settle().await;
        drop(running);
        // The other source gets its turn before the second request of the flood, though it came
        // last.
        let other = timeout(Duration::from_secs(5), other).await;
        other.expect("soon").unwrap().expect("a turn");
        let mut served = 0;
        for guess in flood {
            served += usize::from(guess.await.unwrap());
        }
        assert_eq!(served, Turns::IN_LINE - 1);
    }

    #[tokio::test]
    async fn who_gives_up_makes_room() {
        let turns = Turns::new();
        let running = at_once(&turns, 0, false).await.expect("free");
        for _ in 0..Turns::IN_LINE * 2 {
            assert!(
                timeout(Duration::from_micros(1), turns.wait(source(0), false))
                    .await
                    .is_err()
            );
        }
        drop(running);
        drop(at_once(&turns, 0, false).await.expect("free again"));
        assert!(lock(&turns.lines).is_empty());
    }
}
