//! Where a trail is written, and what the store knows of trails. Both together tell a trail that is
//! missing from another replica's trail.

use std::path::{Path, PathBuf};

use super::chain::{Head, Link};
use super::{Actor, Chain, Lines};
use crate::keys::StoredAuditKey;

/// Where a chain is written, and by which user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which of the folder's two chains it is.
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
    /// The farthest end that is known.
    pub head: Head,
    /// Where it was written. `None` if an older release wrote it, which didn't record the place.
    pub place: Option<Place>,
}

/// What is known of trails from the store. An attacker who can alter only a trail can't alter this.
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

    /// Whether both are the same chain of the same folder. Their users may differ.
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

    /// The end of the trail that was written last at this place. It has the highest number, since
    /// each new trail goes on with the numbers of the one before.
    pub(super) fn last_at(&self, place: &Place) -> Option<&Head> {
        let here = self.trails.iter().filter(|known| known.is_at(place));
        let here = here.filter(|known| known.head.has_records());
        here.map(|known| &known.head)
            .max_by_key(|head| head.sequence)
    }

    /// Whether writers tell the store about their trails before they write. Writers of older
    /// releases don't.
    pub(super) fn says_who_writes(&self) -> bool {
        self.trails.iter().any(|known| known.place.is_some())
    }

    /// Whether one of the trails is in `folder` now, wherever it was written.
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

    /// Adds the end of a trail that another source knows. The farther one of both ends counts.
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

/// The machine's name. In a container, this is the container's name.
fn host() -> String {
    let name = nix::unistd::gethostname();
    name.map_or_else(
        |_| "unknown".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
