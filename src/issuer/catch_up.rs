//! A look at the store before a refusal: a client added or a secret rotated a moment ago is known to whoever did it, and the
//! view learns of it only with the next poll.
//!
//! Guesses must not turn into load on the store. One look serves all that asked before it began, and looks keep a distance; who
//! comes in between waits for the next. Every kind of failure waits alike, and so tells a guesser nothing.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// From the beginning of a look to that of the next.
const DISTANCE: Duration = Duration::from_millis(5);

/// Paces the looks.
#[derive(Debug, Default)]
pub(super) struct CatchUp {
    began: Mutex<Option<Instant>>,
}

impl CatchUp {
    /// Looks, unless somebody did since this was called.
    pub(super) async fn once(&self, look: impl Future<Output = ()>) {
        let asked = Instant::now();
        let mut began = self.began.lock().await;
        if let Some(last) = *began {
            if last > asked {
                return;
            }
            sleep_until(last + DISTANCE).await;
        }
        *began = Some(Instant::now());
        look.await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn one_look_serves_all_that_wait() {
        let (catch_up, looks) = (CatchUp::default(), AtomicU32::new(0));
        let look = || async {
            looks.fetch_add(1, Ordering::Relaxed);
        };
        let started = Instant::now();
        catch_up.once(look()).await;
        catch_up.once(look()).await;
        assert_eq!(
            looks.load(Ordering::Relaxed),
            2,
            "each comes after the other"
        );
        assert!(started.elapsed() >= DISTANCE, "and keeps its distance");
        tokio::join!(
            catch_up.once(look()),
            catch_up.once(look()),
            catch_up.once(look())
        );
        assert_eq!(
            looks.load(Ordering::Relaxed),
            3,
            "three that wait together share one"
        );
    }
}
