//! What an update found and did, for people and for programs.

use super::adapted::Adapted;
use super::fill::Filled;
use super::outcome::Outcome;
use dropshot_codegen::diagnostics::{Finding, Severity};
use dropshot_codegen::load::Sources;
use dropshot_codegen::model::Document;
use dropshot_diff::{Change, Effect, Side};
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// How many operations the text names for a change. JSON names all.
const NAMED: usize = 5;

/// The report of an update.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The file with the new document.
    pub from: PathBuf,
    /// The document that was in use.
    pub old: Option<Revision>,
    /// The document in the file.
    pub new: Option<Revision>,
    /// The changes for callers. Those that break callers come first.
    pub changes: Vec<Placed>,
    /// The changes for the handlers.
    pub handlers: Adapted,
    /// Where a new optional field was set to `None`.
    pub filled: Vec<Filled>,
    /// What the new document says and the generated code does not enforce.
    pub carried: Vec<Finding>,
    /// Whether the service's tests passed with the new document.
    pub tested: bool,
    /// The files that were replaced, relative to the workspace.
    pub files: Vec<PathBuf>,
}

/// The name and version of a document.
#[derive(Debug, Serialize)]
pub struct Revision {
    /// `info.title`
    pub title: String,
    /// `info.version`
    pub version: String,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// How many operations the document has, with those of the overlay.
    pub operations: usize,
}

/// A change with its places in the files.
#[derive(Debug, Serialize)]
pub struct Placed {
    #[serde(flatten)]
    change: Change,
    /// `FILE:LINE:COLUMN` in the document in use or in the overlay.
    old_place: Option<String>,
    /// `FILE:LINE:COLUMN` in the new document or in the overlay.
    new_place: Option<String>,
}

impl Revision {
    /// A document whose file has this digest.
    pub fn new(document: &Document, sha256: String) -> Self {
        Self {
            title: document.title.clone(),
            version: document.version.clone(),
            sha256,
            operations: document.operations.len(),
        }
    }
}

impl Report {
    /// A report without results.
    pub fn new(from: &Path) -> Self {
        Self {
            outcome: Outcome::Unchanged,
            from: from.to_owned(),
            old: None,
            new: None,
            changes: Vec::new(),
            handlers: Adapted::default(),
            filled: Vec::new(),
            carried: Vec::new(),
            tested: false,
            files: Vec::new(),
        }
    }

    /// Whether both documents are the same file.
    pub fn same_bytes(&self) -> bool {
        matches!((&self.old, &self.new), (Some(old), Some(new)) if old.sha256 == new.sha256)
    }

    /// Adds the changes and finds their places.
    pub fn compared(&mut self, changes: &[Change], old: &Sources, new: &Sources) {
        let place = |sources: &Sources, pointer: Option<&String>| {
            let found = sources.finding("", Severity::Carried, pointer?, "", "");
            let file = crate::workspace::shown(&found.file);
            Some(format!(
                "{}:{}:{}",
                file.display(),
                found.line,
                found.column
            ))
        };
        let placed = |change: &Change| Placed {
            old_place: place(old, change.old.as_ref()),
            new_place: place(new, change.new.as_ref()),
            change: change.clone(),
        };
        self.changes = changes.iter().map(placed).collect();
    }

    /// The comparison of the documents, for people.
    pub fn comparison(&self) -> String {
        let mut text = String::new();
        if let (Some(old), Some(new)) = (&self.old, &self.new) {
            let _ = writeln!(
                text,
                "{} {} -> {} {}",
                old.title, old.version, new.title, new.version
            );
        }
        for effect in [
            Effect::Breaking,
            Effect::Unclear,
            Effect::Compatible,
            Effect::Documentation,
        ] {
            let of: Vec<&Placed> = self
                .changes
                .iter()
                .filter(|placed| placed.change.effect == effect)
                .collect();
            if !of.is_empty() {
                let _ = writeln!(text, "\n{} ({})", heading(effect), of.len());
            }
            for placed in of {
                let _ = placed.write(&mut text);
            }
        }
        if self.changes.is_empty() {
            text.push_str("\nNothing changes for callers: the two documents say the same.\n");
        }
        text.push_str(&self.handlers.to_string());
        if !self.carried.is_empty() {
            text.push_str("\nKept in the document and not enforced by the generated code:\n");
            for finding in &self.carried {
                let _ = writeln!(text, "  {finding}");
            }
        }
        text.push('\n');
        text
    }

    fn updated(&self) -> String {
        let mut text = String::new();
        for Filled { file, line, field } in &self.filled {
            let _ = writeln!(
                text,
                "{}:{line}: `{field}: None` was added; see whether it should be filled",
                file.display()
            );
        }
        let files: Vec<_> = self
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        let _ = writeln!(
            text,
            "updated: {}\n{}review with `git diff`, then commit them together",
            files.join(", "),
            if self.tested {
                ""
            } else {
                "the tests were skipped: run them before it goes out\n"
            }
        );
        text
    }

    /// The last line, for people: what was done, or why the document was not taken.
    pub fn end(&self) -> String {
        match &self.outcome {
            Outcome::Updated => self.updated(),
            Outcome::Unchanged => "unchanged: this is the document in use\n".to_owned(),
            Outcome::Unfinished { message } => format!(
                "{message}\nthe update is not finished: files may have been replaced, and the next `cargo xtask openapi` \
                 command goes on\n"
            ),
            outcome => format!("{}\nnothing was changed\n", outcome.reason(&self.from)),
        }
    }
}

fn heading(effect: Effect) -> &'static str {
    match effect {
        Effect::Breaking => "Breaks callers",
        Effect::Unclear => "May break callers: it can't be told, and counts as breaking",
        Effect::Compatible => "Compatible",
        Effect::Documentation => "Documentation",
    }
}

impl Placed {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        let change = &self.change;
        if change.effect == Effect::Documentation {
            return writeln!(text, "  {} [{}]", change.message, change.kind.code());
        }
        let side = match change.side {
            None => "",
            Some(Side::CallerSends) => ", in what callers send",
            Some(Side::CallerReceives) => ", in what callers receive",
        };
        writeln!(text, "  {} [{}{side}]", change.message, change.kind.code())?;
        for (which, pointer, place) in [
            ("old", &change.old, &self.old_place),
            ("new", &change.new, &self.new_place),
        ] {
            if let (Some(pointer), Some(place)) = (pointer, place) {
                writeln!(text, "    {which}: {pointer} ({place})")?;
            }
        }
        if !change.operations.is_empty() {
            let named: Vec<&str> = change
                .operations
                .iter()
                .take(NAMED)
                .map(String::as_str)
                .collect();
            let more = match change.operations.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            writeln!(text, "    operations: {}{more}", named.join(", "))?;
        }
        writeln!(text, "    affects: {}", change.affects)?;
        writeln!(text, "    to do: {}", change.advice)
    }
}
