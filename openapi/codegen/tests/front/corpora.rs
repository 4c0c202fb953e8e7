//! Tests the documents in the folder that `OPENAPI_CORPORA` names. Valid documents load. Broken
//! ones are refused at the place and with the words in their `expect.tsv`. Without the variable, it
//! prints a note and tests nothing.

use dropshot_codegen::diagnostics::{Finding, Findings, Severity};
use dropshot_codegen::load;
use std::path::{Path, PathBuf};

fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("OPENAPI_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("OPENAPI_CORPORA is not set: no document of other makers is tested");
    }
    // A relative folder is relative to the workspace, because commands run there.
    folder.map(|folder| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(folder)
    })
}

/// The rows of a table with a header line.
fn rows(table: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(table).unwrap();
    text.lines()
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

#[test]
fn valid_documents_load() {
    let Some(corpora) = corpora() else { return };
    let mut failures = Vec::new();
    let mut operations = 0;
    for row in rows(&corpora.join("manifest.tsv")) {
        let (file, expected, valid) = (&row[0], &row[3], &row[16]);
        if file.starts_with("ogen-negative/") || valid != "yes" {
            continue;
        }
        match load(&corpora.join(file), None) {
            Ok(loaded) => {
                operations += loaded.document.operations.len();
                if loaded.document.operations.len().to_string() != *expected {
                    failures.push(format!(
                        "{file}: {} operations",
                        loaded.document.operations.len()
                    ));
                }
            }
            Err(findings) => failures.push(format!("{file}: {findings}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(operations > 300, "{operations} operations");
}

#[test]
fn the_sloppy_real_documents_load_as_well() {
    let Some(corpora) = corpora() else { return };
    let rows = rows(&corpora.join("manifest.tsv"));
    let sloppy = rows
        .iter()
        .filter(|row| row[16] == "no" && !row[0].starts_with("ogen-negative/"));
    for row in sloppy {
        let loaded = load(&corpora.join(&row[0]), None);
        assert!(loaded.is_ok(), "{}", loaded.unwrap_err());
    }
}

#[test]
fn broken_documents_are_refused_where_they_are_broken() {
    let Some(corpora) = corpora() else { return };
    let mut failures = Vec::new();
    for folder in ["broken", "ogen-negative"] {
        let folder = corpora.join(folder);
        for row in rows(&folder.join("expect.tsv")) {
            let loaded = load(&folder.join(&row[0]), None);
            let failure = match (row[1].as_str(), loaded) {
                ("reject", Ok(_)) => Some("accepted".to_owned()),
                ("accept", Err(findings)) => Some(findings.to_string()),
                ("reject" | "either", Err(findings)) => mismatch(&findings, &row),
                _ => None,
            };
            failures.extend(failure.map(|failure| format!("{}: {failure}", row[0])));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Compares a refusal with its row. One finding must have one of the pointers, lines and words.
fn mismatch(findings: &Findings, row: &[String]) -> Option<String> {
    let any = |cell: &str, is: &dyn Fn(&str) -> bool| cell == "-" || cell.split('|').any(is);
    let fits = |finding: &Finding| {
        finding.severity == Severity::Error
            && any(&row[2], &|pointer| finding.pointer == pointer)
            && any(&row[3], &|line| finding.line.to_string() == line)
            && any(&row[4], &|word| {
                finding
                    .message
                    .to_lowercase()
                    .contains(&word.to_lowercase())
            })
    };
    (!findings.findings.iter().any(fits)).then(|| findings.to_string())
}
