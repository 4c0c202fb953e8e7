//! Checks the served document with a validator of another project. The Python package
//! `openapi-spec-validator` checks it against the schema of OpenAPI 3.0 and follows its references.
//!
//! The package lives in a virtual environment below `target/`. Without Python or access to its
//! package index the step does not run, and says so. The tests read the document with another Rust
//! reader in any case.

use super::outcome::{Outcome, command, run};
use super::python;
use crate::workspace;
use std::path::Path;

const PACKAGE: &str = "openapi-spec-validator==0.9.0";
/// If the index can't be reached, pip gives up early.
const IMPATIENTLY: [&str; 4] = ["--timeout", "20", "--retries", "1"];

/// Validates a document.
pub fn check(document: &Path) -> Outcome {
    let venv = workspace::root().join("target/tools/venv");
    let pip = [&IMPATIENTLY[..], &[PACKAGE]].concat();
    match python::environment(&venv, PACKAGE, &pip) {
        Ok(Outcome::Passed) => run(command(&python::of(&venv).to_string_lossy())
            .args(["-m", "openapi_spec_validator", "--validation-errors", "all"])
            .arg(document)),
        Ok(Outcome::Failed(why) | Outcome::NotRun(why)) => Outcome::NotRun(why),
        Err(error) => Outcome::NotRun(format!("{}: {error}", venv.display())),
    }
}
