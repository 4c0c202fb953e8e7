//! The progress of a copy: a line on standard error every two seconds.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::store::Copied;

const PAUSE: Duration = Duration::from_secs(2);

pub(super) fn lines() -> impl Fn(Copied) + Send + Sync {
    let last = Mutex::new(Instant::now());
    move |Copied { table, rows }| {
        let Ok(mut last) = last.lock() else { return };
        if last.elapsed() >= PAUSE {
            *last = Instant::now();
            eprintln!("{rows} rows copied, now of {table}");
        }
    }
}
