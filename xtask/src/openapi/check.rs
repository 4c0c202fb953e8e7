//! `cargo xtask openapi check` checks that the committed files of the contract belong together.
//!
//! It checks three promises: the vendor's document is the one that was taken, the served document
//! is what the build makes of it, and the overlay only adds. If one of the first two is broken, the
//! contract is stale (exit code 4). If the third is broken or a promise can't be checked, the check
//! has failed (exit code 1).

mod report;

use super::Contract;
use super::differences::{Difference, differences, missing};
use crate::output::{self, Output};
use crate::workspace::shown;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use report::{Problem, Report, Verdict};

/// Checks that the vendor's document is unchanged since it was taken, and that the served document
/// is the one that the build makes.
#[derive(clap::Args)]
#[command(after_help = "Exit codes:\n  0  current\n  1  failed\n  4  stale")]
pub struct Arguments {
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const REGENERATE: &str =
    "to regenerate it, run: cargo xtask openapi export --out openapi/served.json";

/// Runs the command.
pub fn run(arguments: &Arguments, contract: &Contract) -> ExitCode {
    let report = check(contract);
    let text = match arguments.output {
        Output::Text => report.to_string(),
        Output::Json => format!("{}\n", serde_json::json!(report)),
    };
    if let Err(error) = output::print(&text) {
        return output::finished("standard output", Err(error));
    }
    match report.verdict {
        Verdict::Current => ExitCode::SUCCESS,
        Verdict::Failed => ExitCode::FAILURE,
        Verdict::Stale => ExitCode::from(4),
    }
}

/// Checks the files and changes nothing.
pub fn check(contract: &Contract) -> Report {
    let committed = json_of(&contract.served());
    let vendor = json_of(&contract.vendor()).map(|(_, value)| value);
    let mut problems = Vec::new();
    problems.extend(vendor_edited(contract, vendor.as_ref(), committed.as_ref()));
    let edited = problems.iter().any(|p| p.verdict == Verdict::Stale);
    let mut operations = 0;
    match contract.generate() {
        // If the vendor's document was edited, the findings come from that edit.
        Err(findings) => problems.extend(findings.findings.iter().map(|finding| Problem {
            verdict: if edited {
                Verdict::Stale
            } else {
                Verdict::Failed
            },
            file: shown(&finding.file),
            message: format!(
                "line {}, column {}: {} [{}]",
                finding.line, finding.column, finding.message, finding.code
            ),
            differences: Vec::new(),
            help: finding.help.clone(),
        })),
        Ok((loaded, generated)) => {
            operations = loaded.document.operations.len();
            let served = &loaded.document.value;
            problems.extend(
                vendor
                    .as_ref()
                    .and_then(|vendor| overlay_changes(contract, vendor, served)),
            );
            let known = problems.iter().flat_map(|p| &p.differences);
            let known: Vec<String> = known.map(|d| d.pointer.clone()).collect();
            let stale = served_stale(contract, &generated.document, served, committed.as_ref());
            let stale = stale.and_then(|problem| without(problem, &known));
            problems.extend(stale.map(|problem| match edited {
                true => Problem {
                    help: "this follows from the edit above".to_owned(),
                    ..problem
                },
                false => problem,
            }));
        }
    }
    Report {
        verdict: problems
            .iter()
            .map(|p| p.verdict)
            .max()
            .unwrap_or(Verdict::Current),
        problems,
        operations,
    }
}

/// Checks the vendor's document against its digest. The served document holds all of the vendor's
/// document, so it shows what an edit changed.
fn vendor_edited(
    contract: &Contract,
    vendor: Option<&Value>,
    committed: Option<&(String, Value)>,
) -> Option<Problem> {
    let failed = |file: PathBuf, error: std::io::Error| Problem {
        verdict: Verdict::Failed,
        file: shown(&file),
        message: format!("can't be read: {error}"),
        differences: Vec::new(),
        help: "bring it back from version control".to_owned(),
    };
    let (now, recorded) = match (contract.digest_now(), contract.digest_recorded()) {
        (Err(error), _) => return Some(failed(contract.vendor(), error)),
        (_, Err(error)) => return Some(failed(contract.digest(), error)),
        (Ok(now), Ok(recorded)) => (now, recorded),
    };
    if now == recorded {
        return None;
    }
    let differences = match (vendor, committed) {
        (Some(vendor), Some((_, committed))) => turned(missing(vendor, committed)),
        _ => Vec::new(),
    };
    let file = shown(&contract.vendor());
    Some(Problem {
        verdict: Verdict::Stale,
        message: format!(
            "is not the document that was taken from the vendor: its SHA-256 is {now}, and {} records {recorded}",
            shown(&contract.digest()).display()
        ),
        differences,
        help: format!(
            "what this project adds belongs into {}; to undo the edit, run: git checkout -- {}; \
             to take a new document of the vendor's, run: cargo xtask openapi update --from FILE",
            shown(&contract.overlay()).display(),
            file.display()
        ),
        file,
    })
}

/// Checks that the generated document says all that the vendor's document says.
fn overlay_changes(contract: &Contract, vendor: &Value, served: &Value) -> Option<Problem> {
    let differences = missing(vendor, served);
    (!differences.is_empty()).then(|| Problem {
        verdict: Verdict::Failed,
        file: shown(&contract.overlay()),
        message: "changes or removes what the vendor's document says".to_owned(),
        differences,
        help: "an overlay of this project only adds; correct the action that targets this place"
            .to_owned(),
    })
}

/// Checks that the committed document is the generated one.
fn served_stale(
    contract: &Contract,
    generated: &str,
    served: &Value,
    committed: Option<&(String, Value)>,
) -> Option<Problem> {
    let problem = |message: String, differences: Vec<Difference>| {
        Some(Problem {
            verdict: Verdict::Stale,
            file: shown(&contract.served()),
            message,
            differences,
            help: REGENERATE.to_owned(),
        })
    };
    let Some((text, value)) = committed else {
        return problem(unreadable(&contract.served()), Vec::new());
    };
    if text == generated {
        return None;
    }
    let differences = differences(served, value);
    let message = if differences.is_empty() {
        let same = generated
            .lines()
            .zip(text.lines())
            .take_while(|(a, b)| a == b);
        format!(
            "says what it should, but is not laid out as it is generated, from line {} on",
            same.count() + 1
        )
    } else {
        "is not what the vendor's document and the overlay make".to_owned()
    };
    problem(message, differences)
}

/// A file's text and its JSON value. `None` if the file can't be read or is not JSON.
fn json_of(file: &Path) -> Option<(String, Value)> {
    let text = fs::read_to_string(file).ok()?;
    let value = serde_json::from_str(&text).ok()?;
    Some((text, value))
}

fn unreadable(file: &Path) -> String {
    match fs::read_to_string(file) {
        Err(error) => format!("can't be read: {error}"),
        Ok(text) => match serde_json::from_str::<Value>(&text) {
            Err(error) => format!("is not JSON: {error}"),
            Ok(_) => "was changed while it was read".to_owned(),
        },
    }
}

/// The problem without the differences that are known. `None` if no difference is left.
fn without(mut problem: Problem, known: &[String]) -> Option<Problem> {
    let before = problem.differences.len();
    problem.differences.retain(|d| !known.contains(&d.pointer));
    (before == 0 || !problem.differences.is_empty()).then_some(problem)
}

/// Swaps expected and found, so that the differences are those of the vendor's document.
fn turned(differences: Vec<Difference>) -> Vec<Difference> {
    let turn = |d: Difference| Difference {
        expected: d.found,
        found: d.expected,
        ..d
    };
    differences.into_iter().map(turn).collect()
}

#[cfg(test)]
#[path = "check/tests.rs"]
mod tests;
