//! A copy of the workspace with the new files in it, where they are compiled and tested.
//!
//! The copy stays, so that the next update compiles only what differs: a file that is the same is
//! not touched, since cargo goes by when a file was written. Dependencies are compiled once for
//! both, in the workspace's own target folder. There cargo knows a package by its name, its version
//! and its place within the workspace, which are the same for both; so the copy's packages get a
//! version of their own, without which cargo would take what it compiled of the one for the other.

use super::fill::{Filled, Said};
use super::outcome::Outcome;
use crate::openapi::contract::digest_of;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Makes the copy, with some files as they are to be, and gives it.
///
/// # Errors
/// A file can't be read or written.
pub fn make<'r>(root: &'r Path, new: &BTreeMap<PathBuf, Vec<u8>>) -> io::Result<Copy<'r>> {
    let tree = root.join("target/update/tree");
    let mut wanted: BTreeSet<PathBuf> = files(root)?.into_iter().collect();
    wanted.extend(new.keys().cloned());
    if tree.is_dir() {
        for old in walk(&tree)? {
            if !wanted.contains(&old) {
                fs::remove_file(tree.join(old))?;
            }
        }
    }
    // Two workspaces may share a target folder, too.
    let mark = format!(
        "+update.{}",
        &digest_of(root.as_os_str().as_encoded_bytes())[..8]
    );
    for path in &wanted {
        let to = tree.join(path);
        let bytes = match new.get(path) {
            Some(bytes) => bytes.clone(),
            None if path.ends_with("Cargo.toml") => {
                versioned(&fs::read_to_string(root.join(path))?, &mark)
            }
            None => fs::read(root.join(path))?,
        };
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&to, bytes)?;
        if let Ok(metadata) = fs::metadata(root.join(path)) {
            fs::set_permissions(&to, metadata.permissions())?;
        }
    }
    Ok(Copy { root, tree })
}

/// A manifest with its package's version, or the one that members inherit, marked as the copy's.
fn versioned(manifest: &str, mark: &str) -> Vec<u8> {
    let mut section = "";
    let mut text = String::with_capacity(manifest.len() + mark.len());
    for line in manifest.split_inclusive('\n') {
        if line.starts_with('[') {
            section = line.trim();
        }
        let version = line
            .strip_prefix("version")
            .map(|rest| rest.trim_start().starts_with('='));
        match line.rfind('"') {
            Some(end)
                if version == Some(true)
                    && matches!(section, "[package]" | "[workspace.package]") =>
            {
                text.extend([&line[..end], mark, &line[end..]]);
            }
            _ => text.push_str(line),
        }
    }
    text.into_bytes()
}

/// The files of the workspace: what version control has or would take; without version control, all
/// but `target`.
fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    if !root.join(".git").exists() {
        return walk(root);
    }
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ));
    }
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    // What was deleted and not committed is still listed.
    let there = names
        .split('\0')
        .filter(|name| !name.is_empty() && root.join(name).is_file());
    Ok(there.map(PathBuf::from).collect())
}

fn walk(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut left = vec![root.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                if path != root.join("target") {
                    left.push(path);
                }
            } else if let Ok(inside) = path.strip_prefix(root) {
                files.push(inside.to_owned());
            }
        }
    }
    Ok(files)
}

/// How often what is missing is filled in: tests are compiled only once the library is.
const ROUNDS: usize = 5;

/// The copy, for compiling and testing it.
pub struct Copy<'r> {
    /// The workspace's folder.
    pub root: &'r Path,
    /// The copy's folder.
    pub tree: PathBuf,
}

/// What was changed so that the copy compiles.
#[derive(Default)]
pub struct Compiled {
    /// The files as they are now, by their paths in the workspace.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// The digests of what they were.
    pub before: BTreeMap<PathBuf, String>,
    /// What was filled in.
    pub filled: Vec<Filled>,
}

impl Copy<'_> {
    /// Compiles the copy: the package at its root, which is all that is generated from the
    /// document. What it lacks is filled in.
    ///
    /// # Errors
    /// It does not compile; why is on standard error.
    pub fn compile(&self) -> Result<Compiled, Outcome> {
        let mut compiled = Compiled::default();
        let mut first = None;
        for _ in 0..ROUNDS {
            let command = "cargo check --all-targets";
            let output = self
                .cargo(
                    &["check", "--all-targets", "--message-format", "json"],
                    Stdio::piped(),
                )
                .map_err(|error| Outcome::failed(command, &error))?;
            if output.status.success() {
                return Ok(compiled);
            }
            let said = Said::read(&String::from_utf8_lossy(&output.stdout));
            let (more, places) = said.fill(|file| fs::read_to_string(self.tree.join(file)).ok());
            first.get_or_insert(said.errors);
            if places.is_empty() {
                break;
            }
            for (path, text) in more {
                let place = self.tree.join(&path);
                let before = fs::read(&place).map(|bytes| digest_of(&bytes));
                let before = before.and_then(|before| fs::write(&place, &text).map(|()| before));
                let before =
                    before.map_err(|error| Outcome::failed(&path.display().to_string(), &error))?;
                compiled.before.entry(path.clone()).or_insert(before);
                compiled.files.insert(path, text.into_bytes());
            }
            compiled.filled.extend(places);
        }
        // What is shown is of the code as it is, without what was tried.
        eprint!("{}", first.unwrap_or_default());
        Err(Outcome::Step {
            command: "cargo check --all-targets".to_owned(),
        })
    }

    /// Runs the tests of the package at the copy's root.
    ///
    /// # Errors
    /// One fails; what it said is on standard error.
    pub fn test(&self) -> Result<(), Outcome> {
        let command = "cargo test";
        // Standard output is the report's.
        let output = self
            .cargo(&["test"], io::stderr().into())
            .map_err(|error| Outcome::failed(command, &error))?;
        if output.status.success() {
            Ok(())
        } else {
            Err(Outcome::Step {
                command: command.to_owned(),
            })
        }
    }

    fn cargo(&self, arguments: &[&str], stdout: Stdio) -> io::Result<Output> {
        eprintln!("in target/update/tree: cargo {}", arguments.join(" "));
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), PathBuf::from);
        Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(arguments)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", target)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::inherit())
            .spawn()?
            .wait_with_output()
    }
}

#[cfg(test)]
mod tests {
    use super::versioned;

    #[test]
    fn only_the_packages_own_version_is_marked() {
        let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\nversion-of = \"x\"\n\n[dependencies]\nversion = \"2\"\n";
        let marked = String::from_utf8(versioned(manifest, "+u")).unwrap();
        assert_eq!(marked, manifest.replace("1.0.0", "1.0.0+u"));
        let inherited =
            "[package]\nversion.workspace = true\n[workspace.package]\nversion=\"0.1.0\"";
        let marked = String::from_utf8(versioned(inherited, "+u")).unwrap();
        assert_eq!(marked, inherited.replace("0.1.0", "0.1.0+u"));
    }
}
