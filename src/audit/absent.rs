//! Trails that the store knows and a folder doesn't have. They are missing, or another replica's.

use std::io;
use std::path::Path;

use super::{Chain, Known, KnownTrail, Place};

/// Why a trail that the store knows is not in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// It was written on this machine, and is not in its folder any more.
    Missing,
    /// Its files were archived and removed, except for the next file, which is still empty.
    Archived,
    /// It is in another folder of this machine.
    Elsewhere,
    /// It was written in another folder of this machine, which this user may not read.
    Hidden,
    /// Another machine wrote it.
    OtherHost,
    /// An older release wrote it, which didn't record the place. It is another replica's, or was
    /// removed.
    Unknown,
}

impl Known {
    /// The known trails of a chain that are not among those `found` in a folder, in the order in
    /// which they were written.
    #[must_use]
    pub fn absent(
        &self,
        chain: Chain,
        folder: &Path,
        found: &[String],
    ) -> Vec<(&KnownTrail, Absence)> {
        let here = Place::here(chain, folder);
        let absent = self.trails.iter().filter(|known| {
            let id = &known.head.trail;
            known.head.has_records() && !found.iter().any(|found| **found == **id)
        });
        let told = absent.filter_map(|known| match &known.place {
            Some(place) if place.chain == chain => Some((known, absence(known, place, &here))),
            Some(_) => None,
            // Its chain isn't known either, so it is reported with one of the chains only.
            None => (chain == Chain::Decisions).then_some((known, Absence::Unknown)),
        });
        told.collect()
    }
}

fn absence(known: &KnownTrail, place: &Place, here: &Place) -> Absence {
    if place.host != here.host {
        return Absence::OtherHost;
    }
    if place.is_same(here) {
        let newest = place.chain.files(&place.path).unwrap_or_default().pop();
        let is_next = newest.is_some_and(|(first, file)| {
            let is_empty = std::fs::metadata(file).is_ok_and(|file| file.len() == 0);
            is_empty && first == known.head.sequence + 1
        });
        return if is_next {
            Absence::Archived
        } else {
            Absence::Missing
        };
    }
    match std::fs::read_dir(&place.path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Absence::Hidden,
        Ok(_) if only(known).is_in(&place.path) => Absence::Elsewhere,
        _ => Absence::Missing,
    }
}

fn only(known: &KnownTrail) -> Known {
    Known {
        keys: Vec::new(),
        trails: vec![known.clone()],
    }
}
