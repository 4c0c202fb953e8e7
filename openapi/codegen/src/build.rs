//! For build scripts: generates into `OUT_DIR`, or stops the build and prints every finding.
//!
//! All that a `build.rs` has to do:
//!
//! ```no_run
//! dropshot_codegen::build::build("openapi.json", Some("overlay.yaml"));
//! ```
//!
//! The crate includes the result as a module:
//!
//! ```text
//! pub mod api {
//!     include!(concat!(env!("OUT_DIR"), "/api.rs"));
//! }
//! ```

use crate::diagnostics::Colour;
use crate::{Options, generate, load};
use std::path::{Path, PathBuf};

/// Generates `$OUT_DIR/api.rs` and `$OUT_DIR/openapi.json` from a document and an overlay. A
/// `build.rs` calls it.
///
/// If the document is refused, it prints the findings on standard error and ends the process with
/// status 1.
pub fn build(spec: &str, overlay: Option<&str>) {
    println!("cargo::rerun-if-changed={spec}");
    if let Some(overlay) = overlay {
        println!("cargo::rerun-if-changed={overlay}");
    }
    let result = load(Path::new(spec), overlay.map(Path::new)).and_then(|loaded| {
        for file in loaded.source.files() {
            println!("cargo::rerun-if-changed={}", file.display());
        }
        generate(&loaded, Options::default())
    });
    match result {
        Ok(generated) => {
            let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
            for (name, text) in [
                ("api.rs", &generated.code),
                ("openapi.json", &generated.document),
            ] {
                if let Err(error) = std::fs::write(out.join(name), text) {
                    stop(&format!("{}: {error}", out.join(name).display()));
                }
            }
        }
        Err(findings) => stop(&findings.render(Colour::Never)),
    }
}

fn stop(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(1)
}
