//! The served document under a validator that is not ours: the Python package `openapi-spec-validator`, which holds the
//! document against the schema of OpenAPI 3.0 and follows its references.
//!
//! It lives in a virtual environment below `target/`. Without Python, or without a way to its package index, the step
//! does not run, and says so; the tests hold the document against another Rust reader in any case.

use super::step::{Outcome, command, run};
use crate::workspace;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PACKAGE: &str = "openapi-spec-validator==0.9.0";

/// Validates a document.
pub fn check(document: &Path) -> Outcome {
    let venv = workspace::root().join("target/tools/venv");
    match installed(&venv) {
        Ok(python) => run(command_at(&python)
            .args(["-m", "openapi_spec_validator", "--validation-errors", "all"])
            .arg(document)),
        Err(why) => Outcome::NotRun(why),
    }
}

/// The environment's Python, with the package in it.
fn installed(venv: &Path) -> Result<PathBuf, String> {
    let python = venv.join("bin/python");
    let has_package = || quietly(command_at(&python).args(["-c", "import openapi_spec_validator"]));
    if has_package() {
        return Ok(python);
    }
    if !quietly(command("python3").arg("--version")) {
        return Err("python3 is not installed".to_owned());
    }
    if !quietly(command("python3").args(["-m", "venv", "--clear"]).arg(venv)) {
        return Err("python3 can't make a virtual environment (package python3-venv)".to_owned());
    }
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--timeout",
        "20",
        "--retries",
        "1",
    ];
    if !quietly(command_at(&python).args(pip).arg(PACKAGE)) || !has_package() {
        return Err(format!("pip can't install {PACKAGE}"));
    }
    Ok(python)
}

fn command_at(program: &Path) -> Command {
    command(&program.to_string_lossy())
}

fn quietly(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
