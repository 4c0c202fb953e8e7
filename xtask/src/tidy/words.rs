//! Checks that nothing unfinished is committed: no `todo!`, no `dbg!`, no test that is switched
//! off, no note about work to come.

use super::{Files, Finding};

/// Words of code. White space in the code is ignored.
const IN_CODE: [(&str, &str); 4] = [
    ("todo!", "write it"),
    (
        "unimplemented!",
        "write it, or refuse it with an error that says so",
    ),
    ("dbg!", "remove it"),
    ("#[ignore", "mend the test or remove it"),
];

/// Words of comments, if they stand alone and not between backticks.
const IN_COMMENTS: [&str; 3] = ["FIXME", "TODO", "XXX"];

/// Places that are unfinished.
pub fn check(files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, code) in files.code() {
        for (number, line) in code.lines().enumerate() {
            let dense: String = line.split_whitespace().collect();
            for (word, remedy) in IN_CODE.iter().filter(|(word, _)| has(&dense, word)) {
                let message = format!("`{word}` is for work in progress; {remedy}");
                findings.push(Finding::new("words", path, number + 1, message));
            }
        }
    }
    for (path, comments) in files.comments() {
        for (number, line) in comments.lines().enumerate() {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '`');
            if let Some(word) = words.find(|word| IN_COMMENTS.contains(word)) {
                let message =
                    format!("`{word}`: do it now, or write an issue and leave the code whole");
                findings.push(Finding::new("words", path, number + 1, message));
            }
        }
    }
    findings
}

/// Whether `line` has `word`, but not as the end of a longer name.
fn has(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(source: &str) -> Vec<usize> {
        check(&Files::of([("a.rs", source)]))
            .into_iter()
            .map(|f| f.line)
            .collect()
    }

    #[test]
    fn unfinished_code_is_found_with_its_line() {
        assert_eq!(lines("fn a() {\n    todo!()\n}\n"), [2]);
        assert_eq!(lines("let x = dbg! (y);"), [1]);
        assert_eq!(lines("x => unimplemented!(\"later\"),"), [1]);
        assert_eq!(lines("#[test]\n#[ignore = \"slow\"]\nfn t() {}"), [2]);
        assert_eq!(lines("// FIXME: later\nlet a = 1; // TODO(b) c"), [1, 2]);
    }

    #[test]
    fn words_about_words_are_not() {
        let source = "let x = \"todo!\"; // never dbg! here, as `TODO` says\nmy_todo!(); todo(1); a.ignore()";
        assert!(lines(source).is_empty());
    }
}
