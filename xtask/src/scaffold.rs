//! `cargo xtask scaffold` makes a new crate that serves a document.
//!
//! This module owns the files of the crate. [`dropshot_codegen`] makes the generated code, called
//! by the crate's own build script. So after an edit of the document, nothing is scaffolded again.

mod crates;
mod files;
mod vendor;

use crate::output::Output;
use crates::Crates;
use dropshot_codegen::diagnostics::Colour;
use dropshot_codegen::{Generated, Loaded, Options, generate, load};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Makes a new crate that serves an OpenAPI document. Every operation answers 501 until its handler
/// is written.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  cargo xtask scaffold --spec petstore.yaml --out ../petstore\n  \
                        cd ../petstore && cargo run -- serve"
)]
pub struct Arguments {
    /// The OpenAPI document, JSON or YAML.
    #[arg(long)]
    spec: PathBuf,
    /// An OpenAPI Overlay 1.0 to apply to it.
    #[arg(long)]
    overlay: Option<PathBuf>,
    /// The folder to make. It must not exist, or be empty.
    #[arg(long)]
    out: PathBuf,
    /// The crate's name; that of the folder by default.
    #[arg(long)]
    name: Option<String>,
    /// Where the generator, the run time and the chassis are: vendored (copied into the new
    /// folder), path (this checkout), git=URL or git=URL@REV.
    #[arg(long, value_name = "WHERE", default_value = "vendored")]
    crates: Crates,
    /// How findings and the result are printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// Runs the command. Exit code 0: made. Exit code 1: the document is refused, or a file can't be
/// written. Exit code 2: wrong usage.
pub fn run(arguments: &Arguments) -> ExitCode {
    let name = match crate_name(arguments) {
        Ok(name) => name,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    let loaded = load(&arguments.spec, arguments.overlay.as_deref());
    let generated =
        loaded.and_then(|loaded| generate(&loaded, Options::default()).map(|made| (loaded, made)));
    match generated {
        Err(findings) => {
            match arguments.output {
                Output::Text => {
                    let colour = if std::io::stderr().is_terminal() {
                        Colour::Always
                    } else {
                        Colour::Never
                    };
                    eprint!("{}", findings.render(colour));
                    eprintln!(
                        "error: {} finding(s); nothing was written",
                        findings.findings.len()
                    );
                }
                Output::Json => println!("{}", serde_json::json!({ "findings": findings })),
            }
            ExitCode::FAILURE
        }
        Ok((loaded, made)) => match files::write(arguments, &name, &loaded, &made) {
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
            Ok(()) => {
                let _ = report(arguments, &name, &loaded, &made);
                ExitCode::SUCCESS
            }
        },
    }
}

/// Prints the result. A broken pipe is not an error: the reader has seen enough.
fn report(
    arguments: &Arguments,
    name: &str,
    loaded: &Loaded,
    made: &Generated,
) -> std::io::Result<()> {
    let operations = loaded.document.operations.len();
    let mut stdout = std::io::stdout().lock();
    if arguments.output == Output::Json {
        let report = serde_json::json!({
            "crate": name,
            "out": arguments.out,
            "operations": operations,
            "carried": made.carried,
        });
        return writeln!(stdout, "{report}");
    }
    let out = arguments.out.display();
    writeln!(stdout, "{name}: {operations} operations in {out}")?;
    if !made.carried.is_empty() {
        writeln!(
            stdout,
            "\nKept in the document and not enforced by the generated code:"
        )?;
        for finding in &made.carried {
            writeln!(stdout, "  {finding}")?;
        }
    }
    writeln!(
        stdout,
        "\nNext:\n  cd {out}\n  cargo run -- serve\n  cargo test"
    )
}

fn crate_name(arguments: &Arguments) -> Result<String, String> {
    let out = &arguments.out;
    if out
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
        || out.is_file()
    {
        return Err(format!(
            "{} is there already: name a new or empty folder with --out",
            out.display()
        ));
    }
    let wanted = match &arguments.name {
        Some(name) => name.clone(),
        None => out
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
    };
    let name: String = wanted
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let name = name
        .split('-')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let reserved = [
        "test",
        "core",
        "std",
        "alloc",
        "proc-macro",
        "main",
        "self",
        "crate",
        "super",
    ];
    if reserved.contains(&name.as_str()) || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(format!(
            "{wanted:?} is no crate's name: give one with --name"
        ));
    }
    Ok(name)
}

/// The crates of this workspace that a scaffolded crate is built with.
pub fn crates() -> impl Iterator<Item = &'static str> {
    vendor::CRATES.into_iter().map(|(name, _)| name)
}

/// The folder of this workspace, where the generator and its run time are.
fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}
