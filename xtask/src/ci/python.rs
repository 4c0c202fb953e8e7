//! Python environments below `target/`. They hold the versions that the repository pins, and are
//! installed again only if a pin has changed.

use super::outcome::{Outcome, command, run};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes an environment that matches `pins`. `pip install` gets the arguments `pip`.
pub fn environment(venv: &Path, pins: &str, pip: &[&str]) -> io::Result<Outcome> {
    let stamp = venv.join(STAMP);
    // The Python that made the environment may have been removed since.
    if !quietly(at(venv).arg("--version")) {
        remove(&stamp)?;
    }
    unless_done(&stamp, pins, || made(venv, pins, pip))
}

/// The Python of an environment.
pub fn of(venv: &Path) -> PathBuf {
    venv.join("bin/python")
}

/// Makes something, unless `stamp` says that it was made of the same.
pub fn unless_done(stamp: &Path, of: &str, make: impl FnOnce() -> Outcome) -> io::Result<Outcome> {
    if fs::read_to_string(stamp).is_ok_and(|made_of| made_of == of) {
        return Ok(Outcome::Passed);
    }
    let outcome = make();
    if outcome == Outcome::Passed {
        fs::write(stamp, of)?;
    }
    Ok(outcome)
}

const STAMP: &str = "installed";

fn made(venv: &Path, pins: &str, pip: &[&str]) -> Outcome {
    if !quietly(command("python3").arg("--version")) {
        return Outcome::Failed("python3 is not installed".to_owned());
    }
    let mut python = command("python3");
    if run(python.args(["-m", "venv", "--clear"]).arg(venv)) != Outcome::Passed {
        return Outcome::Failed(
            "python3 can't make a virtual environment (package python3-venv)".to_owned(),
        );
    }
    let install = ["-m", "pip", "install", "--quiet"];
    let mut install_pins = at(venv);
    install_pins
        .args(install)
        .arg("--disable-pip-version-check");
    if run(install_pins.args(pip)) != Outcome::Passed {
        let pins: Vec<_> = pins.split_whitespace().collect();
        return Outcome::Failed(format!("pip can't install {}", pins.join(", ")));
    }
    Outcome::Passed
}

fn at(venv: &Path) -> Command {
    command(&of(venv).to_string_lossy())
}

fn quietly(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
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

    /// A package that is installed at another version isn't the pinned one.
    #[test]
    fn an_environment_of_other_pins_or_without_its_python_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let venv = folder.path().join("venv");
        // No index has this package, so every installation fails.
        let environment = |pins| {
            let pip = ["--no-index", "no-such-package-here"];
            environment(&venv, pins, &pip).unwrap()
        };
        fs::create_dir_all(venv.join("bin")).unwrap();
        fs::write(venv.join(STAMP), "a==1").unwrap();
        std::os::unix::fs::symlink("/bin/true", of(&venv)).unwrap();
        assert_eq!(environment("a==1"), Outcome::Passed);
        assert_ne!(environment("a==2"), Outcome::Passed);
        fs::create_dir_all(&venv).unwrap();
        fs::write(venv.join(STAMP), "a==1").unwrap();
        let _removed = fs::remove_file(of(&venv));
        assert_ne!(environment("a==1"), Outcome::Passed);
    }
}
