//! A copy of the workspace with the new files in it, where they are compiled and tested.
//!
//! The copy stays, so that the next update compiles only what differs: a file that is the same is not touched, since cargo
//! goes by when a file was written. Dependencies are compiled once for both, in the workspace's own target folder. There
//! cargo knows a package by its name, its version and its place within the workspace, which are the same for both; so the
//! copy's packages get a version of their own, without which cargo would take what it compiled of the one for the other.

use super::report::Outcome;
use crate::openapi::contract::digest_of;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes the copy, with some files as they are to be, and gives its folder.
///
/// # Errors
/// A file can't be read or written.
pub fn make(root: &Path, new: &BTreeMap<PathBuf, Vec<u8>>) -> io::Result<PathBuf> {
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
    Ok(tree)
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

/// The files of the workspace: what version control has or would take; without version control, all but `target`.
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

/// Compiles and tests the copy: the package at its root, which is all that is generated from the document.
///
/// # Errors
/// The command that failed; what it printed is on standard error.
pub fn try_out(root: &Path, tree: &Path) -> Result<(), Outcome> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    for arguments in [["check", "--all-targets"].as_slice(), &["test"]] {
        let command = format!("cargo {}", arguments.join(" "));
        eprintln!("in target/update/tree: {command}");
        let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(arguments)
            .current_dir(tree)
            .env("CARGO_TARGET_DIR", &target)
            .stdin(Stdio::null())
            // Standard output is the report's.
            .stdout(io::stderr())
            .status()
            .map_err(|error| Outcome::failed(&command, &error))?;
        if !status.success() {
            return Err(Outcome::Step { command });
        }
    }
    Ok(())
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
