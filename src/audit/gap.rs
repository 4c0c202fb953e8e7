//! A trail that isn't as its writer left it. The log and the first record of the next trail say
//! what is wrong.

use std::fmt;
use std::path::PathBuf;

use super::chain::Head;
use super::{Chain, Event};

/// What a writer found instead of the end of its trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Which chain.
    pub chain: Chain,
    /// The folder.
    pub folder: PathBuf,
    /// What is wrong.
    pub what: Wrong,
    /// The end that was known. `None` if no trail was known at this place.
    pub known: Option<Head>,
    /// The end that is there. `None` if there is no record that can be read.
    pub found: Option<Head>,
}

/// What is wrong with a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It has no file, or no file with a record.
    Missing,
    /// Its end was cut off.
    Truncated,
    /// It is as long as it was known to be, or longer, but has other records.
    Rewritten,
    /// The files are another trail's.
    Replaced,
    /// The newest file can't be opened, or doesn't end with a record.
    Unreadable,
}

impl Wrong {
    /// Its name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Truncated => "truncated",
            Self::Rewritten => "rewritten",
            Self::Replaced => "replaced",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Gap {
    /// The first record of the trail that follows.
    pub(super) fn event(&self) -> Event {
        Event::Began {
            reason: self.what.name(),
            known_trail: self.known.as_ref().map(|head| head.trail.clone()),
            known_seq: self.known.as_ref().map(|head| head.sequence),
            known_hash: self.known.as_ref().map(|head| head.hash),
            found_trail: self.found.as_ref().map(|head| head.trail.clone()),
            found_seq: self.found.as_ref().map(|head| head.sequence),
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain, folder, .. } = self;
        write!(f, "the trail of {chain} in {} ", folder.display())?;
        match self.what {
            Wrong::Missing => write!(f, "is missing")?,
            Wrong::Truncated => write!(f, "was cut")?,
            Wrong::Rewritten => write!(f, "was written anew")?,
            Wrong::Replaced => write!(f, "was replaced by another")?,
            Wrong::Unreadable => write!(f, "can't be read at its end")?,
        }
        if let Some(found) = &self.found {
            write!(
                f,
                ": record {} of trail {} is its last",
                found.sequence, found.trail
            )?;
        }
        if let Some(known) = &self.known {
            write!(
                f,
                "; record {} of trail {} was written there",
                known.sequence, known.trail
            )?;
        }
        write!(
            f,
            "; a new trail began, and `audit verify` says what is missing"
        )
    }
}
