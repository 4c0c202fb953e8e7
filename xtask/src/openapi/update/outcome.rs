//! How an update ended, and what to do about it.

use super::swap;
use dropshot_codegen::diagnostics::{Colour, Findings};
use serde::Serialize;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// How an update ended.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Everything was done.
    Updated,
    /// The document is the one in use, byte for byte.
    Unchanged,
    /// The new document can't be served with the overlay.
    Refused { findings: Findings },
    /// The new document refers to other files.
    ManyFiles { others: Vec<PathBuf> },
    /// The document in use is not the one that was taken from the vendor.
    Edited { file: PathBuf },
    /// The generator refuses the document in use.
    Unreadable { findings: Findings },
    /// The new document breaks callers, or may break them.
    Breaking,
    /// Operations are gone or renamed, and their handlers are still in the source.
    DeadHandlers,
    /// The contract's new files do not belong together.
    Contract { problems: String },
    /// The workspace does not compile, or its tests fail, with the new document.
    Step { command: String },
    /// A file can't be read or written, or a program can't be run.
    Failed { message: String },
    /// The new files were being moved into their places, and some may be there.
    Unfinished { message: String },
}

impl Outcome {
    /// The outcome if a file or a program failed.
    pub fn failed(what: &str, error: &io::Error) -> Self {
        Self::Failed {
            message: format!("{what}: {error}"),
        }
    }

    /// The outcome if the new files could not be moved into their places.
    pub fn of_swap(root: &Path, what: &str, error: &io::Error) -> Self {
        let message = format!("{what}: {error}");
        if swap::has_begun(root) {
            Self::Unfinished { message }
        } else {
            Self::Failed { message }
        }
    }

    /// Whether nothing is left to do.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Updated | Self::Unchanged)
    }

    /// Why the document was not taken, for people. `from` is the new document.
    pub fn reason(&self, from: &Path) -> String {
        match self {
            Self::Updated | Self::Unchanged => String::new(),
            Self::Refused { findings } => {
                format!("{}{} can't be served: {} finding(s)", drawn(findings), from.display(), findings.findings.len())
            }
            Self::Unreadable { findings } => {
                format!("{}the document in use can't be served, so nothing can be compared with it", drawn(findings))
            }
            Self::ManyFiles { others } => {
                let others: Vec<_> = others.iter().map(|file| file.display().to_string()).collect();
                format!("{} refers to other files; bundle them into one first: {}", from.display(), others.join(", "))
            }
            Self::Edited { file } => format!(
                "{0} is not the document that was taken from the vendor, so there is nothing to compare with; to undo the \
                 edit: git checkout -- {0}",
                file.display()
            ),
            Self::Breaking => "the changes listed above break callers, or may; once every caller is ready, run this again with \
                 --allow-breaking"
                .to_owned(),
            Self::DeadHandlers => "handlers of operations that are gone, listed above; edit them, then run this again \
                 (the code need not compile until then)"
                .to_owned(),
            Self::Contract { problems } => format!("{problems}the overlay does not fit the new document"),
            Self::Step { command } => format!(
                "`{command}` failed with the new document, as shown above; edit the code for it, then run this again (the \
                 code need not compile until then)"
            ),
            Self::Failed { message } | Self::Unfinished { message } => message.clone(),
        }
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
