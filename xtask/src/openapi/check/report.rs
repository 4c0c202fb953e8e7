//! The results of the check, for people and for programs.

use crate::openapi::differences::Difference;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// How many differences of one problem are printed as text at most.
const SHOWN: usize = 40;

/// The state of the contract's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// They belong together.
    Current,
    /// A file was edited, or not generated again.
    Stale,
    /// The check is not possible, or the documents themselves are wrong.
    Failed,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The worst of the problems.
    pub verdict: Verdict,
    /// What is wrong. Empty if all is current.
    pub problems: Vec<Problem>,
    /// How many operations the served document has.
    pub operations: usize,
}

/// One thing that is wrong with a file.
#[derive(Debug, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub verdict: Verdict,
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub message: String,
    /// The differences between what the file should say and what it says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{}: {}", problem.file.display(), problem.message)?;
            for difference in problem.differences.iter().take(SHOWN) {
                writeln!(f, "  {}", difference.to_string().replace('\n', "\n  "))?;
            }
            if let Some(more @ 1..) = problem.differences.len().checked_sub(SHOWN) {
                writeln!(f, "  and {more} more; --output json prints all")?;
            }
            writeln!(f, "  {}\n", problem.help)?;
        }
        match self.verdict {
            Verdict::Current => writeln!(
                f,
                "current: {} operations, the vendor's document untouched",
                self.operations
            ),
            Verdict::Stale => writeln!(f, "stale"),
            Verdict::Failed => writeln!(f, "failed"),
        }
    }
}
