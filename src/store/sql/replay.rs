//! How old the data of a standby is. A standby that was cut off, or stopped replaying, shows the
//! same data as one whose primary is idle. Only its own replication status tells them apart.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::{AnyConnection, Row, query};
use tokio::time::Instant;

use crate::store::StoreError;

/// Positions are numbers. The time comes from the primary's clock, and is used only if nothing
/// better is known.
const SAMPLE: &str = "SELECT pg_is_in_recovery() AS is_standby, \
    (pg_last_wal_receive_lsn() - '0/0'::pg_lsn)::bigint AS received, \
    (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint AS replayed, \
    EXISTS (SELECT 1 FROM pg_stat_wal_receiver) AS is_receiving, \
    (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint AS last_change_ms";

/// Follows how far a standby has replayed.
#[derive(Debug, Default)]
pub(super) struct Replay(Mutex<Progress>);

#[derive(Debug, Default)]
struct Progress {
    /// The last moment whose changes are all replayed, as far as the standby knows.
    complete: Option<Instant>,
    /// A position that was received but not replayed, and when that was.
    awaited: Option<(i64, Instant)>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    is_standby: bool,
    received: Option<i64>,
    replayed: Option<i64>,
    is_receiving: bool,
    last_change: Option<Duration>,
}

impl Replay {
    /// The greatest age of the data that the server shows.
    pub(super) async fn age(&self, connection: &mut AnyConnection) -> Result<Duration, StoreError> {
        let row = query(SAMPLE).fetch_one(connection).await?;
        let last_change: Option<i64> = row.try_get("last_change_ms")?;
        let sample = Sample {
            is_standby: row.try_get("is_standby")?,
            received: row.try_get("received")?,
            replayed: row.try_get("replayed")?,
            is_receiving: row.try_get("is_receiving")?,
            // The number is below zero if the primary's clock is ahead.
            last_change: last_change
                .map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or_default())),
        };
        let mut progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(progress.age(sample, Instant::now()))
    }
}

impl Progress {
    fn age(&mut self, sample: Sample, now: Instant) -> Duration {
        if !sample.is_standby {
            *self = Self::default();
            return Duration::ZERO;
        }
        let replayed = sample.replayed.unwrap_or_default();
        if sample.is_receiving {
            let received = sample.received.unwrap_or_default();
            if replayed >= received {
                self.complete = Some(now);
                self.awaited = None;
            } else {
                if let Some((position, at)) = self.awaited
                    && replayed >= position
                {
                    self.complete = Some(at);
                    self.awaited = None;
                }
                self.awaited.get_or_insert((received, now));
            }
        }
        match self.complete {
            Some(complete) => now.duration_since(complete),
            // The standby reads from an archive, or was cut off before this process began.
            None => sample.last_change.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn sample(received: i64, replayed: i64) -> Sample {
        Sample {
            is_standby: true,
            received: Some(received),
            replayed: Some(replayed),
            is_receiving: true,
            last_change: Some(600 * SECOND),
        }
    }

    #[test]
    fn a_standby_is_as_old_as_what_it_has_not_replayed() {
        let (mut progress, start) = (Progress::default(), Instant::now());
        let mut age = |sample, second: u32| progress.age(sample, start + second * SECOND);
        assert_eq!(age(sample(10, 10), 0), Duration::ZERO, "an idle primary");
        assert_eq!(age(sample(10, 10), 60), Duration::ZERO);
        assert_eq!(age(sample(20, 10), 61), SECOND, "it stopped replaying");
        assert_eq!(age(sample(30, 10), 70), 10 * SECOND);
        assert_eq!(age(sample(40, 20), 71), 10 * SECOND, "what was there at 61");
        assert_eq!(age(sample(50, 45), 72), SECOND, "what was there at 71");
        assert_eq!(age(sample(50, 50), 73), Duration::ZERO);
        let cut_off = Sample {
            is_receiving: false,
            ..sample(50, 50)
        };
        assert_eq!(age(cut_off, 103), 30 * SECOND);
        let promoted = Sample {
            is_standby: false,
            ..cut_off
        };
        assert_eq!(age(promoted, 104), Duration::ZERO);
        assert_eq!(age(cut_off, 105), 600 * SECOND, "all that is known of it");
        let never = Sample {
            received: None,
            last_change: None,
            ..cut_off
        };
        assert_eq!(age(never, 106), Duration::ZERO);
    }
}
