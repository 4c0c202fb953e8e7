//! `cargo xtask openapi update` takes a new document of the vendor and all that follows from it, or
//! changes nothing.
//!
//! This module owns the order of the steps. It reads and compares the new document ([`report`]),
//! and finds what the handlers need ([`handlers`]). It makes, compiles and tests everything in a
//! copy of the workspace ([`staging`], with [`fill`] for values that lack new fields). Only then do
//! the new files replace the old ones ([`swap`]).

mod adapted;
mod fill;
mod handlers;
mod outcome;
mod report;
mod staging;
mod swap;

use super::{Contract, check};
use crate::openapi::Verdict;
use crate::output::{self, Output};
use crate::workspace;
use dropshot_codegen::load::load_bytes;
use dropshot_codegen::{Generated, Loaded, Options, generate};
use dropshot_diff::{Change, compare};
use handlers::Handlers;
use outcome::Outcome;
use report::{Report, Revision};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use swap::recover;

/// Takes a new document of the vendor: validates it, applies the overlay, reports what it breaks,
/// generates, compiles, tests.
///
/// Changes nothing unless every step has succeeded.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes:\n  0  taken, or the document is the one in use\n  1  the document was not taken\n  2  wrong usage"
)]
pub struct Arguments {
    /// The new document, JSON or YAML; it is taken byte for byte.
    #[arg(long)]
    from: PathBuf,
    /// Take the document even if it breaks callers or may break them.
    #[arg(long)]
    allow_breaking: bool,
    /// Compile without running the tests. They are then left to the person who commits the result.
    #[arg(long)]
    skip_tests: bool,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// The workspace to update, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> ExitCode {
    let root = match &arguments.root {
        None => workspace::root().to_owned(),
        Some(root) => match root.canonicalize() {
            Ok(root) => root,
            Err(error) => return output::finished(&root.display().to_string(), Err(error)),
        },
    };
    let mut report = Report::new(&arguments.from);
    let outcome = locked(&root).and_then(|_lock| update(arguments, &root, &mut report));
    report.outcome = outcome.unwrap_or_else(|outcome| outcome);
    let text = match arguments.output {
        Output::Text => report.end(),
        Output::Json => format!("{}\n", serde_json::json!(report)),
    };
    match output::print(&text) {
        Ok(()) if report.outcome.is_success() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        // The update itself may be complete. The working tree shows it.
        Err(error) => output::finished("standard output", Err(error)),
    }
}

/// Keeps a second update out, and finishes an update that was interrupted.
fn locked(root: &Path) -> Result<fs::File, Outcome> {
    let lock = swap::lock(root).map_err(|error| Outcome::failed("target/update/lock", &error))?;
    swap::recover_locked(root)
        .map_err(|error| Outcome::of_swap(root, "an interrupted update", &error))?;
    Ok(lock)
}

fn update(arguments: &Arguments, root: &Path, report: &mut Report) -> Result<Outcome, Outcome> {
    // 1. The document in use. It must be the one that was taken from the vendor.
    let contract = Contract::at(&root.join("openapi"));
    let (now, (old, was)) = in_use(&contract)?;
    report.old = Some(Revision::new(&old.document, now));
    // 2. The new document, with the overlay applied.
    let bytes = fs::read(&arguments.from)
        .map_err(|error| Outcome::failed(&arguments.from.display().to_string(), &error))?;
    let (new, is) = read(&arguments.from, &bytes, &contract)?;
    report.new = Some(Revision::new(
        &new.document,
        super::contract::digest_of(&bytes),
    ));
    report.carried.clone_from(&is.carried);
    if report.same_bytes() {
        return Ok(Outcome::Unchanged);
    }
    // 3. What the new document means to callers.
    let changes = compare(&old.document, &new.document);
    report.compared(&changes, &old.source, &new.source);
    // 4. What the new document means to the handlers.
    let handlers = Handlers::read(root).map_err(|error| Outcome::failed("src", &error))?;
    let new_texts = handlers.adapt(&was.skeleton, &is.skeleton, &changes, &mut report.handlers);
    if arguments.output == Output::Text {
        let _ = output::print(&report.comparison());
    }
    consent(arguments, &changes, report)?;
    // 5. The new files in a copy of the workspace.
    let mut files: BTreeMap<PathBuf, Vec<u8>> = new_texts
        .into_iter()
        .map(|(path, text)| (path, text.into_bytes()))
        .collect();
    let inside = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_owned();
    files.insert(
        inside(&contract.digest()),
        super::contract::digest_line(&bytes).into_bytes(),
    );
    files.insert(inside(&contract.served()), is.document.into_bytes());
    files.insert(inside(&contract.vendor()), bytes);
    let mut before = swap::digests(root, files.keys())
        .map_err(|error| Outcome::failed("the workspace", &error))?;
    let copy = staging::make(root, &files)
        .map_err(|error| Outcome::failed("target/update/tree", &error))?;
    // 6. Check that the files belong together, compile and pass the tests.
    let verdict = check(&Contract::at(&copy.tree.join("openapi")));
    if verdict.verdict != Verdict::Current {
        return Err(Outcome::Contract {
            problems: verdict.to_string(),
        });
    }
    let compiled = copy.compile()?;
    report.filled = compiled.filled;
    for (path, digest) in compiled.before {
        before.entry(path).or_insert(Some(digest));
    }
    files.extend(compiled.files);
    if !arguments.skip_tests {
        copy.test()?;
    }
    report.tested = !arguments.skip_tests;
    // 7. Move all files into their places.
    let swapped = swap::swap(root, &files, &before)
        .map_err(|error| Outcome::of_swap(root, "the new files", &error))?;
    report.files = swapped;
    Ok(Outcome::Updated)
}

/// The digest of the document in use, and the document.
fn in_use(contract: &Contract) -> Result<(String, (Loaded, Generated)), Outcome> {
    let failed = |error| Outcome::failed("the document in use", &error);
    let now = contract.digest_now().map_err(failed)?;
    if contract.digest_recorded().map_err(failed)? != now {
        return Err(Outcome::Edited {
            file: workspace::shown(&contract.vendor()),
        });
    }
    let generated = contract.generate();
    Ok((
        now,
        generated.map_err(|findings| Outcome::Unreadable { findings })?,
    ))
}

fn read(from: &Path, bytes: &[u8], contract: &Contract) -> Result<(Loaded, Generated), Outcome> {
    let refused = |findings| Outcome::Refused { findings };
    let loaded = load_bytes(from, bytes, Some(&contract.overlay())).map_err(refused)?;
    let generated = generate(&loaded, Options::default()).map_err(refused)?;
    let others: Vec<PathBuf> = loaded.source.files().skip(1).map(Path::to_owned).collect();
    if !others.is_empty() {
        return Err(Outcome::ManyFiles { others });
    }
    Ok((loaded, generated))
}

/// Checks that the changes may be made. Changes that break callers need consent. Changes that break
/// handlers are never made.
fn consent(arguments: &Arguments, changes: &[Change], report: &Report) -> Result<(), Outcome> {
    if !arguments.allow_breaking && changes.iter().any(Change::needs_consent) {
        return Err(Outcome::Breaking);
    }
    if report.handlers.dead.is_empty() {
        Ok(())
    } else {
        Err(Outcome::DeadHandlers)
    }
}
