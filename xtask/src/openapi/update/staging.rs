//! Compiles and tests the new files in a copy of the workspace.
//!
//! The copy stays, so that the next update compiles only what differs. Cargo decides by the time a
//! file was written, so a file that is the same is not written again. The workspace's own target
//! folder is used, so that dependencies are compiled once for both. Cargo knows a package there by
//! its name, its version and its place within the workspace. These are the same for both, so the
//! packages of the copy get another version. Without it, cargo would mistake the one's artifacts
//! for the other's.

use super::fill::{Filled, Said};
use super::outcome::Outcome;
use crate::openapi::contract::digest_of;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Makes the copy, with the new files in it.
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
    // The mark names the workspace, because two workspaces may share a target folder.
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

/// A manifest with a mark on the version of its package, or on the version that members inherit.
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

/// The files of the workspace: those that version control has or would take. Without version
/// control, all files but those in `target`.
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
    // A deleted file is still listed until its removal is committed.
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

/// How often missing fields are filled in. Tests are compiled only after the library compiles.
const ROUNDS: usize = 5;

/// The copy, which can be compiled and tested.
pub struct Copy<'r> {
    /// The workspace's folder.
    pub root: &'r Path,
    /// The copy's folder.
    pub tree: PathBuf,
}

/// What was changed so that the copy compiles.
#[derive(Default)]
pub struct Compiled {
    /// The new contents of the files, by their paths in the workspace.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// The digests of the contents before.
    pub before: BTreeMap<PathBuf, String>,
    /// The fields that were filled in.
    pub filled: Vec<Filled>,
}

impl Copy<'_> {
    /// Compiles the package at the root of the copy: only that is generated from the document.
    /// Fills in missing fields.
    ///
    /// # Errors
    /// The copy does not compile. Standard error says why.
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
        // The errors shown are those of the code before fields were filled in.
        eprint!("{}", first.unwrap_or_default());
        Err(Outcome::Step {
            command: "cargo check --all-targets".to_owned(),
        })
    }

    /// Runs the tests of the package at the copy's root.
    ///
    /// # Errors
    /// A test fails. Standard error says which.
    pub fn test(&self) -> Result<(), Outcome> {
        let command = "cargo test";
        // Standard output is for the report.
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
