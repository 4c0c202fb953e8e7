//! Copies the crates that a scaffolded crate needs into its folder, each with a manifest that names
//! no workspace.

use std::fs;
use std::io;
use std::path::Path;
use toml::{Table, Value};

/// Where the copies are, in the folder of the new crate.
pub const FOLDER: &str = "vendor";

/// The crates and their folders in `openapi/`.
pub const CRATES: [(&str, &str); 4] = [
    ("dropshot-chassis", "chassis"),
    ("dropshot-codegen", "codegen"),
    ("dropshot-contract", "runtime"),
    ("dropshot-vocabulary", "vocabulary"),
];

const LICENSES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// What a manifest has for this workspace alone. The tests are not copied.
const LEFT_OUT: [&str; 2] = ["lints", "dev-dependencies"];

/// The folder of a crate in `openapi/`.
pub fn folder(name: &str) -> &'static str {
    let known = CRATES.iter().find(|(other, _)| *other == name);
    known.map_or("", |(_, folder)| folder)
}

/// Copies the crates of the workspace at `workspace` into the crate at `root`.
pub fn write(workspace: &Path, root: &Path) -> io::Result<()> {
    let vendor = root.join(FOLDER);
    let shared = table(&workspace.join("Cargo.toml"))?;
    let shared = shared.get("workspace").and_then(Value::as_table);
    let shared = shared.ok_or_else(|| io::Error::other("Cargo.toml has no [workspace]"))?;
    for (name, folder) in CRATES {
        let (from, to) = (workspace.join("openapi").join(folder), vendor.join(name));
        copy(&from.join("src"), &to.join("src"))?;
        for license in LICENSES {
            fs::copy(workspace.join(license), to.join(license))?;
        }
        fs::copy(from.join("README.md"), to.join("README.md"))?;
        let manifest = resolved(table(&from.join("Cargo.toml"))?, shared)
            .ok_or_else(|| io::Error::other(format!("{name}: a key is not in the workspace")))?;
        fs::write(to.join("Cargo.toml"), manifest.to_string())?;
    }
    fs::write(vendor.join("README.md"), include_str!("template/vendor.md"))
}

fn table(file: &Path) -> io::Result<Table> {
    let text = fs::read_to_string(file)?;
    let wrong = |error| io::Error::other(format!("{}: {error}", file.display()));
    text.parse().map_err(wrong)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => fs::copy(entry.path(), to).map(drop)?,
        }
    }
    Ok(())
}

/// The manifest with the workspace's values in it. `None` if the workspace lacks one.
fn resolved(mut manifest: Table, shared: &Table) -> Option<Table> {
    LEFT_OUT.iter().for_each(|section| {
        manifest.remove(*section);
    });
    let package = manifest.get_mut("package")?.as_table_mut()?;
    let values = shared.get("package")?.as_table()?;
    for (key, value) in package.iter_mut().filter(|(_, value)| is_shared(value)) {
        *value = values.get(key)?.clone();
    }
    let dependencies = manifest.get_mut("dependencies");
    let values = shared.get("dependencies")?.as_table()?;
    let dependencies = dependencies.and_then(Value::as_table_mut);
    for (name, own) in dependencies.into_iter().flatten() {
        if is_shared(own) {
            *own = dependency(name, own.as_table()?, values.get(name)?)?.into();
        }
    }
    Some(manifest)
}

fn is_shared(value: &Value) -> bool {
    value.get("workspace") == Some(&Value::Boolean(true))
}

/// A dependency of the workspace with what the crate adds to it: features, or that it is optional.
fn dependency(name: &str, own: &Table, shared: &Value) -> Option<Table> {
    let mut whole = match shared {
        Value::Table(shared) => shared.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    if let Some(path) = whole.get_mut("path") {
        *path = format!("../{name}").into();
    }
    for (key, value) in own.iter().filter(|(key, _)| *key != "workspace") {
        match (whole.get_mut(key), value) {
            (Some(Value::Array(all)), Value::Array(more)) => all.extend(more.iter().cloned()),
            _ => {
                whole.insert(key.clone(), value.clone());
            }
        }
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_stands_alone_once_the_workspaces_values_are_in_it() {
        let shared = "package = { version = \"0.1.0\", license = \"MIT\" }\n\
            [dependencies]\nserde = { version = \"1\", features = [\"derive\"] }\nslog = \"2\"\n\
            dropshot-contract = { path = \"openapi/runtime\", version = \"0.1.0\" }\n";
        let manifest = "[package]\nname = \"a\"\nversion.workspace = true\nlicense.workspace = true\n\
            [lints]\nworkspace = true\n[features]\nx = [\"dep:slog\"]\n[dependencies]\n\
            serde = { workspace = true, features = [\"rc\"] }\n\
            slog = { workspace = true, optional = true }\ndropshot-contract.workspace = true\n\
            [dev-dependencies]\ntempfile.workspace = true\n";
        let expected = "[package]\nname = \"a\"\nversion = \"0.1.0\"\nlicense = \"MIT\"\n\
            [features]\nx = [\"dep:slog\"]\n[dependencies]\n\
            serde = { version = \"1\", features = [\"derive\", \"rc\"] }\n\
            slog = { version = \"2\", optional = true }\n\
            dropshot-contract = { path = \"../dropshot-contract\", version = \"0.1.0\" }\n";
        let parsed = |text: &str| text.parse::<Table>().unwrap();
        let shared = parsed(shared);
        let resolved = resolved(parsed(manifest), &shared);
        assert_eq!(resolved, Some(parsed(expected)));
        let unknown = "[package]\nname = \"a\"\n[dependencies]\nnone.workspace = true\n";
        assert_eq!(super::resolved(parsed(unknown), &shared), None);
    }
}
