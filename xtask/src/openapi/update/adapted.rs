//! What a new document means to the handlers, for people and for programs.

use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// The changes of the handlers, made or still to be made.
#[derive(Debug, Default, Serialize)]
pub struct Adapted {
    /// New handlers, which answer 501.
    pub added: Vec<Added>,
    /// Handlers whose operation is gone.
    pub dead: Vec<Dead>,
}

/// A new handler, which answers 501.
#[derive(Debug, Serialize)]
pub struct Added {
    /// The id of its operation.
    pub operation: String,
    /// The name of the method.
    pub method: String,
    /// The file that it is added to, relative to the workspace. `None` if nothing implements its
    /// trait.
    pub file: Option<PathBuf>,
}

/// A handler whose operation is gone.
#[derive(Debug, Serialize)]
pub struct Dead {
    /// The id of the operation in the document before.
    pub operation: String,
    /// The name of the method.
    pub method: String,
    /// The file, relative to the workspace.
    pub file: PathBuf,
    /// The first line of the handler, counted from 1.
    pub first_line: usize,
    /// The last line of the handler.
    pub last_line: usize,
    /// The new name of the method, if its operation was renamed.
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
