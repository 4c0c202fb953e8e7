//! Compares the files that a writer finds with the trail that was left. A writer goes on only from
//! that trail. Otherwise it begins a new one.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::chain::{Head, Link, signed};
use super::file::TrailFile;
use super::gap::{Gap, Wrong};
use super::lines::Lines;
use super::{AuditError, Chain, Hash, Known, Place};

/// How a writer begins.
#[derive(Debug)]
pub(super) enum Opening {
    /// Goes on from this end, in this file: the newest one, or one that has just been made.
    GoOn {
        head: Head,
        file: TrailFile,
        /// Whether the last record is a checkpoint.
        is_signed: bool,
    },
    /// Begins a new trail. Its first record has this number, and says what is wrong with the trail
    /// before.
    Anew { first: u64, gap: Gap },
}

/// What is in the folder.
struct Found {
    /// All files, with the numbers of their first records.
    files: Vec<(u64, PathBuf)>,
    /// The last line, and the end of the chain with it.
    last: Option<(Vec<u8>, Head)>,
    /// The newest file.
    file: Option<TrailFile>,
}

/// Looks at the chain of a place. `end` is the chain's end as the writer itself knows it: from its
/// memory, or from its mark.
pub(super) fn look(
    place: &Place,
    known: &Known,
    end: Option<&Head>,
) -> Result<Opening, AuditError> {
    let noted = known.last_at(place);
    let expected = [noted, end].into_iter().flatten();
    let expected = expected.max_by_key(|head| head.sequence);
    let files = place.chain.files(&place.path)?;
    let found = match Found::read(files.clone()) {
        Ok(found) => found,
        Err(error) if is_about_a_file(&error, &files) => {
            let found = Found {
                files,
                last: None,
                file: None,
            };
            return Ok(found.anew(place, Wrong::Unreadable, expected));
        }
        Err(error) => return Err(error),
    };
    let wrong = found.wrong(place.chain, known, expected)?;
    match (wrong, found) {
        (Some(what), found) => Ok(found.anew(place, what, expected)),
        (
            None,
            Found {
                last: Some((line, head)),
                file: Some(file),
                ..
            },
        ) => Ok(Opening::GoOn {
            head,
            file,
            is_signed: Link::read(&line).is_some_and(|link| link.is_checkpoint()),
        }),
        (
            None,
            Found {
                last: None,
                file: Some(file),
                ..
            },
        ) if expected.is_some() => Ok(Opening::GoOn {
            head: expected.cloned().unwrap_or_default(),
            file,
            is_signed: true,
        }),
        (None, found) => {
            if let Some((_, empty)) = found.files.last() {
                // The file is empty. It may have the name of a later file, if the earlier ones were
                // removed.
                let removed = std::fs::remove_file(empty);
                removed.map_err(|error| AuditError::io(empty, &error))?;
            }
            let path = place.path.join(place.chain.file_name(1));
            let (file, _) = TrailFile::open(path, None)?;
            Ok(Opening::GoOn {
                head: Head::new(),
                file,
                is_signed: true,
            })
        }
    }
}

/// Whether the fault is in the file and lasts, so that a new file beside it helps. A lack of
/// descriptors, for example, passes by itself.
fn is_about_a_file(error: &AuditError, files: &[(u64, PathBuf)]) -> bool {
    match error {
        AuditError::Corrupt(_) => true,
        AuditError::Io { path, .. } if files.iter().any(|(_, file)| file == path) => {
            let again = OpenOptions::new().read(true).append(true).open(path);
            let kinds = [ErrorKind::PermissionDenied, ErrorKind::IsADirectory];
            again.is_err_and(|error| kinds.contains(&error.kind()))
        }
        _ => false,
    }
}

impl Found {
    fn read(files: Vec<(u64, PathBuf)>) -> Result<Self, AuditError> {
        let (mut newest, mut last) = (None, Vec::new());
        // A file without a line yet goes on from the last line of the file before.
        for (_, path) in files.iter().rev() {
            let (file, line) = TrailFile::open(path.clone(), None)?;
            newest.get_or_insert(file);
            if !line.is_empty() {
                last = line;
                break;
            }
        }
        let last = match last.is_empty() {
            true => None,
            false => {
                let (_, newest) = files.last().expect("the line is one of a file");
                let corrupt = || AuditError::Corrupt(newest.clone());
                let head = Head::after(&last).ok_or_else(corrupt)?;
                Some((last, head))
            }
        };
        Ok(Self {
            files,
            last,
            file: newest,
        })
    }

    fn wrong(
        &self,
        chain: Chain,
        known: &Known,
        expected: Option<&Head>,
    ) -> Result<Option<Wrong>, AuditError> {
        let Some((_, head)) = &self.last else {
            let is_next = |end: &&Head| self.begins_after(end);
            return Ok(expected.filter(|end| !is_next(end)).map(|_| Wrong::Missing));
        };
        let noted = known.trail(&head.trail).filter(|it| it.head.has_records());
        match expected {
            Some(end) if end.trail != head.trail => Ok(Some(Wrong::Replaced)),
            Some(end) => self.wrong_after(head, end),
            // No trail is known at this place: the folder may have been moved here.
            None => match noted.map(|noted| &noted.head) {
                Some(end) => self.wrong_after(head, end),
                None => Ok((!self.is_ours(chain, known)?).then_some(Wrong::Replaced)),
            },
        }
    }

    /// Whether the newest file begins right after this end. All files before it were archived and
    /// removed, and it is still empty.
    fn begins_after(&self, end: &Head) -> bool {
        let newest = self.files.last().map(|(first, _)| *first);
        newest == Some(end.sequence.saturating_add(1))
    }

    /// What is wrong if the trail that ends with `head` doesn't have the record `known`.
    fn wrong_after(&self, head: &Head, known: &Head) -> Result<Option<Wrong>, AuditError> {
        if head.sequence < known.sequence {
            return Ok(Some(Wrong::Truncated));
        }
        let mut before = self.files.iter().rev();
        let Some((first, path)) = before.find(|(first, _)| *first <= known.sequence) else {
            // The file with this record was archived and removed.
            return Ok(None);
        };
        // The record's number tells its place in the file.
        let mut lines = Lines::in_files(vec![(*first, path.clone())]);
        let mut bytes = Vec::with_capacity(1024);
        for _ in *first..=known.sequence {
            if lines.read(&mut bytes)?.is_none() {
                return Ok(Some(Wrong::Rewritten));
            }
        }
        Ok((Hash::of(&bytes) != known.hash).then_some(Wrong::Rewritten))
    }

    /// Whether a key of this store signed the last checkpoint of a trail that the store doesn't
    /// know. A process that died before its first note leaves such a trail, and so does an older
    /// release. A trail without a checkpoint counts as ours only if the store knows no place of
    /// this chain.
    fn is_ours(&self, chain: Chain, known: &Known) -> Result<bool, AuditError> {
        let (mut lines, mut bytes) = (Lines::in_files(self.files.clone()), Vec::new());
        let mut last = None;
        while lines.read(&mut bytes)?.is_some() {
            if Link::read(&bytes).is_some_and(|link| link.is_checkpoint()) {
                last = Some(bytes.clone());
            }
        }
        let Some(line) = last else {
            let is_of_chain = |place: &Place| place.chain == chain;
            let mut places = known.trails.iter().filter_map(|it| it.place.as_ref());
            return Ok(!places.any(is_of_chain));
        };
        let signed = signed(&line);
        Ok(signed.is_some_and(|(covered, signature)| {
            let mut keys = known.keys.iter();
            keys.any(|key| key.has_signed(&covered, signature))
        }))
    }

    fn anew(self, place: &Place, what: Wrong, known: Option<&Head>) -> Opening {
        let found = self.last.map(|(_, head)| head);
        let ends = [known, found.as_ref()].into_iter().flatten();
        let files = self.files.iter().map(|(first, _)| *first);
        let last = ends.map(|head| head.sequence).chain(files).max();
        Opening::Anew {
            first: after(last.unwrap_or(0)),
            gap: Gap {
                chain: place.chain,
                folder: place.path.clone(),
                what,
                known: known.cloned(),
                found,
            },
        }
    }
}

/// The number of the first record of a new trail, after the record `last`. The new file comes after
/// the files that are there. One number is left out: otherwise the new file would look like the
/// next file of the trail before.
pub(super) fn after(last: u64) -> u64 {
    last.saturating_add(2)
}
