//! What a new document means to the handlers, for people and for programs.

use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// What changed, or has to change, in the handlers.
#[derive(Debug, Default, Serialize)]
pub struct Adapted {
    /// Skeletons that answer 501.
    pub added: Vec<Added>,
    /// Handlers that no operation has any more.
    pub dead: Vec<Dead>,
}

/// A skeleton.
#[derive(Debug, Serialize)]
pub struct Added {
    /// Its operation's id.
    pub operation: String,
    /// Its name.
    pub method: String,
    /// The file that it is added to, from the workspace's folder; `None` where nothing implements
    /// its trait.
    pub file: Option<PathBuf>,
}

/// A handler without an operation.
#[derive(Debug, Serialize)]
pub struct Dead {
    /// The operation's id as it was.
    pub operation: String,
    /// Its name.
    pub method: String,
    /// From the workspace's folder.
    pub file: PathBuf,
    /// From 1.
    pub first_line: usize,
    /// The last one that belongs to it.
    pub last_line: usize,
    /// The method that it is to become, where its operation was renamed.
    pub becomes: Option<String>,
}

impl fmt::Display for Adapted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.added.is_empty() {
            writeln!(f, "\nHandlers to write")?;
        }
        for added in &self.added {
            match &added.file {
                Some(file) => writeln!(
                    f,
                    "  {}: `{}`, which answers 501 until it is written",
                    file.display(),
                    added.method
                )?,
                None => writeln!(
                    f,
                    "  `{}`: nothing under src implements its trait yet",
                    added.method
                )?,
            }
        }
        if !self.dead.is_empty() {
            writeln!(f, "\nHandlers without an operation")?;
        }
        for dead in &self.dead {
            let what = match &dead.becomes {
                Some(name) => format!("rename it to `{name}`, and its types after it"),
                None => format!("delete it; `{}` is gone", dead.operation),
            };
            writeln!(
                f,
                "  {}:{}-{}: `{}`: {what}",
                dead.file.display(),
                dead.first_line,
                dead.last_line,
                dead.method
            )?;
        }
        Ok(())
    }
}
