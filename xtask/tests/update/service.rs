//! The service that the tests update. It is scaffolded from a document, and has the files of this
//! workspace's contract.

use dropshot_codegen::{Options, generate, load};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const VENDOR: &str = "openapi/D1-Public-OUT-v1-Auth2.json";

/// The document in use.
pub const DOCUMENT: &str = r##"{
  "openapi": "3.0.3",
  "info": {"title": "Cards", "version": "1.0"},
  "servers": [{"url": "https://YOUR_DOMAIN/cards/v1"}],
  "paths": {
    "/cards": {
      "post": {
        "operationId": "createCard",
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewCard"}}}},
        "responses": {"201": {"description": "Made", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Card"}}}}}
      }
    },
    "/cards/{id}": {
      "get": {
        "operationId": "getCard",
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "responses": {"200": {"description": "Found", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Card"}}}}}
      }
    }
  },
  "components": {"schemas": {
    "NewCard": {"type": "object", "required": ["kind"], "properties": {
      "kind": {"type": "string", "enum": ["debit", "credit"]}, "holder": {"type": "string"}}},
    "Card": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "holder": {"type": "string"}}}
  }}
}
"##;

const OVERLAY: &str = "overlay: 1.0.0\ninfo: {title: Health, version: '1'}\nactions:\n- target: $.paths\n  update:\n    \
                       /health: {get: {operationId: getHealth, responses: {'204': {description: Alive}}}}\n";

pub struct Service {
    root: tempfile::TempDir,
}

impl Service {
    pub fn new() -> Self {
        let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let specs = tempfile::tempdir().unwrap();
        let (spec, overlay) = (
            specs.path().join("D1-Public-OUT-v1-Auth2.json"),
            specs.path().join("overlay.yaml"),
        );
        fs::write(&spec, DOCUMENT).unwrap();
        fs::write(&overlay, OVERLAY).unwrap();
        let service = Self { root };
        let mut scaffold = xtask(&["scaffold", "--crates", "path", "--name", "cards", "--spec"]);
        let out = scaffold
            .arg(&spec)
            .arg("--overlay")
            .arg(&overlay)
            .arg("--out")
            .arg(service.root())
            .output()
            .unwrap();
        assert!(out.status.success(), "{out:?}");
        let loaded = load(
            &service.path(VENDOR),
            Some(&service.path("openapi/overlay.yaml")),
        )
        .unwrap();
        service.write(
            "openapi/served.json",
            generate(&loaded, Options::default()).unwrap().document,
        );
        service.write("openapi/vendor.sha256", digest_line(DOCUMENT));
        service
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Every file outside `target`.
    pub fn tree(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut tree = BTreeMap::new();
        let mut left = vec![self.root().to_owned()];
        while let Some(folder) = left.pop() {
            for path in fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
            {
                if path.is_dir() {
                    left.extend(Some(path.clone()).filter(|path| *path != self.path("target")));
                } else {
                    tree.insert(
                        path.strip_prefix(self.root()).unwrap().to_owned(),
                        fs::read(&path).unwrap(),
                    );
                }
            }
        }
        tree
    }

    /// Puts the files back as they were.
    pub fn restore(&self, tree: &BTreeMap<PathBuf, Vec<u8>>) {
        for (path, bytes) in tree {
            if fs::read(self.root().join(path)).ok().as_ref() != Some(bytes) {
                fs::write(self.root().join(path), bytes).unwrap();
            }
        }
    }

    /// The update with a new document, which is written to `new.json`.
    pub fn update(&self, document: &str, more: &[&str]) -> Command {
        let from = self.path("target/new.json");
        fs::create_dir_all(from.parent().unwrap()).unwrap();
        fs::write(&from, document).unwrap();
        let mut command = xtask(&["openapi", "update", "--root"]);
        command.arg(self.root()).arg("--from").arg(&from).args(more);
        command
    }

    /// Runs the update. Returns its exit code and its report.
    pub fn report(&self, document: &str, more: &[&str]) -> (i32, Value) {
        let out = self
            .update(document, &[more, &["--output", "json"]].concat())
            .output()
            .unwrap();
        // The test runner shows this if the test fails.
        eprint!("{}", String::from_utf8_lossy(&out.stderr));
        let report = serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", said(&out)));
        (out.status.code().unwrap(), report)
    }

    /// Whether the contract's files are those of this document.
    pub fn has_taken(&self, document: &str) -> bool {
        let served = load(&self.path(VENDOR), Some(&self.path("openapi/overlay.yaml")))
            .and_then(|loaded| generate(&loaded, Options::default()));
        self.read(VENDOR) == document
            && self.read("openapi/vendor.sha256") == digest_line(document)
            && served.is_ok_and(|served| self.read("openapi/served.json") == served.document)
    }
}

/// What a command printed to standard output and standard error.
pub fn said(out: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    )
}

/// This workspace's command. It compiles into this workspace's target folder, where the
/// dependencies are.
fn xtask(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments).env(
        "CARGO_TARGET_DIR",
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap(),
    );
    command
}

fn digest_line(document: &str) -> String {
    let digest: String = Sha256::digest(document)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{digest}  D1-Public-OUT-v1-Auth2.json\n")
}
