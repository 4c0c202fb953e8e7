//! An OpenAPI document, as any service's generator reads it.
//!
//! The loader gives findings if it refuses the document. If the generator makes code from it, the
//! served JSON loads as the same document and gives the same code.

use std::path::Path;

use dropshot_codegen::load::{Loaded, load_bytes};
use dropshot_codegen::{Options, generate};

/// This folder doesn't exist, so the loader can't read a referenced file.
pub const NOWHERE: &str = "/nonexistent/document.yaml";

pub fn check(bytes: &[u8]) {
    match load_bytes(Path::new(NOWHERE), bytes, None) {
        Ok(loaded) => is_generated(&loaded),
        Err(findings) => assert!(!findings.findings.is_empty()),
    }
}

/// Generates the code, loads the served document again, and compares.
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
