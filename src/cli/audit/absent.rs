//! A trail that the store knows and that is not in the folder.

use std::path::PathBuf;

use serde::Serialize;

use crate::audit::{Absence, KnownTrail, Place};

/// An absent trail in the report.
#[derive(Debug, Serialize)]
pub(super) struct AbsentTrail {
    trail: String,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    /// The sentence that people read.
    pub message: String,
}

impl AbsentTrail {
    pub(super) fn of(known: &KnownTrail, absence: Absence) -> Self {
        let (trail, last) = (&known.head.trail, known.head.sequence);
        let place = known.place.as_ref();
        let whose = place.map_or_else(String::new, |place| {
            let Place {
                chain,
                host,
                path,
                uid,
            } = place;
            let path = path.display();
            format!(" of {chain}, written in {path} on {host} by user {uid}")
        });
        let why = match absence {
            Absence::Missing => {
                "missing: it was written on this machine, and is not in its folder any more"
            }
            Absence::Archived => {
                "not in this folder any more: its files were archived, and only the next file is here"
            }
            Absence::Elsewhere => "not in this folder: it is in the folder where it was written",
            Absence::Hidden => {
                "not in this folder: this user may not read the folder where it was written"
            }
            Absence::OtherHost => "not in this folder: another machine wrote it",
            Absence::Unknown => "not in this folder: it is another replica's, or was removed",
        };
        Self {
            trail: trail.to_string(),
            sequence: last,
            chain: place.map(|place| place.chain.as_str()),
            host: place.map(|place| place.host.clone()),
            path: place.map(|place| place.path.clone()),
            uid: place.map(|place| place.uid),
            message: format!(
                "trail {trail}{whose}, which the store knows up to record {last}, is {why}"
            ),
        }
    }
}
