//! From a file to a checked [`Document`].
//!
//! Owns the order of the steps, each of which is a module: bytes to a value ([`source`]), the
//! overlay ([`crate::overlay`]), parts of other files ([`external`]), and the reading itself
//! ([`crate::read`]).

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

/// The most findings of a severity that are shown: a broken document of megabytes could have as
/// many.
const MAX_FINDINGS: usize = 1_000;

/// A document that was read, with what was found on the way.
#[derive(Debug)]
pub struct Loaded {
    /// The document.
    pub document: Document,
    /// What is kept without being enforced, as far as reading tells.
    pub carried: Vec<Finding>,
    /// Turns a pointer of the document into a finding's place.
    pub source: Sources,
}

/// Reads an OpenAPI document, with an overlay applied.
///
/// `spec` is JSON or YAML, whatever its name says; the files it refers to lie in its folder or
/// below.
///
/// # Errors
/// Everything that is wrong with the document in one go: [`Findings`]. A text that can't be parsed is one finding.
pub fn load(spec: &Path, overlay: Option<&Path>) -> Result<Loaded, Findings> {
    let (source, value) = source::Source::read(spec, text::MAX_BYTES)?;
    finish(source, value, overlay.map(read_overlay).transpose()?)
}

/// Reads a document that is in memory already; `spec` names it, and its folder is where other files
/// are looked for.
///
/// # Errors
/// Those of [`load`].
pub fn load_bytes(spec: &Path, bytes: &[u8], overlay: Option<&Path>) -> Result<Loaded, Findings> {
    let (source, value) = source::Source::parse(spec, bytes)?;
    finish(source, value, overlay.map(read_overlay).transpose()?)
}

/// Reads a document with an overlay applied, both of which are in memory already.
///
/// # Errors
/// Those of [`load`].
pub fn overlaid(spec: &Path, bytes: &[u8], overlay: (&Path, &[u8])) -> Result<Loaded, Findings> {
    let (source, value) = source::Source::parse(spec, bytes)?;
    let (path, bytes) = overlay;
    finish(source, value, Some(source::Source::parse(path, bytes)?))
}

/// A file's text, and its value.
type Read = (source::Source, Value);

fn read_overlay(path: &Path) -> Result<Read, Box<Finding>> {
    source::Source::read(path, text::MAX_BYTES)
}

fn finish(
    source: source::Source,
    mut value: Value,
    overlay: Option<Read>,
) -> Result<Loaded, Findings> {
    // 1. The overlay, on the document as its vendor wrote it.
    let overlaid = overlay
        .map(|overlay| overlay::apply(overlay, &mut value))
        .transpose()?;
    let mut sources = Sources::new(source, overlaid);
    // 2. Parts of other files, so that every reference is local.
    let external::Outcome {
        mut remarks,
        findings: mut of_files,
    } = external::bring_in(&mut value, &mut sources);
    // 3. The reading.
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

/// Looks the places up, once for each remark, and orders them as the sources are.
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
