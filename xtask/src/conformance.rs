//! `cargo xtask conformance` checks that generated services do what their documents say.
//!
//! The crate `dropshot-conformance` drives the `echo` service of each document. The services are
//! compiled together in `target/conformance`. This module chooses the documents and prints the
//! results.

mod cargo;
mod program;
mod subject;
mod table;

use crate::output::{Output, print};
use crate::workspace;
use program::Program;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use subject::Subject;

/// Drive generated services with requests made from their documents, and check every reply against
/// those documents.
#[derive(clap::Args)]
#[command(
    after_help = "Without --spec and --corpora, the project's own documents are taken: one small one a construct.\n\n\
    Exit codes: 0 all is as the documents say, 1 something is not or a document is not served, 2 wrong usage"
)]
pub struct Arguments {
    /// An OpenAPI document. May be given several times.
    #[arg(long)]
    spec: Vec<PathBuf>,
    /// A folder of documents, all of which are taken.
    #[arg(long)]
    corpora: Option<PathBuf>,
    /// The project's own documents, and the small ones of the folder that OPENAPI_CORPORA names.
    #[arg(long)]
    subset: bool,
    /// Print every failure, not only the numbers.
    #[arg(long)]
    failures: bool,
    /// Print what no request or reply could be made for.
    #[arg(long)]
    gaps: bool,
    /// The name of the folder in which the programs are made. A run that is to be kept needs its
    /// own.
    #[arg(long, default_value = "run")]
    name: String,
    /// How long the services of one program may be driven, in seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// The size in bytes of the largest document of the corpora that the subset has.
const SMALL: u64 = 16_000;

/// Runs the command.
pub fn run(arguments: &Arguments) -> ExitCode {
    let specs = match specs(arguments) {
        Ok(specs) => specs,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    let mut subjects: Vec<Subject> = specs.iter().map(|spec| Subject::new(spec)).collect();
    let program = Program::new(&arguments.name, Duration::from_secs(arguments.seconds));
    if let Err(message) = program.drive(&mut subjects) {
        eprintln!("error: {message}");
        return ExitCode::FAILURE;
    }
    let text = match arguments.output {
        Output::Text => table::text(&subjects, arguments.failures, arguments.gaps),
        Output::Json => format!("{:#}\n", table::json(&subjects)),
    };
    match print(&text) {
        Ok(()) if subjects.iter().all(Subject::is_good) => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: the result can't be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn specs(arguments: &Arguments) -> Result<Vec<PathBuf>, String> {
    let mut specs = arguments.spec.clone();
    if let Some(folder) = &arguments.corpora {
        documents(folder, u64::MAX, &mut specs)?;
    }
    if arguments.subset || specs.is_empty() {
        documents(
            &workspace::root().join("openapi/conformance/fixtures"),
            u64::MAX,
            &mut specs,
        )?;
    }
    if arguments.subset
        && let Some(folder) = std::env::var_os("OPENAPI_CORPORA")
    {
        // Commands run in the workspace's folder, so a relative folder starts there.
        let folder = workspace::root().join(folder);
        let mut small = Vec::new();
        documents(&folder, SMALL, &mut small)?;
        // Folders of these names hold documents that the generator must refuse.
        let refused = |spec: &PathBuf| {
            spec.iter()
                .any(|part| part == "broken" || part.to_string_lossy().ends_with("-negative"))
        };
        specs.extend(small.into_iter().filter(|spec| !refused(spec)));
    }
    match specs.iter().find(|spec| !spec.is_file()) {
        Some(missing) => Err(format!("{} is not a file", missing.display())),
        None => Ok(specs),
    }
}

/// Adds the JSON and YAML files in a folder and the folders within it, by name.
fn documents(folder: &Path, largest: u64, specs: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error| format!("{}: {error}", folder.display());
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    for path in entries {
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            documents(&path, largest, specs)?;
        } else if matches!(extension, Some("json" | "yaml" | "yml"))
            && path.metadata().is_ok_and(|file| file.len() <= largest)
        {
            specs.push(path);
        }
    }
    Ok(())
}
