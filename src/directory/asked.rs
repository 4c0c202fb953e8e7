//! Which clients the store was asked about a moment ago, and whether there are such: whoever asks
//! for the same one again is answered without it. What changes meanwhile, the change feed tells.
//!
//! Of clients that there are as well, or the time of an answer would tell which there are.

use jiff::Timestamp;

use crate::guard::{Keys, Table};
use crate::token::ClientId;

/// The last answers: so many and no more.
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
    /// There is.
    Somebody,
}

impl Asked {
    /// In milliseconds.
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

    /// To be called when a client may not be what it was.
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
