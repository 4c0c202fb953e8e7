//! Tests the reader: loading a text as a checked document, and every error of a document.

// A test fails by panicking, and so do its helpers.
#![allow(clippy::unwrap_used)]

#[path = "front/corpora.rs"]
mod corpora;
#[path = "front/external.rs"]
mod external;
#[path = "front/hostile.rs"]
mod hostile;
#[path = "front/marked.rs"]
mod marked;
#[path = "front/model.rs"]
mod model;
#[path = "front/overlay.rs"]
mod overlay;
#[path = "front/properties.rs"]
mod properties;
#[path = "front/schemas.rs"]
mod schemas;
#[path = "front/text.rs"]
mod text;

use dropshot_codegen::Loaded;
use dropshot_codegen::diagnostics::{Finding, Findings};
use dropshot_codegen::load::load_bytes;
use std::path::{Path, PathBuf};

/// A file below `tests/fixtures/front`.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/front")
        .join(name)
}

/// Loads a text from memory.
fn load_text(text: impl AsRef<[u8]>) -> Result<Loaded, Findings> {
    load_bytes(Path::new("memory/document.yaml"), text.as_ref(), None)
}

/// The only finding of a text that is refused.
fn refusal(text: impl AsRef<[u8]>) -> Finding {
    let findings = load_text(text).expect_err("it is accepted").findings;
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.into_iter().next().unwrap()
}
