//! Any bytes as an OpenAPI document: refused or generated, never a panic.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz document -- -max_total_time=60`, with the documents of
//! `openapi/codegen/tests` as a corpus to start from.
#![no_main]

use dropshot_codegen::{Options, generate, load::load_bytes};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    // No such folder: a reference to another file is refused rather than read.
    if let Ok(loaded) = load_bytes(Path::new("/nonexistent/document.yaml"), bytes, None) {
        let _ = generate(&loaded, Options::default());
    }
});
