//! What an update found and did, for people and for programs.

use super::fill::Filled;
use super::handlers::Adapted;
use dropshot_codegen::compare::{Change, Effect, Side};
use dropshot_codegen::diagnostics::{Colour, Finding, Findings, Severity};
use dropshot_codegen::load::Sources;
use dropshot_codegen::model::Document;
use serde::Serialize;
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// How many operations are named at a change; JSON has them all.
const NAMED: usize = 5;

/// The whole of an update.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The file that it is about.
    pub from: PathBuf,
    /// The document that was in use.
    pub old: Option<Revision>,
    /// The document in the file.
    pub new: Option<Revision>,
    /// What changes for callers, what breaks them first.
    pub changes: Vec<Placed>,
    /// What changes for the code.
    pub handlers: Adapted,
    /// Where a new optional field was set to `None`.
    pub filled: Vec<Filled>,
    /// What the new document says and the generated code does not enforce.
    pub carried: Vec<Finding>,
    /// The files that were replaced, from the workspace's folder.
    pub files: Vec<PathBuf>,
}

/// A document by its name.
#[derive(Debug, Serialize)]
pub struct Revision {
    /// `info.title`
    pub title: String,
    /// `info.version`
    pub version: String,
    /// Of the file, in hexadecimal.
    pub sha256: String,
    /// How many operations it has, those of the overlay included.
    pub operations: usize,
}

/// A change with its places in the files.
#[derive(Debug, Serialize)]
pub struct Placed {
    #[serde(flatten)]
    change: Change,
    /// `FILE:LINE:COLUMN` in the document in use, or the overlay.
    old_place: Option<String>,
    /// The same in the new document.
    new_place: Option<String>,
}

/// How an update ended.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Everything was done.
    Updated,
    /// The document is the one in use, byte for byte.
    Unchanged,
    /// The new document, or the overlay on it, is not one that can be served.
    Refused { findings: Findings },
    /// It refers to other files.
    ManyFiles { others: Vec<PathBuf> },
    /// The document in use is not the one that was taken from the vendor.
    Edited { file: PathBuf },
    /// The document in use can't be read.
    Unreadable { findings: Findings },
    /// It breaks callers, or may.
    Breaking,
    /// Operations are gone or renamed, and their handlers are still there.
    DeadHandlers,
    /// The contract's new files do not belong together.
    Contract { problems: String },
    /// The workspace does not compile, or its tests fail, with the new document.
    Step { command: String },
    /// A file can't be read or written, or a program not run.
    Failed { message: String },
}

impl Outcome {
    /// A file or a program that failed.
    pub fn failed(what: &str, error: &io::Error) -> Self {
        Self::Failed {
            message: format!("{what}: {error}"),
        }
    }

    /// Whether there is nothing left to do.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Updated | Self::Unchanged)
    }
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
    /// A report of which nothing is known yet.
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
            files: Vec::new(),
        }
    }

    /// Whether both documents are the same file.
    pub fn same_bytes(&self) -> bool {
        matches!((&self.old, &self.new), (Some(old), Some(new)) if old.sha256 == new.sha256)
    }

    /// Takes over the changes and looks their places up.
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

    /// The comparison, for people.
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
            "updated: {}\nreview with `git diff`, then commit them together",
            files.join(", ")
        );
        text
    }

    /// The last line, for people: what was done, or why nothing was.
    pub fn end(&self) -> String {
        let count = |effect| {
            self.changes
                .iter()
                .filter(|placed| placed.change.effect == effect)
                .count()
        };
        let reason = match &self.outcome {
            Outcome::Updated => return self.updated(),
            Outcome::Unchanged => return "unchanged: this is the document in use\n".to_owned(),
            Outcome::Refused { findings } => {
                format!("{}{} can't be served: {} finding(s)", drawn(findings), self.from.display(), findings.findings.len())
            }
            Outcome::Unreadable { findings } => {
                format!("{}the document in use can't be served, so nothing can be compared with it", drawn(findings))
            }
            Outcome::ManyFiles { others } => {
                let others: Vec<_> = others.iter().map(|file| file.display().to_string()).collect();
                format!("{} refers to other files; bundle them into one first: {}", self.from.display(), others.join(", "))
            }
            Outcome::Edited { file } => format!(
                "{0} is not the document that was taken from the vendor, so there is nothing to compare with; to undo the \
                 edit: git checkout -- {0}",
                file.display()
            ),
            Outcome::Breaking => format!(
                "{} breaking and {} unclear change(s), listed above; once every caller is ready, run this again with \
                 --allow-breaking",
                count(Effect::Breaking),
                count(Effect::Unclear)
            ),
            Outcome::DeadHandlers => "handlers of operations that are gone, listed above; edit them, then run this again \
                 (the code need not compile until then)"
                .to_owned(),
            Outcome::Contract { problems } => format!("{problems}the overlay does not fit the new document"),
            Outcome::Step { command } => format!(
                "`{command}` failed with the new document, as shown above; edit the code for it, then run this again (the \
                 code need not compile until then)"
            ),
            Outcome::Failed { message } => message.clone(),
        };
        format!("{reason}\nnothing was changed\n")
    }
}

fn drawn(findings: &Findings) -> String {
    let colour = if io::stdout().is_terminal() {
        Colour::Always
    } else {
        Colour::Never
    };
    findings.render(colour)
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
