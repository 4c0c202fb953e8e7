//! Everything that the generator reports about a document: all findings of a run with their places.
//!
//! A finding has a stable code, a message, a place (file, line, column, JSON pointer) and a remedy.
//! An `Error` refuses the document. A `Carried` finding names something that stays in the served
//! document but is not enforced. [`render`] draws findings with the source's lines.

mod render;

use serde::{Serialize, Serializer};
use std::fmt;
use std::path::PathBuf;

pub use render::Colour;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The document is refused.
    Error,
    /// The served document keeps it, but the generated code does not enforce it.
    Carried,
}

/// One finding in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable, `DC` and three digits; [`crate::codes`] lists them.
    pub code: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// The file that it is about.
    pub file: PathBuf,
    /// From 1. It is 0 if the file is empty.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// RFC 6901, from the root of `file`; empty for the root.
    pub pointer: String,
    /// The source's lines around it, if the file has any.
    #[serde(skip)]
    pub snippet: Option<Snippet>,
}

/// A finding at a pointer of the loaded document, before its line is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Remark {
    pub code: &'static str,
    pub severity: Severity,
    pub pointer: String,
    pub message: String,
    pub help: String,
}

/// The few lines of source around a finding. Long lines are cropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The lines, separated by `\n`.
    pub text: String,
    /// The number of the first line, from 1.
    pub first_line: usize,
    /// The start of the finding in `text`, in bytes.
    pub offset: usize,
    /// The length of the finding in `text`, in bytes.
    pub length: usize,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {} [{}] at {}: {}",
            self.file.display(),
            self.line,
            self.column,
            self.message,
            self.code,
            if self.pointer.is_empty() {
                "/"
            } else {
                &self.pointer
            },
            self.help
        )
    }
}

/// The reason why a document is refused: all findings of the run, in the source's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Never empty. At least one finding is an error.
    pub findings: Vec<Finding>,
}

impl Findings {
    /// Renders the findings as text with the source's lines.
    #[must_use]
    pub fn render(&self, colour: Colour) -> String {
        render::render(&self.findings, colour)
    }
}

impl From<Box<Finding>> for Findings {
    fn from(finding: Box<Finding>) -> Self {
        Findings {
            findings: vec![*finding],
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

/// Serializes as a list, which `--output json` prints.
impl Serialize for Findings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.findings.serialize(serializer)
    }
}
