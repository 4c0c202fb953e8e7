//! Where a trail is written, and what is known of trails from elsewhere: what tells a trail that is
//! missing from another replica's.

use std::path::{Path, PathBuf};

use super::chain::{Head, Link};
use super::{Actor, Chain, Lines};
use crate::keys::StoredAuditKey;

/// Where a chain is written, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which of the two in the folder.
    pub chain: Chain,
    /// The machine's name.
    pub host: String,
    /// The folder.
    pub path: PathBuf,
    /// The system's number of the user who wrote last.
    pub uid: u32,
}

/// A trail that the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTrail {
    /// How far it was known to go.
    pub head: Head,
    /// Where it was written; `None` if a release wrote it that didn't say so.
    pub place: Option<Place>,
}

/// What is known of trails from elsewhere, where an attacker who alters a trail can't alter it.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The keys that sign checkpoints.
    pub keys: Vec<StoredAuditKey>,
    /// The trails.
    pub trails: Vec<KnownTrail>,
}

impl Place {
    /// This process' place for a chain in this folder.
    #[must_use]
    pub fn here(chain: Chain, folder: &Path) -> Self {
        Self {
            chain,
            host: host(),
            path: folder.canonicalize().unwrap_or_else(|_| folder.into()),
            uid: Actor::here().map_or(u32::MAX, |actor| actor.uid),
        }
    }

    /// Whether both are the same folder's, whoever writes there.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.chain, &self.host, &self.path) == (other.chain, &other.host, &other.path)
    }
}

impl KnownTrail {
    pub(super) fn is_at(&self, place: &Place) -> bool {
        self.place.as_ref().is_some_and(|own| own.is_same(place))
    }
}

impl Known {
    /// The entry of a trail.
    pub(super) fn trail(&self, id: &str) -> Option<&KnownTrail> {
        self.trails.iter().find(|known| *known.head.trail == *id)
    }

    /// The end of the trail that was written at this place last: trails that follow each other go
    /// on with the numbers.
    pub(super) fn last_at(&self, place: &Place) -> Option<&Head> {
        let here = self.trails.iter().filter(|known| known.is_at(place));
        let here = here.filter(|known| known.head.has_records());
        here.map(|known| &known.head)
            .max_by_key(|head| head.sequence)
    }

    /// Whether writers tell the store of their trails before they write, as those of releases
    /// before this one don't.
    pub(super) fn says_who_writes(&self) -> bool {
        self.trails.iter().any(|known| known.place.is_some())
    }

    /// Whether one of the trails is in a folder, wherever it was before.
    #[must_use]
    pub fn is_in(&self, folder: &Path) -> bool {
        let files = Chain::ALL.map(|chain| chain.files(folder).unwrap_or_default());
        files.into_iter().flatten().any(|file| {
            let mut bytes = Vec::new();
            let first = Lines::in_files(vec![file]).read(&mut bytes);
            let link = Link::read(&bytes).filter(|_| matches!(first, Ok(Some(_))));
            link.is_some_and(|link| self.trail(link.trail).is_some())
        })
    }

    /// Adds what something else knows of a trail; the farther end of both counts.
    pub fn add(&mut self, head: Head, place: Option<&Place>) {
        match self
            .trails
            .iter_mut()
            .find(|it| it.head.trail == head.trail)
        {
            Some(known) if known.head.sequence < head.sequence => known.head = head,
            Some(_) => {}
            None => self.trails.push(KnownTrail {
                head,
                place: place.cloned(),
            }),
        }
    }
}

/// The machine's name; of a container, the container's.
fn host() -> String {
    let name = nix::unistd::gethostname();
    name.map_or_else(
        |_| "unknown".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
