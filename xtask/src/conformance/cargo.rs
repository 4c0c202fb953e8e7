//! Lets cargo compile programs, and reads what it reports.

use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What cargo has built.
pub struct Built {
    /// The file of each program, by its name.
    pub programs: HashMap<String, PathBuf>,
    /// The first error in the code of a document and its line, by the document's index.
    pub errors: BTreeMap<usize, String>,
}

#[derive(Deserialize)]
struct Message {
    message: Option<Diagnostic>,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    is_primary: bool,
}

/// Compiles a package into `target`.
///
/// # Errors
/// The build failed, and not because of a document's code.
pub fn build(package: &Path, target: &Path) -> Result<Built, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "build",
            "--bins",
            "--keep-going",
            "--message-format=json",
            "--quiet",
        ])
        .current_dir(package)
        .env("CARGO_TARGET_DIR", target)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    let mut built = Built {
        programs: HashMap::new(),
        errors: BTreeMap::new(),
    };
    let mut other = None;
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let Ok(Message {
            message,
            target,
            executable,
        }) = serde_json::from_slice(line)
        else {
            continue;
        };
        if let (Some(target), Some(executable)) = (target, executable) {
            built.programs.insert(target.name, executable);
        }
        let Some(diagnostic) = message.filter(|message| message.level == "error") else {
            continue;
        };
        let place = diagnostic
            .spans
            .iter()
            .find(|span| span.is_primary)
            .or(diagnostic.spans.first());
        match place.and_then(|span| Some((document(&span.file_name)?, span.line_start))) {
            Some((index, line)) => {
                built
                    .errors
                    .entry(index)
                    .or_insert(format!("{} (line {line} of api.rs)", diagnostic.message));
            }
            None => {
                other.get_or_insert(diagnostic.message);
            }
        }
    }
    match (output.status.success(), built.errors.is_empty()) {
        (false, true) => Err(other.unwrap_or_else(|| "cargo build failed".to_owned())),
        _ => Ok(built),
    }
}

/// The index of the document whose code is in a file: 12 for `…/d12/api.rs`.
fn document(file: &str) -> Option<usize> {
    file.rsplit('/').nth(1)?.strip_prefix('d')?.parse().ok()
}
