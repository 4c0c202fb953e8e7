//! Checks that every package takes the workspace's lints. No lint checks a package without that
//! line, and nothing says so.

use super::{Files, Finding};
use std::path::Path;

/// Manifests of packages without the workspace's lints.
pub fn check(files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in files.manifests() {
        match text.parse::<toml::Table>() {
            Err(error) => {
                let before = error
                    .span()
                    .map_or("", |span| text.get(..span.start).unwrap_or_default());
                let line = before.matches('\n').count() + 1;
                findings.push(Finding::new("manifests", path, line, error.message()));
            }
            Ok(manifest) if is_member(path, &manifest) && !takes_lints(&manifest) => {
                let message = "the package must say `[lints]` with `workspace = true`";
                findings.push(Finding::new("manifests", path, 1, message));
            }
            Ok(_) => {}
        }
    }
    findings
}

/// Whether a package belongs to the workspace. A package that is its own workspace, as a fuzz
/// target must be, has no workspace lints.
fn is_member(path: &Path, manifest: &toml::Table) -> bool {
    let own_workspace = manifest.contains_key("workspace") && path != Path::new("Cargo.toml");
    manifest.contains_key("package") && !own_workspace
}

fn takes_lints(manifest: &toml::Table) -> bool {
    let lints = manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"));
    lints.and_then(toml::Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_the_workspaces_lints_is_found() {
        let files = Files::of([
            ("Cargo.toml", "[workspace]\nmembers = []\n"),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\n[lints]\nworkspace = true\n",
            ),
            ("b/Cargo.toml", "[package]\nname = \"b\"\n"),
            ("c/Cargo.toml", "[package]\nname = \n"),
            (
                "fuzz/Cargo.toml",
                "[package]\nname = \"fuzz\"\n[workspace]\n",
            ),
        ]);
        let findings = check(&files);
        let found: Vec<_> = findings
            .iter()
            .map(|f| (f.file.to_str().unwrap(), f.line))
            .collect();
        assert_eq!(found, [("b/Cargo.toml", 1), ("c/Cargo.toml", 2)]);
    }
}
