//! `cargo xtask tidy` checks promises about the source that no compiler checks.
//!
//! Each promise has its own file: a function from the repository's files to findings. This module
//! owns the list of promises and prints the findings.

mod circles;
pub mod code;
mod covered;
mod files;
mod headers;
mod layers;
mod links;
mod manifests;
mod paths;
mod sizes;
mod words;

use crate::output::{self, Output};
use crate::workspace;
use files::Files;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Checks layering, circles of files, file headers, file sizes, links between documents, unfinished
/// code, lints in manifests, and the table of the standards' tests.
#[derive(clap::Args)]
pub struct Arguments {
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

impl Arguments {
    /// Arguments for findings as text.
    pub fn text() -> Self {
        Self {
            output: Output::Text,
        }
    }
}

/// One broken promise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file, from the repository's root.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The promise, by the name of its module here.
    pub rule: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Runs the command. Exit code 0: tidy. Exit code 1: not tidy.
pub fn run(arguments: &Arguments) -> ExitCode {
    let files = match Files::read(workspace::root()) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let findings = check(&files);
    let text = match arguments.output {
        Output::Text => text(&files, &findings),
        Output::Json => format!("{}\n", serde_json::json!({ "findings": findings })),
    };
    match output::print(&text) {
        Ok(()) if findings.is_empty() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => output::finished("standard output", Err(error)),
    }
}

/// All findings, in the order of file and line.
pub fn check(files: &Files) -> Vec<Finding> {
    let rules = [
        layers::check,
        circles::check,
        headers::check,
        sizes::check,
        links::check,
        words::check,
        manifests::check,
        covered::check,
    ];
    let mut findings: Vec<_> = rules.iter().flat_map(|rule| rule(files)).collect();
    findings.sort();
    findings
}

fn text(files: &Files, findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| format!("{finding}\n"));
    let mut text: String = lines.collect();
    for (file, lines) in sizes::long(files) {
        text.push_str(&format!(
            "note: {}: {lines} lines; is it still one idea?\n",
            file.display()
        ));
    }
    text.push_str(&match findings.len() {
        0 => format!("tidy: {} files\n", files.count()),
        count => format!("{count} finding(s)\n"),
    });
    text
}

impl Finding {
    fn new(rule: &'static str, file: &Path, line: usize, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            rule,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            rule,
            message,
        } = self;
        write!(f, "{}:{line}: {rule}: {message}", file.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_come_by_file_and_line_and_name_their_rule() {
        let files = Files::of([
            (
                "src/token/mod.rs",
                "//! Pure.\n\nuse crate::store::Store;\n",
            ),
            ("src/http/a.rs", "fn a() { todo!() }\n"),
        ]);
        let lines: Vec<_> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(
            lines[0].starts_with("src/http/a.rs:1: headers: "),
            "{lines:?}"
        );
        assert!(
            lines[1].starts_with("src/http/a.rs:1: words: "),
            "{lines:?}"
        );
        assert!(
            lines[2].starts_with("src/token/mod.rs:3: layers: "),
            "{lines:?}"
        );
    }
}
