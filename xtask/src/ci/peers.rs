//! Runs programs of other projects against the service: those that docs/verify.md shows, OAuth
//! client libraries, Schemathesis and sslyze.
//!
//! This module owns what is installed below `target/peers`, at the versions that the repository
//! pins. It installs again only if a pin has changed. The step `requirements` installs the
//! languages. The tests of these programs are in tests/peers.

use super::outcome::{Outcome, command, run};
use super::python::{self, unless_done};
use crate::workspace;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Files with pinned Python packages.
const PYTHON: [&str; 4] = [
    "examples/python/requirements.txt",
    "examples/envoy/requirements.txt",
    "tests/libraries/python/requirements.txt",
    "tests/peers/requirements.txt",
];

/// Node packages with their lock files, and where each is installed.
const NODE: [(&str, &str); 2] = [
    ("examples/node", "node"),
    ("tests/libraries/node", "libraries"),
];

/// Installs what is missing, and runs the tests.
pub fn check() -> Outcome {
    let folder = workspace::root().join("target/peers");
    match install(&folder) {
        Ok(Outcome::Passed) => {}
        Ok(failed) => return failed,
        Err(error) => return Outcome::Failed(format!("{}: {error}", folder.display())),
    }
    let built = cargo(&["build", "--example", "verify"]);
    match built {
        Outcome::Passed => cargo(&["test", "--test", "peers"]),
        failed => failed,
    }
}

/// Runs cargo with the features of the step `tests`, so that both use the same build.
fn cargo(arguments: &[&str]) -> Outcome {
    run(command("cargo")
        .args(arguments)
        .args(["--workspace", "--locked"]))
}

fn install(folder: &Path) -> io::Result<Outcome> {
    fs::create_dir_all(folder)?;
    let steps = [python_packages, node, go];
    for step in steps {
        match step(folder)? {
            Outcome::Passed => {}
            failed => return Ok(failed),
        }
    }
    Ok(Outcome::Passed)
}

fn python_packages(folder: &Path) -> io::Result<Outcome> {
    let venv = folder.join("venv");
    let pins = read(&PYTHON.map(|file| workspace::root().join(file)))?;
    let pip: Vec<_> = PYTHON
        .iter()
        .flat_map(|file| ["--requirement", file])
        .collect();
    python::environment(&venv, &pins, &pip)
}

fn node(folder: &Path) -> io::Result<Outcome> {
    for (from, to) in NODE {
        let (from, to) = (workspace::root().join(from), folder.join(to));
        fs::create_dir_all(&to)?;
        // Node looks for packages from the folder of the module that needs them.
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), to.join(entry.file_name()))?;
            }
        }
        let pins = read(&[from.join("package.json"), from.join("package-lock.json")])?;
        let make = || {
            let mut npm = command("npm");
            npm.args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--silent",
            ]);
            run(npm.current_dir(&to))
        };
        match unless_done(&to.join("installed"), &pins, make)? {
            Outcome::Passed => {}
            failed => return Ok(failed),
        }
    }
    Ok(Outcome::Passed)
}

/// Debian installs the library as a folder of sources, in the layout from before Go modules.
fn go(folder: &Path) -> io::Result<Outcome> {
    let source = workspace::root().join("tests/libraries/go/main.go");
    let make = || {
        let mut go = command("go");
        go.env("GO111MODULE", "off")
            .env("GOPATH", "/usr/share/gocode")
            .env("GOCACHE", folder.join("go-cache"))
            .arg("build")
            .arg("-o")
            .arg(folder.join("go-client"));
        run(go.arg(&source))
    };
    let pins = read(std::slice::from_ref(&source))?;
    unless_done(&folder.join("go-client-built"), &pins, make)
}

fn read(files: &[PathBuf]) -> io::Result<String> {
    files.iter().map(fs::read_to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_pinned() {
        let pins = read(&PYTHON.map(|file| workspace::root().join(file))).unwrap();
        assert!(pins.lines().all(|line| line.contains("==")), "{pins}");
    }
}
