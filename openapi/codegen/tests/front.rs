//! The reading half: text to a checked document, and every way a document can be wrong.

// A test fails by panicking, its helpers as well.
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

/// Loads a text that has no file.
fn load_text(text: impl AsRef<[u8]>) -> Result<Loaded, Findings> {
    load_bytes(Path::new("memory/document.yaml"), text.as_ref(), None)
}

/// The one finding of a text that is refused.
fn refusal(text: impl AsRef<[u8]>) -> Finding {
    let findings = load_text(text).expect_err("it is accepted").findings;
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.into_iter().next().unwrap()
}
