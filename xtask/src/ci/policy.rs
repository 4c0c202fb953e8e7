//! What dependencies must be like. `deny.toml` says so, and cargo-deny reads the same file.

use crate::workspace;
use serde::Deserialize;
use std::fs;

/// The parts of `deny.toml` that can be checked without a network.
#[derive(Debug, Deserialize)]
pub struct Policy {
    /// Which licences may be used.
    pub licenses: Licences,
    /// Where packages may come from.
    pub sources: Sources,
}

/// Which licences may be used.
#[derive(Debug, Deserialize)]
pub struct Licences {
    /// Licences that every package may use, by their SPDX names.
    pub allow: Vec<String>,
    /// Licences that single packages may use as well.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// Further licences for one package.
#[derive(Debug, Deserialize)]
pub struct Exception {
    /// The package's name.
    #[serde(rename = "crate")]
    pub package: String,
    /// The licences that it may use beside those for every package.
    pub allow: Vec<String>,
}

/// Where packages may come from.
#[derive(Debug, Deserialize)]
pub struct Sources {
    /// Registries, by their index.
    #[serde(rename = "allow-registry")]
    pub allow_registry: Vec<String>,
}

impl Policy {
    /// Reads the policy of the workspace.
    ///
    /// # Errors
    /// The file is missing, or is not such a policy.
    pub fn read() -> Result<Self, String> {
        let file = workspace::root().join("deny.toml");
        let text = fs::read_to_string(&file).map_err(|error| format!("deny.toml: {error}"))?;
        toml::from_str(&text).map_err(|error| format!("deny.toml: {error}"))
    }

    /// The licences that a package may use.
    pub fn licences_of(&self, package: &str) -> Vec<String> {
        let more = self
            .licenses
            .exceptions
            .iter()
            .filter(|e| e.package == package);
        let more = more.flat_map(|exception| &exception.allow);
        self.licenses.allow.iter().chain(more).cloned().collect()
    }
}
