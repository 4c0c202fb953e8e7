//! Compares the generated Rust of a few documents with files in the repository, so that a review
//! shows changes of the generator.
//!
//! `UPDATE_GOLDEN=1 cargo test -p dropshot-codegen --test golden` rewrites them.

use dropshot_codegen::{Options, generate, load};
use std::path::{Path, PathBuf};

#[test]
fn pets() {
    holds(&golden("pets.yaml"), None, "pets.rs.golden");
}

#[test]
fn unions() {
    holds(&golden("unions.yaml"), None, "unions.rs.golden");
}

/// The document that this project serves.
#[test]
fn served() {
    let openapi = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let spec = openapi.join("D1-Public-OUT-v1-Auth2.json");
    holds(
        &spec,
        Some(&openapi.join("overlay.yaml")),
        "served.rs.golden",
    );
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn holds(spec: &Path, overlay: Option<&Path>, name: &str) {
    let loaded = load(spec, overlay).unwrap_or_else(|findings| panic!("{findings}"));
    let generated =
        generate(&loaded, Options::default()).unwrap_or_else(|findings| panic!("{findings}"));
    let path = golden(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &generated.code).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file is there");
    let line = generated
        .code
        .lines()
        .zip(expected.lines())
        .position(|(made, kept)| made != kept);
    assert!(
        generated.code == expected,
        "{name} differs from line {}: look at it, and write it anew with UPDATE_GOLDEN=1 if it is right",
        line.map_or(expected.lines().count(), |line| line + 1)
    );
}
