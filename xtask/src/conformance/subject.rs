//! A document and its states: refused or generated, compiled, driven.

use dropshot_codegen::{Generated, Options, generate, load};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A document and its state.
pub struct Subject {
    /// The file.
    pub spec: PathBuf,
    /// The number of its operations, or 0 until it is read.
    pub operations: usize,
    /// How long the generator took.
    pub generating: Duration,
    /// The state of the document.
    pub state: State,
}

/// The state of a document.
pub enum State {
    /// The generator refused the document. These are the codes of its findings.
    Refused(Vec<String>),
    /// The generator panicked.
    Panicked,
    /// Generated, not driven yet.
    Generated(Box<Generated>),
    /// The code does not compile. This is the first error of the compiler.
    NotCompiled(String),
    /// The program with the document failed or did not end. This is why.
    NotDriven(String),
    /// Driven.
    Driven(Report),
}

/// What the driver reports.
#[derive(Debug, Deserialize, Serialize)]
pub struct Report {
    pub totals: Totals,
    pub failures: Vec<String>,
    pub not_generated: Vec<String>,
}

/// The sums over a document's operations.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
pub struct Totals {
    pub operations: Count,
    pub requests: Count,
    pub constraints: Count,
    pub replies: Count,
    pub not_generated: usize,
    pub differences: usize,
}

/// How many are good, of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Count {
    pub good: usize,
    pub all: usize,
}

impl Subject {
    /// Reads and generates a document.
    pub fn new(spec: &Path) -> Self {
        let start = Instant::now();
        let options = Options {
            both_directions: true,
        };
        let made = std::panic::catch_unwind(|| {
            let loaded = load(spec, None)?;
            generate(&loaded, options).map(|made| (loaded.document.operations.len(), made))
        });
        let (operations, state) = match made {
            Err(_) => (0, State::Panicked),
            Ok(Ok((operations, made))) => (operations, State::Generated(Box::new(made))),
            Ok(Err(findings)) => {
                let mut codes: Vec<String> = findings
                    .findings
                    .iter()
                    .map(|finding| finding.code.to_string())
                    .collect();
                codes.sort();
                codes.dedup();
                (0, State::Refused(codes))
            }
        };
        Self {
            spec: spec.to_owned(),
            operations,
            generating: start.elapsed(),
            state,
        }
    }

    /// Whether the service does what the document says.
    pub fn is_good(&self) -> bool {
        matches!(&self.state, State::Driven(report) if report.failures.is_empty())
    }

    /// The last folder and the file name, short enough for a table.
    pub fn name(&self) -> String {
        let parts = self
            .spec
            .iter()
            .rev()
            .take(2)
            .map(|part| part.to_string_lossy());
        parts
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join("/")
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.good += other.good;
        self.all += other.all;
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.requests += other.requests;
        self.constraints += other.constraints;
        self.replies += other.replies;
        self.not_generated += other.not_generated;
        self.differences += other.differences;
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}/{}", self.good, self.all))
    }
}
