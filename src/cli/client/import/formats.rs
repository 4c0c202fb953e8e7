//! Files as rows of named values. Each row has its line.

pub(super) mod csv;
pub(super) mod json;
pub(super) mod text;

use std::cell::Cell;

/// The line numbers of a text. The caller asks for them in order, so each line is counted once.
struct Lines<'a> {
    text: &'a str,
    /// A byte and its line.
    last: Cell<(usize, u64)>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let last = Cell::new((0, 1));
        Self { text, last }
    }

    /// The line of a byte, from 1 on.
    fn at(&self, at: usize) -> u64 {
        let (from, line) = match self.last.get() {
            (from, _) if from > at => (0, 1),
            last => last,
        };
        let newlines = self.text.as_bytes()[from..at].iter();
        let line = line + newlines.filter(|byte| **byte == b'\n').count() as u64;
        self.last.set((at, line));
        line
    }
}

#[cfg(test)]
mod tests;
