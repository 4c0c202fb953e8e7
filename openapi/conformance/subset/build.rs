//! Generates a service for each document of `../fixtures`, and the list of them.

use dropshot_codegen::diagnostics::Colour;
use dropshot_codegen::{Options, generate, load};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let fixtures = Path::new("../fixtures");
    println!("cargo::rerun-if-changed={}", fixtures.display());
    let mut specs: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(fixtures)? {
        specs.push(entry?.path());
    }
    specs.sort();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let (mut modules, mut list) = (String::new(), String::new());
    for spec in specs {
        let name = spec
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .replace('-', "_");
        let options = Options {
            both_directions: true,
        };
        let made = load(&spec, None).and_then(|loaded| generate(&loaded, options));
        let made = made.map_err(|findings| findings.render(Colour::Never))?;
        let folder = out.join(&name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("api.rs"), &made.code)?;
        fs::write(folder.join("openapi.json"), &made.document)?;
        let unenforced: Vec<&str> = made
            .carried
            .iter()
            .map(|finding| finding.pointer.as_str())
            .collect();
        writeln!(
            modules,
            "/// `{}`\npub mod {name} {{\n    include!({:?});\n}}",
            spec.display(),
            folder.join("api.rs")
        )?;
        writeln!(
            list,
            "    Subject {{ name: {name:?}, document: {name}::DOCUMENT, base_path: {name}::BASE_PATH, operations: {name}::operations::ALL, \
             service: {name}::api_description::<{name}::echo::Echo>, unenforced: &{unenforced:?} }},"
        )?;
    }
    fs::write(
        out.join("subjects.rs"),
        format!(
            "{modules}\n/// All of them, by name.\npub static SUBJECTS: &[Subject] = &[\n{list}];\n"
        ),
    )?;
    Ok(())
}
