//! Checks what the project is built from: licences, sources, the Rust version that it needs, and
//! packages that are there in several versions.
//!
//! The facts come from `cargo metadata`, without a network. Known vulnerabilities and withdrawn
//! versions need an advisory database and are not checked here. The step says so, and names the
//! command that checks them.

use super::licence;
use super::outcome::{Outcome, command};
use super::policy::Policy;
use serde::Deserialize;
use std::collections::BTreeMap;

const NOT_CHECKED: &str = "not checked here, as it needs an advisory database: known vulnerabilities and withdrawn \
    versions. With a network: cargo install --locked cargo-deny && cargo deny check";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// Absent for the workspace's own packages.
    source: Option<String>,
    rust_version: Option<String>,
}

/// Checks the packages that are built on this platform.
pub fn check() -> Outcome {
    let result = metadata().and_then(|metadata| Ok((Policy::read()?, metadata)));
    let (policy, metadata) = match result {
        Ok(read) => read,
        Err(message) => return Outcome::Failed(message),
    };
    let problems = problems(&metadata.packages, &policy);
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    let twice = twice(&metadata.packages);
    let twice: Vec<_> = twice
        .iter()
        .map(|(name, versions)| format!("{name} ({})", versions.join(", ")))
        .collect();
    eprintln!(
        "{} packages; in several versions: {}",
        metadata.packages.len(),
        twice.join(", ")
    );
    eprintln!("{NOT_CHECKED}");
    match problems.len() {
        0 => Outcome::Passed,
        count => Outcome::Failed(format!("{count} problem(s)")),
    }
}

fn metadata() -> Result<Metadata, String> {
    let version = command("rustc")
        .arg("-vV")
        .output()
        .map_err(|error| format!("rustc: {error}"))?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default();
    let output = command("cargo")
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            host,
        ])
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

fn problems(packages: &[Package], policy: &Policy) -> Vec<String> {
    let promised = packages.iter().filter(|package| package.source.is_none());
    let promised = promised
        .filter_map(|package| rust_version(package.rust_version.as_deref()?))
        .min();
    let mut problems = Vec::new();
    for package in packages {
        let Package { name, version, .. } = package;
        let allowed = match &package.license {
            None => Err("it names no licence".to_owned()),
            Some(expression) => match licence::allowed(expression, &policy.licences_of(name)) {
                Ok(true) => Ok(()),
                Ok(false) => Err(format!(
                    "its licence `{expression}` is not allowed by deny.toml"
                )),
                Err(message) => Err(message),
            },
        };
        if let Err(message) = allowed {
            problems.push(format!("{name} {version}: {message}"));
        }
        if let Some(source) = &package.source
            && !policy
                .sources
                .allow_registry
                .iter()
                .any(|index| *source == format!("registry+{index}"))
        {
            problems.push(format!(
                "{name} {version}: it comes from {source}, which deny.toml does not allow"
            ));
        }
        let needed = package.rust_version.as_deref();
        if let Some(needed) =
            needed.filter(|needed| rust_version(needed) > promised && promised.is_some())
        {
            problems.push(format!(
                "{name} {version}: it needs Rust {needed}, more than this workspace's rust-version"
            ));
        }
    }
    problems
}

/// A Rust version, such as `1.90` or `1.90.0`.
fn rust_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.split('.').map(|part| part.parse().ok());
    Some((
        numbers.next()??,
        numbers.next()??,
        numbers.next().unwrap_or(Some(0))?,
    ))
}

fn twice(packages: &[Package]) -> BTreeMap<&str, Vec<&str>> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions
            .entry(&package.name)
            .or_default()
            .push(&package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "https://github.com/rust-lang/crates.io-index";

    fn package(name: &str, license: &str, source: Option<&str>, rust_version: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            license: Some(license.to_owned()),
            source: source.map(str::to_owned),
            rust_version: Some(rust_version.to_owned()),
        }
    }

    fn policy() -> Policy {
        let text = format!(
            "[licenses]\nallow = ['MIT']\nexceptions = [{{ crate = 'odd', allow = ['MPL-2.0'] }}]\n\
             [sources]\nallow-registry = ['{INDEX}']\n"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn a_licence_a_source_and_a_rust_version_out_of_bounds_are_named() {
        let registry = format!("registry+{INDEX}");
        let packages = [
            package("own", "MIT OR Apache-2.0", None, "1.90"),
            package("good", "MIT", Some(&registry), "1.90.0"),
            package("odd", "MPL-2.0", Some(&registry), "1.60"),
            package("copyleft", "GPL-3.0", Some(&registry), "1.60"),
            package("fork", "MIT", Some("git+https://example.com/fork"), "1.60"),
            package("new", "MIT", Some(&registry), "1.91"),
        ];
        let problems = problems(&packages, &policy());
        let names: Vec<_> = problems
            .iter()
            .filter_map(|p| p.split(' ').next())
            .collect();
        assert_eq!(names, ["copyleft", "fork", "new"], "{problems:?}");
    }

    #[test]
    fn a_package_in_two_versions_is_reported() {
        let mut packages = [
            package("a", "MIT", None, "1.90"),
            package("a", "MIT", None, "1.90"),
        ];
        packages[1].version = "2.0.0".to_owned();
        assert_eq!(
            twice(&packages),
            BTreeMap::from([("a", vec!["1.2.3", "2.0.0"])])
        );
        assert!(twice(&packages[..1]).is_empty());
    }

    #[test]
    fn the_workspaces_policy_is_readable() {
        let policy = Policy::read().unwrap();
        assert!(policy.licenses.allow.iter().any(|licence| licence == "MIT"));
        assert_eq!(policy.sources.allow_registry, [INDEX]);
    }
}
