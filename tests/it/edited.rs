//! The document is the contract. The compiler reports an edit of the vendor's document at the line
//! of handwritten code that must change, or the code needs no change.
//!
//! The test compiles a copy of the service, so it is the slowest one. Unchanged parts are compiled
//! once.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const VENDOR: &str = "openapi/D1-Public-OUT-v1-Auth2.json";

/// A copy of the service. The lock keeps other runs of this test from it.
struct Copy {
    folder: PathBuf,
    _locked: File,
}

impl Copy {
    /// Copies the sources of the service to a fixed place, so that only the first compilation is
    /// long.
    fn make() -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("edited");
        std::fs::create_dir_all(&copy).unwrap();
        let lock = File::create(copy.join("lock")).unwrap();
        lock.lock().unwrap();
        let crates =
            ["chassis", "codegen", "runtime", "vocabulary"].map(|it| format!("openapi/{it}"));
        let of_crates = crates
            .iter()
            .flat_map(|it| [format!("{it}/Cargo.toml"), format!("{it}/src")]);
        let _ = std::fs::remove_dir_all(copy.join("src"));
        for part in &crates {
            let _ = std::fs::remove_dir_all(copy.join(part));
        }
        for part in [
            "Cargo.toml",
            "Cargo.lock",
            "build.rs",
            "src",
            VENDOR,
            "openapi/overlay.yaml",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain(of_crates)
        {
            duplicate(&source.join(&part), &copy.join(&part));
        }
        let manifest = std::fs::read_to_string(copy.join("Cargo.toml")).unwrap();
        let crates = crates.map(|it| format!("{it:?}")).join(", ");
        let own = format!("members = [\".\", {crates}]");
        let members: Vec<_> = manifest
            .lines()
            .map(|line| match line.strip_prefix("members = ") {
                Some(_) => &own,
                None => line,
            })
            .collect();
        std::fs::write(copy.join("Cargo.toml"), members.join("\n")).unwrap();
        Self {
            folder: copy,
            _locked: lock,
        }
    }

    /// Edits the vendor's original document and compiles. Gives the compiler's errors if it fails.
    fn compile(&self, edit: impl FnOnce(&mut Value)) -> Result<(), String> {
        let original =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(VENDOR)).unwrap();
        let mut document: Value = serde_json::from_str(&original).unwrap();
        edit(&mut document);
        std::fs::write(self.folder.join(VENDOR), document.to_string()).unwrap();
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["check", "--package", "d1-authz", "--lib", "--offline"])
            .args(["--message-format", "short", "--target-dir"])
            .arg(target)
            .current_dir(&self.folder)
            .output()
            .unwrap();
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

fn duplicate(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            duplicate(&from.join(&name), &to.join(&name));
        }
    } else {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
        // Keeps the file's time, so that cargo only compiles newer files again.
        let time = from.metadata().unwrap().modified().unwrap();
        std::fs::File::options()
            .write(true)
            .open(to)
            .and_then(|file| file.set_modified(time))
            .unwrap();
    }
}

/// Checks that the compilation failed at this place with this message.
#[track_caller]
fn fails_at(outcome: Result<(), String>, place: &str, message: &str) {
    let said = outcome.expect_err("it compiles");
    let found = said
        .lines()
        .any(|line| line.starts_with(place) && line.contains(message));
    assert!(found, "no {message:?} at {place}: {said}");
}

#[test]
fn an_edit_of_the_vendors_document_reaches_the_compiler() {
    let copy = Copy::make();
    let request = "/components/schemas/auth2Request/properties";

    let renamed = copy.compile(|document| {
        let properties = document
            .pointer_mut(request)
            .unwrap()
            .as_object_mut()
            .unwrap();
        let scope = properties.remove("scope").unwrap();
        properties.insert("scopes".to_owned(), scope);
    });
    fails_at(renamed, "src/http/handlers.rs:", "no field `scope`");

    let added = copy.compile(|document| {
        document["paths"]["/oauth2/ping"] = json!({ "get": {
            "operationId": "ping",
            "responses": { "204": { "description": "Alive" } }
        }});
    });
    fails_at(added, "src/http/handlers.rs:", "missing: `ping`");

    let more_grants = copy.compile(|document| {
        document.pointer_mut(request).unwrap()["grant_type"]["enum"]
            .as_array_mut()
            .unwrap()
            .push("refresh_token".into());
    });
    more_grants.expect("another value is taken along");

    let removed = copy.compile(|document| {
        let path = document["paths"]["/oauth2/token"].as_object_mut().unwrap();
        let operation = path.remove("post").unwrap();
        path.insert("put".to_owned(), operation);
    });
    fails_at(removed, "", "matches nothing in the document");
}
