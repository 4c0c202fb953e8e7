//! An OpenAPI document, as any service's generator reads it.
//!
//! It is refused with findings, or generated. What was read can be served: as JSON, it is read
//! again as the same document, and the same code comes of it.

use std::path::Path;

use dropshot_codegen::load::{Loaded, load_bytes};
use dropshot_codegen::{Options, generate};

/// No such folder: a reference to another file is refused rather than read.
pub const NOWHERE: &str = "/nonexistent/document.yaml";

pub fn check(bytes: &[u8]) {
    match load_bytes(Path::new(NOWHERE), bytes, None) {
        Ok(loaded) => is_generated(&loaded),
        Err(findings) => assert!(!findings.findings.is_empty()),
    }
}

/// Generated as it was read, and as it is served.
pub fn is_generated(loaded: &Loaded) {
    let Ok(generated) = generate(loaded, Options::default()) else {
        return;
    };
    let again = load_bytes(Path::new(NOWHERE), generated.document.as_bytes(), None);
    let again = again.unwrap_or_else(|findings| panic!("served, and refused: {findings:?}"));
    assert_eq!(again.document.value, loaded.document.value);
    let again = generate(&again, Options::default());
    let again = again.unwrap_or_else(|findings| panic!("served, and not generated: {findings:?}"));
    assert_eq!(again.code, generated.code);
}
