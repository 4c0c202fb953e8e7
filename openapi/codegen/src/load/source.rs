//! One file. Its bytes become a text, the text a value, and a pointer into the value a place in the
//! text.

use super::positions::{Found, Index};
use super::text::{MAX_BYTES, Problem, Text};
use super::{json, positions, text, yaml};
use crate::codes;
use crate::diagnostics::{Finding, Severity};
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A file that was read. It turns pointers into lines.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    text: Text,
    index: OnceLock<Index>,
}

impl Source {
    /// Reads a file of at most `limit` bytes.
    ///
    /// # Errors
    /// Any error of [`Self::parse`], a file that can't be read, or a path that is no regular file.
    pub fn read(path: &Path, limit: usize) -> Result<(Source, Value), Box<Finding>> {
        let refuse = |message: String, help: &str| {
            Source::empty(path).refusal(Problem::new(codes::UNREADABLE, 0, message, help))
        };
        let unreadable = |error: std::io::Error| {
            let help = "check its path and its permissions";
            refuse(format!("the file can't be read: {error}"), help)
        };
        // Opening a pipe or a device could block forever.
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            let message = "the path names no regular file".to_owned();
            return Err(refuse(message, "name a JSON or YAML file"));
        }
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        let mut limited = file.take(limit as u64 + 1);
        limited.read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() > limit {
            return Err(Source::oversized(path));
        }
        Source::parse(path, &bytes)
    }

    /// Parses the bytes of a file. A text that looks like JSON is strict JSON, any other is YAML
    /// 1.2.
    ///
    /// # Errors
    /// The first problem: encoding, syntax, a duplicate key, or a limit.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<(Source, Value), Box<Finding>> {
        if bytes.len() > MAX_BYTES {
            return Err(Source::oversized(path));
        }
        let (text, problem) = text::decode(bytes);
        let mut source = Source {
            text,
            ..Source::empty(path)
        };
        let start = source.text.as_str().trim_start();
        let parsed = if let Some(problem) = problem {
            Err(problem)
        } else if start.is_empty() {
            let help = "give a file that holds an OpenAPI document";
            Err(Problem::new(
                codes::NOT_A_DOCUMENT,
                0,
                "the file is empty",
                help,
            ))
        } else if start.starts_with(['{', '[']) {
            source.json_or_flow_yaml()
        } else {
            source.yaml()
        };
        match parsed {
            Ok(value) => Ok((source, value)),
            Err(problem) => Err(source.refusal(problem)),
        }
    }

    fn refusal(&self, problem: Problem) -> Box<Finding> {
        Box::new(self.finding_at(problem, Severity::Error))
    }

    /// The path as the caller gave it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same file under the name that messages show.
    pub fn named(self, path: PathBuf) -> Source {
        Source { path, ..self }
    }

    /// The size of the text in bytes.
    pub fn size(&self) -> usize {
        self.text.as_str().len()
    }

    /// Follows a pointer as far as possible.
    pub fn find(&self, pointer: &str) -> Found {
        self.index
            .get_or_init(|| positions::scan(self.text.as_str()))
            .find(pointer)
    }

    /// A finding at the place of a problem.
    pub fn finding_at(&self, problem: Problem, severity: Severity) -> Finding {
        let (line, column) = self.text.place(problem.at);
        Finding {
            code: problem.code,
            severity,
            message: shorten(problem.message),
            help: problem.help,
            file: self.path.clone(),
            line,
            column,
            pointer: problem.pointer,
            snippet: self.text.snippet(problem.at),
        }
    }

    fn empty(path: &Path) -> Source {
        Source {
            path: path.to_owned(),
            text: Text::new(String::new()),
            index: OnceLock::new(),
        }
    }

    fn oversized(path: &Path) -> Box<Finding> {
        let message = format!("the document is larger than {} MiB", MAX_BYTES >> 20);
        let problem = Problem::new(codes::TOO_LARGE, 0, message, "split the document");
        Source::empty(path).refusal(problem)
    }

    /// A text that begins like JSON must be strict JSON. Only a file named `.yaml` or `.yml` may be
    /// YAML's flow style.
    fn json_or_flow_yaml(&mut self) -> Result<Value, Problem> {
        let named_yaml = self
            .path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        match json::read(&self.text) {
            Err(problem) if named_yaml && problem.code == codes::SYNTAX => {
                self.yaml().map_err(|_| problem)
            }
            read => read,
        }
    }

    fn yaml(&mut self) -> Result<Value, Problem> {
        let (value, index) = yaml::read(self.text.as_str())?;
        self.index = OnceLock::from(index);
        Ok(value)
    }
}

/// Shortens a message, because a name in the document may be megabytes long.
fn shorten(message: String) -> String {
    const LONGEST: usize = 500;
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}
