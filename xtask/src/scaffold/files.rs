//! Writes the files of a scaffolded crate.

use super::crates::{Crates, quoted};
use super::{Arguments, workspace};
use dropshot_codegen::skeleton::{Method, Skeleton};
use dropshot_codegen::{Generated, Loaded};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

/// Writes all files or none. The crate is made in a folder beside its place, and moved when it is
/// complete.
pub fn write(
    arguments: &Arguments,
    name: &str,
    loaded: &Loaded,
    made: &Generated,
) -> io::Result<()> {
    let out = &arguments.out;
    let parent = out
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let beside = tempfile::Builder::new()
        .prefix(".scaffold-")
        .tempdir_in(parent)?;
    let root = beside.path();
    let specs = copy_document(arguments, loaded, root)?;
    let (handlers, more) = handlers(&made.skeleton);
    let names = Names::of(name, &loaded.document.title);
    let files = [
        ("Cargo.toml", manifest(&names, &arguments.crates)),
        ("build.rs", build_script(&specs)),
        (".gitignore", "/target\n".to_owned()),
        ("README.md", readme(&names, loaded, &specs, &made.skeleton)),
        ("src/lib.rs", names.fill(include_str!("template/lib.rs"))),
        ("src/main.rs", names.fill(include_str!("template/main.rs"))),
        (
            "src/state.rs",
            names.fill(include_str!("template/state.rs")),
        ),
        ("src/handlers.rs", handlers),
        (
            "tests/contract.rs",
            names.fill(include_str!("template/contract.rs")),
        ),
    ];
    let settings = names.fill(include_str!("template/config.toml.in"));
    let more = more
        .into_iter()
        .chain([(PathBuf::from(format!("{name}.toml")), settings)]);
    for (path, text) in files
        .into_iter()
        .map(|(path, text)| (PathBuf::from(path), text))
        .chain(more)
    {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(path, text)?;
    }
    format(root);
    arguments.crates.write(root)?;
    // These are the versions that the generator is tested with. Cargo leaves out those that the
    // crate does not need.
    fs::copy(workspace().join("Cargo.lock"), root.join("Cargo.lock"))?;
    if out.exists() {
        fs::remove_dir(out)?;
    }
    let made = beside.keep();
    fs::rename(&made, out)?;
    // Only its owner may read a temporary folder. The folder of a project is readable for others.
    #[cfg(unix)]
    fs::set_permissions(out, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

/// Formats the code, whose lines are as long as the document's names. Without rustfmt, the code is
/// right all the same.
fn format(root: &Path) {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--quiet", "--edition", "2024"]);
    let files = ["build.rs", "src/lib.rs", "src/main.rs", "tests/contract.rs"];
    let _may_be_missing = rustfmt.args(files.map(|file| root.join(file))).status();
}

/// Copies the document, the files that it refers to and the overlay to `openapi/`. Returns the
/// paths of document and overlay from the crate's folder.
fn copy_document(
    arguments: &Arguments,
    loaded: &Loaded,
    root: &Path,
) -> io::Result<(String, Option<String>)> {
    let folder = root.join("openapi");
    fs::create_dir_all(&folder)?;
    let base = arguments.spec.parent().unwrap_or(Path::new(""));
    let base = if base.as_os_str().is_empty() {
        Path::new(".")
    } else {
        base
    }
    .canonicalize()?;
    for file in loaded.source.files() {
        let file = file.canonicalize()?;
        // The generator has refused files outside the document's folder.
        let inside = file.strip_prefix(&base).unwrap_or(&file);
        let inside: PathBuf = inside
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .collect();
        let to = folder.join(&inside);
        fs::create_dir_all(to.parent().unwrap_or(&folder))?;
        fs::copy(&file, to)?;
    }
    let named = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let spec = format!("openapi/{}", named(&arguments.spec));
    let overlay = match &arguments.overlay {
        None => None,
        Some(overlay) => {
            let mut name = named(overlay);
            if folder.join(&name).exists() {
                name.insert_str(0, "overlay-");
            }
            fs::copy(overlay, folder.join(&name))?;
            Some(format!("openapi/{name}"))
        }
    };
    Ok((spec, overlay))
}

/// What the crate is called, in each place.
struct Names {
    /// To cargo, and to those who start it.
    name: String,
    /// In code, and before the names of metrics.
    module: String,
    /// Before the names of environment variables.
    prefix: String,
    /// What it is, in a line.
    title: String,
}

impl Names {
    fn of(name: &str, title: &str) -> Self {
        let module = name.replace('-', "_");
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            name: name.to_owned(),
            prefix: format!("{}_", module.to_uppercase()),
            module,
            title,
        }
    }

    /// A template with the names in it.
    fn fill(&self, template: &str) -> String {
        template
            .replace("__NAME__", &self.name)
            .replace("__CRATE__", &self.module)
            .replace("__PREFIX__", &self.prefix)
            .replace("__TITLE__", &self.title)
    }
}

fn manifest(names: &Names, crates: &Crates) -> String {
    let mut manifest = names
        .fill(include_str!("template/Cargo.toml.in"))
        .replace("__DESCRIPTION__", &quoted(&names.title))
        .replace("__CHASSIS__", &crates.dependency("dropshot-chassis"))
        .replace("__CODEGEN__", &crates.dependency("dropshot-codegen"))
        .replace("__RUNTIME__", &crates.dependency("dropshot-contract"));
    manifest.push_str(&crates.workspace());
    manifest
}

fn build_script((spec, overlay): &(String, Option<String>)) -> String {
    let overlay = overlay
        .as_ref()
        .map_or_else(|| "None".to_owned(), |overlay| format!("Some({overlay:?})"));
    format!(
        "//! Generates the API from the document: `src/lib.rs` includes it as the module `api`.\n\n\
         fn main() {{\n    dropshot_codegen::build::build({spec:?}, {overlay});\n}}\n"
    )
}

/// `src/handlers.rs`, and a file for each trait of a large document.
fn handlers(skeleton: &Skeleton) -> (String, Vec<(PathBuf, String)>) {
    const HEAD: &str = "use dropshot_contract::{Failure, RequestContext};\n\n";
    let bodies = |methods: &[Method], context: &str| -> String {
        methods
            .iter()
            .map(|method| method.code(context))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let mut main =
        "//! What each operation does. A method that still answers 501 is one to write.\n\n"
            .to_owned();
    let mut files = Vec::new();
    if skeleton.groups.is_empty() {
        main.push_str(if skeleton.api.is_empty() {
            "use crate::{Context, Handlers, api};\n\nimpl api::Api for Handlers {\n    type Context = Context;\n"
        } else {
            "use crate::api::{self, replies, requests};\nuse crate::{Context, Handlers};\n\
             use dropshot_contract::{Failure, RequestContext};\n\nimpl api::Api for Handlers {\n    type Context = Context;\n\n"
        });
        main.push_str(&bodies(&skeleton.api, "Context"));
        main.push_str("}\n");
        return (main, files);
    }
    for group in &skeleton.groups {
        main.push_str(&format!("mod {};\n", group.module));
        let text = format!(
            "//! The operations of `{}`.\n\nuse crate::api::{{self, replies, requests}};\nuse crate::{{Context, Service}};\n\
             {HEAD}impl api::{} for Handlers {{\n{}}}\n",
            group.module,
            group.name,
            bodies(&group.methods, "Context")
        );
        files.push((
            PathBuf::from(format!("src/handlers/{}.rs", group.module)),
            text,
        ));
    }
    main.push_str("\nuse crate::{Context, Handlers, api};\n\nimpl api::Api for Handlers {\n    type Context = Context;\n}\n");
    (main, files)
}

fn readme(
    names: &Names,
    loaded: &Loaded,
    (spec, overlay): &(String, Option<String>),
    skeleton: &Skeleton,
) -> String {
    let count = loaded.document.operations.len();
    let first = skeleton.methods().next();
    let first = first.map(|method| method.name.clone()).unwrap_or_default();
    let overlay = overlay.as_ref().map(|it| format!(" with `{it}`"));
    names
        .fill(include_str!("template/README.md.in"))
        .replace("__SPEC__", spec)
        .replace("__OVERLAY__", &overlay.unwrap_or_default())
        .replace("__COUNT__", &count.to_string())
        .replace("__METHOD__", &first)
}
