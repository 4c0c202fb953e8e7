//! Tests documents whose comments name their findings: `# DC040` at the end of the finding's line.

use super::fixture;
use dropshot_codegen::codes;
use dropshot_codegen::diagnostics::{Finding, Severity};
use dropshot_codegen::load;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Line and code of each finding.
type Marks = BTreeSet<(usize, String)>;

fn marks(text: &str) -> Marks {
    let codes_of = |line: &str| -> Vec<String> {
        let comment = line.rsplit_once("# ").map_or("", |(_, comment)| comment);
        comment
            .split(' ')
            .filter(|word| word.starts_with("DC"))
            .map(str::to_owned)
            .collect()
    };
    let lines = text.lines().enumerate();
    lines
        .flat_map(|(line, text)| codes_of(text).into_iter().map(move |code| (line + 1, code)))
        .collect()
}

fn found(findings: &[Finding]) -> Marks {
    findings
        .iter()
        .map(|finding| (finding.line, finding.code.to_owned()))
        .collect()
}

fn documents(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(fixture(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

/// Reports marks without a finding, and findings without a mark.
fn compare(path: &Path, findings: &[Finding], failures: &mut Vec<String>) {
    let expected = marks(&std::fs::read_to_string(path).unwrap());
    let found = found(findings);
    if expected != found {
        let name = path.file_name().unwrap().display().to_string();
        failures.push(format!(
            "{name}: expected {expected:?}\n  found {found:?}\n  {findings:#?}"
        ));
    }
}

#[test]
fn every_mistake_of_a_broken_document_is_found_in_one_run_and_nothing_else() {
    let mut failures = Vec::new();
    for path in documents("broken") {
        match load(&path, None) {
            Ok(_) => failures.push(format!("{} is accepted", path.display())),
            Err(findings) => compare(&path, &findings.findings, &mut failures),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_is_not_enforced_is_listed() {
    let mut failures = Vec::new();
    for path in documents("carried") {
        match load(&path, None) {
            Ok(loaded) => {
                assert!(
                    loaded
                        .carried
                        .iter()
                        .all(|finding| finding.severity == Severity::Carried)
                );
                compare(&path, &loaded.carried, &mut failures);
            }
            Err(findings) => failures.push(findings.to_string()),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_code_of_the_reading_half_is_shown_by_some_test() {
    let mut shown = BTreeSet::new();
    for path in documents("broken").into_iter().chain(documents("carried")) {
        shown.extend(
            marks(&std::fs::read_to_string(path).unwrap())
                .into_iter()
                .map(|(_, code)| code),
        );
    }
    // Other tests cover these codes, because they need bytes, other files or an overlay.
    let elsewhere = [
        codes::UNREADABLE,
        codes::ENCODING,
        codes::TOO_LARGE,
        codes::NOT_A_DOCUMENT,
        codes::OVERLAY,
        codes::OVERLAY_NO_MATCH,
        codes::OVERLAY_ACTION,
        codes::EXTERNAL_REFERENCE,
    ];
    let missing: Vec<_> = codes::ALL
        .iter()
        .map(|(code, _)| *code)
        .filter(|code| *code < "DC500" && !elsewhere.contains(code) && !shown.contains(*code))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn codes_are_unique_and_in_order() {
    assert!(codes::ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
}
