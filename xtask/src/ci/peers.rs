//! Programs of others against the service: what docs/verify.md shows, OAuth client libraries, Schemathesis.
//!
//! Owns what is installed below `target/peers`, at the versions that the repository pins, and only when a pin has changed;
//! the programs' languages come with the step `requirements`. What is held of them stands in tests/peers.

use super::step::{Outcome, command, run};
use crate::workspace;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// With the features of the step `tests`, whose build is then used again.
fn cargo(arguments: &[&str]) -> Outcome {
    run(command("cargo")
        .args(arguments)
        .args(["--workspace", "--locked"]))
}

fn install(folder: &Path) -> io::Result<Outcome> {
    fs::create_dir_all(folder)?;
    let steps = [python, node, go];
    for step in steps {
        match step(folder)? {
            Outcome::Passed => {}
            failed => return Ok(failed),
        }
    }
    Ok(Outcome::Passed)
}

fn python(folder: &Path) -> io::Result<Outcome> {
    let venv = folder.join("venv");
    let pins = read(&PYTHON.map(|file| workspace::root().join(file)))?;
    let make = || {
        let made = run(command("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv));
        if made != Outcome::Passed {
            return made;
        }
        let mut pip = Command::new(venv.join("bin/python"));
        pip.current_dir(workspace::root());
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        for file in PYTHON {
            pip.args(["--requirement", file]);
        }
        run(&mut pip)
    };
    unless_done(&venv.join("installed"), &pins, make)
}

fn node(folder: &Path) -> io::Result<Outcome> {
    for (from, to) in NODE {
        let (from, to) = (workspace::root().join(from), folder.join(to));
        fs::create_dir_all(&to)?;
        // A module looks for its packages from where it lies.
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

/// Debian's library is a folder of sources, from before Go had modules.
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

/// Makes something unless `stamp` says that it was made of the same.
fn unless_done(stamp: &Path, of: &str, make: impl FnOnce() -> Outcome) -> io::Result<Outcome> {
    if fs::read_to_string(stamp).is_ok_and(|made_of| made_of == of) {
        return Ok(Outcome::Passed);
    }
    let outcome = make();
    if outcome == Outcome::Passed {
        fs::write(stamp, of)?;
    }
    Ok(outcome)
}

fn read(files: &[PathBuf]) -> io::Result<String> {
    files.iter().map(fs::read_to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_of_the_same_is_not_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = folder.path().join("stamp");
        let failed = || Outcome::Failed("broken".to_owned());
        assert_eq!(unless_done(&stamp, "a", failed).unwrap(), failed());
        assert_eq!(
            unless_done(&stamp, "a", || Outcome::Passed).unwrap(),
            Outcome::Passed
        );
        assert_eq!(unless_done(&stamp, "a", failed).unwrap(), Outcome::Passed);
        assert_eq!(unless_done(&stamp, "b", failed).unwrap(), failed());
    }

    #[test]
    fn each_package_is_pinned() {
        let pins = read(&PYTHON.map(|file| workspace::root().join(file))).unwrap();
        assert!(pins.lines().all(|line| line.contains("==")), "{pins}");
    }
}
