//! Trails that the store knows and that a folder doesn't have: missing, or another replica's.

use std::io;
use std::path::Path;

use super::{Chain, Known, KnownTrail, Place};

/// Why a trail that the store knows is not in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// It was written on this machine, and isn't where it was written.
    Missing,
    /// Its files were archived and taken away, all but the next, which nothing is in yet.
    Archived,
    /// It is in another folder of this machine.
    Elsewhere,
    /// It was written in another folder of this machine, which this user may not look into.
    Hidden,
    /// Another machine wrote it.
    OtherHost,
    /// A release that didn't tell where wrote it: another replica's, or taken away.
    Unknown,
}

impl Known {
    /// The trails of a chain that are not among those `found` in a folder, in their order of
    /// writing.
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
            // Of which chain isn't known either: told once.
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
