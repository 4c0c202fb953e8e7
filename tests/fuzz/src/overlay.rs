//! An overlay (OpenAPI Overlay 1.0), applied to the document of Thales D1.
//!
//! The loader refuses it with findings, or the result passes the checks of [`crate::document`].

use std::path::Path;

use dropshot_codegen::load::overlaid;

use crate::document::{NOWHERE, is_generated};

const VENDOR: &[u8] = include_bytes!("../../../openapi/D1-Public-OUT-v1-Auth2.json");

pub fn check(bytes: &[u8]) {
    let overlay = (Path::new("overlay.yaml"), bytes);
    match overlaid(Path::new(NOWHERE), VENDOR, overlay) {
        Ok(loaded) => is_generated(&loaded),
        Err(findings) => assert!(!findings.findings.is_empty()),
    }
}
