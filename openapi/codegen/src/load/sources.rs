//! All files of a document. Finds the file from which a part of the loaded document comes, and its
//! place in that file.
//!
//! The loaded document is the main file with parts of other files and an overlay. [`Sources`]
//! traces a pointer back through both.

use super::positions::Found;
use super::source::Source;
use super::text::Problem;
use crate::diagnostics::{Finding, Severity};
use dropshot_vocabulary::pointer::tokens;
use std::path::Path;

/// The files of a document, which give findings their places.
#[derive(Debug)]
pub struct Sources {
    /// The main file first, then the files that it refers to.
    files: Vec<Source>,
    /// The parts from other files.
    imports: Vec<Import>,
    overlay: Option<Overlaid>,
}

/// A part of another file in the document.
#[derive(Debug)]
struct Import {
    /// Its pointer in the loaded document.
    into: String,
    file: usize,
    /// Its pointer in its file.
    from: String,
}

/// An overlay and the places that its actions changed.
#[derive(Debug)]
pub struct Overlaid {
    /// The overlay's file.
    pub source: Source,
    /// For each node that an action updated: its pointer in the document, and the update's pointer
    /// in the overlay.
    pub updates: Vec<(String, String)>,
}

impl Sources {
    /// The sources of a document that consists of one file so far.
    pub fn new(main: Source, overlay: Option<Overlaid>) -> Self {
        Sources {
            files: vec![main],
            imports: Vec::new(),
            overlay,
        }
    }

    /// A finding at a pointer of the loaded document. If the pointer leads to no value, as for a
    /// missing field, the place is the nearest value around it.
    #[must_use]
    pub fn finding(
        &self,
        code: &'static str,
        severity: Severity,
        pointer: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        let place = self.trace(pointer);
        let found = place.source.find(&place.pointer);
        let problem = Problem {
            pointer: place.pointer,
            ..Problem::new(code, found.at, message, help)
        };
        place.source.finding_at(problem, severity)
    }

    /// The paths of the document's files: the main file first, then the files that it refers to.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(Source::path)
    }

    /// The order of a finding among the others: by file, then by place.
    pub(crate) fn order(&self, finding: &Finding) -> (usize, usize, usize) {
        let file = self
            .files
            .iter()
            .position(|file| file.path() == finding.file)
            .unwrap_or(self.files.len());
        (file, finding.line, finding.column)
    }

    /// Adds a file and returns its number.
    pub(crate) fn add(&mut self, file: Source) -> usize {
        self.files.push(file);
        self.files.len() - 1
    }

    /// The file with that number. The main file is 0.
    pub(crate) fn file(&self, file: usize) -> &Source {
        &self.files[file]
    }

    /// Notes that `into` in the loaded document comes from `from` in a file.
    pub(crate) fn note_import(&mut self, into: String, file: usize, from: String) {
        self.imports.push(Import { into, file, from });
    }

    fn trace(&self, pointer: &str) -> Place<'_> {
        let import = self
            .imports
            .iter()
            .filter(|import| below(pointer, &import.into).is_some());
        if let Some(import) = import.max_by_key(|import| import.into.len()) {
            let rest = below(pointer, &import.into).unwrap_or_default();
            return Place {
                source: &self.files[import.file],
                pointer: format!("{}{rest}", import.from),
            };
        }
        let main = Place {
            source: &self.files[0],
            pointer: pointer.to_owned(),
        };
        let found = main.source.find(pointer);
        match &self.overlay {
            Some(overlay) => overlay.trace(pointer, found).unwrap_or(main),
            None => main,
        }
    }
}

struct Place<'s> {
    source: &'s Source,
    pointer: String,
}

impl Overlaid {
    /// The place in the overlay of a value that the overlay brought in. Either the document's own
    /// file lacks the value, or the overlay replaced a plain value.
    fn trace(&self, pointer: &str, in_document: Found) -> Option<Place<'_>> {
        let updates = self.updates.iter().rev().filter_map(|(target, update)| {
            let rest = below(pointer, target)?;
            let found = self.source.find(&format!("{update}{rest}"));
            let reached =
                tokens(target).count() + found.depth.saturating_sub(tokens(update).count());
            let replaces = found.whole && found.leaf && !rest.is_empty();
            (replaces || reached > in_document.depth)
                .then_some((reached, format!("{update}{rest}")))
        });
        let (_, pointer) = updates.max_by_key(|(reached, _)| *reached)?;
        Some(Place {
            source: &self.source,
            pointer,
        })
    }
}

/// The rest of a pointer below another. `None` if it is not below it.
fn below<'p>(pointer: &'p str, above: &str) -> Option<&'p str> {
    pointer
        .strip_prefix(above)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
}
