//! Loads a file into a checked [`Document`].
//!
//! Owns the order of the steps, each of which is a module. [`source`] turns bytes into a value,
//! [`overlay`] applies the overlay, [`external`] brings in parts of other files, and
//! [`crate::read`] reads the result.

mod external;
mod grammar;
mod json;
mod overlay;
mod positions;
mod source;
mod sources;
mod text;
mod yaml;

use crate::diagnostics::{Finding, Findings, Remark, Severity};
use crate::model::Document;
use crate::read;
use serde_json::Value;
use std::path::Path;

pub use sources::Sources;

/// The most findings of a severity that are shown. A broken document of megabytes could have
/// millions.
const MAX_FINDINGS: usize = 1_000;

/// A document with the findings of its loading.
#[derive(Debug)]
pub struct Loaded {
    /// The document.
    pub document: Document,
    /// What the document keeps without enforcement, as far as the reader knows.
    pub carried: Vec<Finding>,
    /// Finds the file, line and column of a pointer into the document.
    pub source: Sources,
}

/// Reads an OpenAPI document, with an overlay applied.
///
/// `spec` is JSON or YAML, regardless of its name. Files that it refers to must be in its folder or
/// below.
///
/// # Errors
/// All [`Findings`] of the document at once. A text that can't be parsed gives one finding.
pub fn load(spec: &Path, overlay: Option<&Path>) -> Result<Loaded, Findings> {
    let (source, value) = source::Source::read(spec, text::MAX_BYTES)?;
    finish(source, value, overlay.map(read_overlay).transpose()?)
}

/// Reads a document from memory. `spec` names it, and other files are looked for in the folder of
/// `spec`.
///
/// # Errors
/// Those of [`load`].
pub fn load_bytes(spec: &Path, bytes: &[u8], overlay: Option<&Path>) -> Result<Loaded, Findings> {
    let (source, value) = source::Source::parse(spec, bytes)?;
    finish(source, value, overlay.map(read_overlay).transpose()?)
}

/// Reads a document and an overlay from memory.
///
/// # Errors
/// Those of [`load`].
pub fn overlaid(spec: &Path, bytes: &[u8], overlay: (&Path, &[u8])) -> Result<Loaded, Findings> {
    let (source, value) = source::Source::parse(spec, bytes)?;
    let (path, bytes) = overlay;
    finish(source, value, Some(source::Source::parse(path, bytes)?))
}

/// A file and its value.
type Read = (source::Source, Value);

fn read_overlay(path: &Path) -> Result<Read, Box<Finding>> {
    source::Source::read(path, text::MAX_BYTES)
}

fn finish(
    source: source::Source,
    mut value: Value,
    overlay: Option<Read>,
) -> Result<Loaded, Findings> {
    // 1. Apply the overlay to the vendor's document.
    let overlaid = overlay
        .map(|overlay| overlay::apply(overlay, &mut value))
        .transpose()?;
    let mut sources = Sources::new(source, overlaid);
    // 2. Bring in parts of other files, so that every reference is local.
    let external::Outcome {
        mut remarks,
        findings: mut of_files,
    } = external::bring_in(&mut value, &mut sources);
    // 3. Read the document.
    let document = read::read(value, &mut remarks);
    let mut findings = place(&remarks, &sources);
    findings.append(&mut of_files);
    match document {
        Some(document)
            if findings
                .iter()
                .all(|finding| finding.severity == Severity::Carried) =>
        {
            Ok(Loaded {
                document,
                carried: findings,
                source: sources,
            })
        }
        _ => Err(Findings {
            findings: findings
                .into_iter()
                .filter(|f| f.severity == Severity::Error)
                .collect(),
        }),
    }
}

/// Turns remarks into findings. Errors come first, then what is carried, each in the sources'
/// order.
fn place(remarks: &[Remark], sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for severity in [Severity::Error, Severity::Carried] {
        let of_severity = remarks.iter().filter(|remark| remark.severity == severity);
        findings.extend(of_severity.clone().take(MAX_FINDINGS).map(|remark| {
            sources.finding(
                remark.code,
                severity,
                &remark.pointer,
                &remark.message,
                &remark.help,
            )
        }));
        let left = of_severity.count().saturating_sub(MAX_FINDINGS);
        if let Some(last) = findings.last_mut().filter(|_| left > 0) {
            last.help = format!("{} (and {left} more findings, not shown)", last.help);
        }
    }
    findings.sort_by_key(|finding| sources.order(finding));
    findings
}
