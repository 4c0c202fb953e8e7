//! Checks the table of the standards and their tests: every test that it names exists, and every
//! line that is built names at least one test.

use super::{Files, Finding};
use std::path::{Path, PathBuf};

const TABLE: &str = "docs/rfc.md";
/// The folders below which a test's module may be, with the path that the runner prints.
const ROOTS: [&str; 3] = ["tests/it", "tests/peers", "src"];
/// The last column of a line that no test holds yet.
const NOT_BUILT: &str = "not built";

/// Names of tests that do not exist, and lines that name no test.
pub fn check(files: &Files) -> Vec<Finding> {
    let path = Path::new(TABLE);
    let Some(text) = files.text(path) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some(tests) = last_column(line) else {
            continue;
        };
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        let missing = names.iter().filter(|name| !is_there(files, name));
        let mut wrong: Vec<_> = missing
            .map(|name| format!("there is no test `{name}`; was it renamed?"))
            .collect();
        if names.is_empty() && tests.trim() != NOT_BUILT {
            wrong.push(format!(
                "name the tests that hold this, or write: {NOT_BUILT}"
            ));
        }
        let wrong = wrong.into_iter();
        findings.extend(wrong.map(|message| Finding::new("covered", path, index + 1, message)));
    }
    findings
}

/// The last column of a row. `None` for the heading and the line below it.
fn last_column(line: &str) -> Option<&str> {
    let row = line.strip_prefix('|')?.strip_suffix('|')?;
    let (_, last) = row.rsplit_once('|')?;
    let is_heading = last.trim() == "Tests" || last.trim_matches('-').is_empty();
    (!is_heading).then_some(last)
}

/// Whether a test of this name is in the file of its module, or of a module around it.
fn is_there(files: &Files, name: &str) -> bool {
    let modules: Vec<_> = name.split("::").collect();
    let Some((function, modules)) = modules.split_last() else {
        return false;
    };
    let places = (1..=modules.len()).flat_map(|depth| {
        let below: PathBuf = modules[..depth].iter().collect();
        ROOTS.map(|root| Path::new(root).join(&below))
    });
    places
        .flat_map(|place| [place.with_extension("rs"), place.join("mod.rs")])
        .filter_map(|file| files.text(&file))
        .any(|text| has_test(text, function))
}

/// Whether a function of this name has an attribute that makes it a test.
fn has_test(text: &str, function: &str) -> bool {
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        let named = line
            .strip_prefix("async ")
            .unwrap_or(line)
            .strip_prefix("fn ");
        match named {
            Some(rest)
                if rest
                    .strip_prefix(function)
                    .is_some_and(|rest| rest.starts_with('(')) =>
            {
                return is_test;
            }
            _ if line.starts_with("#[") => is_test |= line.contains("test"),
            _ => is_test = false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_test_has_is_found_with_its_line() {
        let table = "# A\n\n| Section | Rule | Tests |\n|---|---|---|\n\
             | 1 | a | `rfc1::one` `token::scope::tests::two` `deep::er::three` |\n\
             | 2 | b | `rfc1::gone` `rfc1::helper` `none::one` |\n\
             | 3 | c | not built |\n\
             | 4 | d |  |\n";
        let files = Files::of([
            ("docs/rfc.md", table),
            (
                "tests/it/rfc1.rs",
                "#[tokio::test]\nasync fn one() {}\n\nfn helper() {}\n",
            ),
            (
                "src/token/scope.rs",
                "mod tests {\n    #[test]\n    fn two() {}\n}\n",
            ),
            (
                "tests/peers/deep/er.rs",
                "#[test]\n#[cfg(unix)]\nfn three() {}\n",
            ),
        ]);
        let found: Vec<_> = check(&files)
            .into_iter()
            .map(|finding| (finding.line, finding.message))
            .collect();
        let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [6, 6, 6, 8], "{found:?}");
        assert!(found[0].1.contains("`rfc1::gone`"));
        assert!(found[3].1.contains("not built"));
    }
}
