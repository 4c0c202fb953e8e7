//! Decides which files a document may bring in: those in its folder or below, after links are
//! resolved.
//!
//! Anyone may have written the document, and the generator runs on a developer's or a build
//! machine. A reference must not read `~/.ssh`, follow a link out of the folder, or reach the
//! network.

use crate::diagnostics::Finding;
use crate::load::Sources;
use crate::load::source::Source;
use crate::load::text::MAX_BYTES;
use crate::percent::percent_decode;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// The document's folder and the files read from it.
pub struct Folder {
    /// The folder as the document's path names it.
    named: PathBuf,
    /// The folder with its links resolved. `None` until it is needed.
    canonical: Option<PathBuf>,
    main: Option<PathBuf>,
    /// By canonical path. `None` for a file that could not be read, so that it is not read again.
    files: HashMap<PathBuf, Option<usize>>,
    /// By file number. The main file's value is not among them.
    values: HashMap<usize, (PathBuf, Value)>,
    bytes: usize,
}

/// Why a file is not brought in.
pub struct Refusal {
    /// Continues "the reference … ".
    pub reason: String,
    pub help: &'static str,
    /// The finding about the file itself.
    pub finding: Option<Box<Finding>>,
}

const INSIDE: &str = "bring the file into the document's folder and refer to it by a relative path";

impl Folder {
    /// The folder of the document at `main`.
    pub fn new(main: &Path) -> Self {
        let named = main.parent().map(Path::to_owned).unwrap_or_default();
        Folder {
            named,
            canonical: None,
            main: main.canonicalize().ok(),
            files: HashMap::new(),
            values: HashMap::new(),
            bytes: 0,
        }
    }

    /// The number of the file that a reference in the file `base` names. Reads the file at first
    /// use.
    pub fn file(
        &mut self,
        reference: &str,
        base: usize,
        sources: &mut Sources,
    ) -> Result<usize, Refusal> {
        let refuse = |reason: &str, help| Refusal {
            reason: reason.to_owned(),
            help,
            finding: None,
        };
        if has_scheme(reference) || reference.starts_with("//") {
            return Err(refuse("names a URL, and nothing is fetched", INSIDE));
        }
        let relative = percent_decode(reference);
        let relative = Path::new(&relative);
        if relative.has_root()
            || relative
                .components()
                .any(|part| matches!(part, Component::Prefix(_)))
        {
            return Err(refuse("names an absolute path", INSIDE));
        }
        // This check of the text comes first, so that the generator never touches a file outside
        // the folder.
        let beside = self
            .values
            .get(&base)
            .map_or_else(PathBuf::new, |(path, _)| path.clone());
        let Some(relative) = normalize(&beside.parent().unwrap_or(Path::new("")).join(relative))
        else {
            return Err(refuse("leaves the document's folder", INSIDE));
        };
        let missing = |error: std::io::Error| {
            refuse(&format!("names a file that can't be read: {error}"), INSIDE)
        };
        let root = match &self.canonical {
            Some(root) => root.clone(),
            None => {
                let named = if self.named.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    &self.named
                };
                self.canonical
                    .insert(named.canonicalize().map_err(missing)?)
                    .clone()
            }
        };
        let path = root.join(&relative).canonicalize().map_err(missing)?;
        if !path.starts_with(&root) {
            return Err(refuse(
                "leaves the document's folder through a link",
                INSIDE,
            ));
        }
        if self.main.as_ref() == Some(&path) {
            return Ok(0);
        }
        match self.files.get(&path) {
            Some(Some(known)) => return Ok(*known),
            Some(None) => return Err(refuse("names a file that can't be read", INSIDE)),
            None => {}
        }
        self.read(path, relative, sources)
    }

    fn read(
        &mut self,
        path: PathBuf,
        relative: PathBuf,
        sources: &mut Sources,
    ) -> Result<usize, Refusal> {
        let left = MAX_BYTES.saturating_sub(sources.file(0).size() + self.bytes);
        let named = self.named.join(&relative);
        let (source, value) = Source::read(&path, left).map_err(|finding| {
            self.files.insert(path.clone(), None);
            Refusal {
                reason: format!("names a file that can't be read: {}", finding.message),
                help: "correct the file, or the reference",
                finding: Some(Box::new(Finding {
                    file: named.clone(),
                    ..*finding
                })),
            }
        })?;
        let source = source.named(named);
        self.bytes += source.size();
        let number = sources.add(source);
        self.files.insert(path, Some(number));
        self.values.insert(number, (relative, value));
        Ok(number)
    }

    /// The value of a file that was read.
    pub fn value(&self, file: usize) -> &Value {
        self.values
            .get(&file)
            .map_or(&Value::Null, |(_, value)| value)
    }

    /// The name of a file without its ending.
    pub fn stem(&self, file: usize) -> String {
        let path = self.values.get(&file).map(|(path, _)| path.as_path());
        path.and_then(Path::file_stem).map_or_else(
            || "file".to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        )
    }
}

/// Whether a reference has a scheme: `https:`, `file:`, `urn:`, or a drive letter.
fn has_scheme(reference: &str) -> bool {
    let scheme = reference.split_once(':').map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
    })
}

/// The path without `.` and `..`. `None` if it leads above its start.
fn normalize(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => normal.push(name),
            Component::CurDir => {}
            Component::ParentDir if normal.pop() => {}
            _ => return None,
        }
    }
    Some(normal)
}
