//! Checks that every Rust file opens with `//!`: what it owns and what it leaves to others.

use super::{Files, Finding};

/// Files that do not begin with `//!`.
pub fn check(files: &Files) -> Vec<Finding> {
    let bare = files.rust().filter(|(_, text)| !opens(text));
    bare.map(|(path, _)| {
        let message =
            "the file must open with a `//!` line that says what it owns and leaves to others";
        Finding::new("headers", path, 1, message)
    })
    .collect()
}

fn opens(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first
        .strip_prefix("//!")
        .is_some_and(|says| says.trim().len() > 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_header_is_found() {
        let files = Files::of([
            ("a.rs", "//! What it owns.\n"),
            ("b.rs", "use a;\n//! Late.\n"),
            ("c.rs", ""),
            ("d.rs", "//!\n//! Text.\n"),
            ("e.md", "text"),
        ]);
        let findings = check(&files);
        let found: Vec<_> = findings.iter().map(|f| f.file.to_str()).collect();
        assert_eq!(found, [Some("b.rs"), Some("c.rs"), Some("d.rs")]);
    }
}
