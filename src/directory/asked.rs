//! The clients that the store was asked about a moment ago, and whether they exist. A request for
//! the same client is answered without the store. The change feed tells what changes meanwhile.
//!
//! Answers about clients that exist are kept as well. Otherwise the time of an answer would tell a
//! caller which clients exist.

use jiff::Timestamp;

use crate::guard::{Keys, Table};
use crate::token::ClientId;

/// The last answers: a fixed number.
#[derive(Debug)]
pub(super) struct Asked {
    keys: Keys,
    answers: Table<Answer>,
}

/// What the store said.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// There is no such client.
    #[default]
    Nobody,
    /// There is such a client.
    Somebody,
}

impl Asked {
    /// How long an answer is kept, in milliseconds.
    const A_MOMENT: i64 = 10_000;
    /// 65,536 answers, in 1.5 MB.
    const SETS: usize = 8192;

    pub(super) fn note(&self, id: &ClientId, answer: Answer, now: Timestamp) {
        let now = now.as_millisecond();
        self.answers.change(self.keys.of(id.as_str()), now, |_| {
            (answer, now + Self::A_MOMENT)
        });
    }

    pub(super) fn about(&self, id: &str, now: Timestamp) -> Option<Answer> {
        self.answers.get(self.keys.of(id), now.as_millisecond())
    }

    /// Call this when a client may have changed.
    pub(super) fn forget(&self, id: &ClientId) {
        self.answers.remove(self.keys.of(id.as_str()));
    }

    pub(super) fn clear(&self) {
        self.answers.clear();
    }
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            keys: Keys::default(),
            answers: Table::new(Self::SETS),
        }
    }
}
