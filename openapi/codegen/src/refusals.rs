//! What the writing half finds, collected.

use crate::diagnostics::{Finding, Findings, Severity};
use crate::load::Loaded;

/// Findings of one run of the writing half.
#[derive(Debug)]
pub struct Refusals<'d> {
    loaded: &'d Loaded,
    findings: Vec<Finding>,
}

impl<'d> Refusals<'d> {
    /// None yet.
    pub fn new(loaded: &'d Loaded) -> Self {
        Self {
            loaded,
            findings: Vec::new(),
        }
    }

    /// The document is refused.
    pub fn error(&mut self, code: &'static str, pointer: &str, message: &str, help: &str) {
        self.find(code, Severity::Error, pointer, message, help);
    }

    /// Something is kept in the document and not enforced.
    pub fn carried(&mut self, code: &'static str, pointer: &str, message: &str, help: &str) {
        self.find(code, Severity::Carried, pointer, message, help);
    }

    fn find(
        &mut self,
        code: &'static str,
        severity: Severity,
        pointer: &str,
        message: &str,
        help: &str,
    ) {
        let finding = self
            .loaded
            .source
            .finding(code, severity, pointer, message, help);
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// What is carried.
    ///
    /// # Errors
    /// The errors, where there are any.
    pub fn finish(&mut self) -> Result<Vec<Finding>, Findings> {
        let (errors, carried): (Vec<_>, Vec<_>) = self
            .findings
            .drain(..)
            .partition(|finding| finding.severity == Severity::Error);
        if errors.is_empty() {
            Ok(carried)
        } else {
            Err(Findings { findings: errors })
        }
    }
}
