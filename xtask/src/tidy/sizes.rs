//! Checks the size of Rust files: a file is one idea, which has at most [`MOST`] lines.

use super::{Files, Finding};
use std::path::Path;

/// A file with more lines is refused.
const MOST: usize = 400;

/// A file with more lines is mentioned.
const MANY: usize = 250;

/// Files that are too long.
pub fn check(files: &Files) -> Vec<Finding> {
    let long = lines(files).filter(|(_, lines)| *lines > MOST);
    long.map(|(path, lines)| {
        let message =
            format!("{lines} lines, and {MOST} are the most; part it by what its pieces own");
        Finding::new("sizes", path, MOST + 1, message)
    })
    .collect()
}

/// The files that are mentioned and not refused, the longest first, with their number of lines.
pub fn long(files: &Files) -> Vec<(&Path, usize)> {
    let mut long: Vec<_> = lines(files)
        .filter(|(_, lines)| (MANY + 1..=MOST).contains(lines))
        .collect();
    long.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    long
}

fn lines(files: &Files) -> impl Iterator<Item = (&Path, usize)> {
    files
        .rust()
        .map(|(path, text)| (path, text.lines().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_as_said() {
        let of = |lines: usize| "//! x\n".repeat(lines);
        let (short, many, most, over) = (of(250), of(251), of(400), of(401));
        let files = Files::of([
            ("a.rs", &*short),
            ("b.rs", &*many),
            ("c.rs", &*most),
            ("d.rs", &*over),
        ]);
        let refused: Vec<_> = check(&files).into_iter().map(|f| f.file).collect();
        assert_eq!(refused, [Path::new("d.rs")]);
        assert_eq!(
            long(&files),
            [(Path::new("c.rs"), 400), (Path::new("b.rs"), 251)]
        );
    }
}
