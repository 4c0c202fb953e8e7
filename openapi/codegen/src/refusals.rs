//! Collects the findings of the writer.

use crate::diagnostics::{Finding, Findings, Severity};
use crate::load::Loaded;

/// Findings of one run of the writer.
#[derive(Debug)]
pub struct Refusals<'d> {
    loaded: &'d Loaded,
    findings: Vec<Finding>,
}

impl<'d> Refusals<'d> {
    /// Starts without findings.
    pub fn new(loaded: &'d Loaded) -> Self {
        Self {
            loaded,
            findings: Vec::new(),
        }
    }

    /// Adds a finding that refuses the document.
    pub fn error(&mut self, code: &'static str, pointer: &str, message: &str, help: &str) {
        self.find(code, Severity::Error, pointer, message, help);
    }

    /// Adds a finding about something that the document keeps but that is not enforced.
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

    /// Returns the carried findings.
    ///
    /// # Errors
    /// The errors, if there are any.
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
