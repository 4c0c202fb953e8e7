//! What the generator has to say of a document: all findings of a run, each with its place.
//!
//! A finding has a stable code, what is wrong, where (file, line, column, JSON pointer) and what to
//! do. `Error`s refuse the document; `Carried` ones name what is kept in the served document but
//! not enforced. [`render`] draws them with the source's lines.

mod render;

use serde::{Serialize, Serializer};
use std::fmt;
use std::path::PathBuf;

pub use render::Colour;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The document is refused.
    Error,
    /// Kept in the served document, not enforced by the generated code.
    Carried,
}

/// One thing found in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable, `DC` and three digits; [`crate::codes`] lists them.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// The file it stands in.
    pub file: PathBuf,
    /// From 1; 0 where there is no line to name (an empty file).
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// RFC 6901, from the root of `file`; empty for the root.
    pub pointer: String,
    /// The lines around it, where there are any.
    #[serde(skip)]
    pub snippet: Option<Snippet>,
}

/// Something found at a pointer of the loaded document, before its line is looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Remark {
    pub code: &'static str,
    pub severity: Severity,
    pub pointer: String,
    pub message: String,
    pub help: String,
}

/// The few lines of source around a finding, cropped where they are long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The lines, parted by `\n`.
    pub text: String,
    /// The number of the first of them, from 1.
    pub first_line: usize,
    /// Where in `text` the finding starts, in bytes.
    pub offset: usize,
    /// How many bytes of `text` it covers.
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

/// Why a document is refused: every finding of the run, in the source's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Never empty; at least one is an error.
    pub findings: Vec<Finding>,
}

impl Findings {
    /// The findings as text with the source's lines, one after another.
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

/// A list, as `--output json` prints it.
impl Serialize for Findings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.findings.serialize(serializer)
    }
}
