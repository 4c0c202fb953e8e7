//! Checks that links between the documents have a target. Links to the web are not followed:
//! whether a server answers says nothing about this repository.

use super::{Files, Finding};
use std::path::{Component, Path, PathBuf};

/// Links to files or headings that do not exist.
pub fn check(files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in files.markdown() {
        for (line, target) in links(text) {
            if let Err(message) = lead(files, path, &target) {
                findings.push(Finding::new("links", path, line, message));
            }
        }
    }
    findings
}

fn lead(files: &Files, from: &Path, target: &str) -> Result<(), String> {
    let schemes = ["http://", "https://", "mailto:"];
    if schemes.iter().any(|scheme| target.starts_with(scheme)) {
        return Ok(());
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let to = match file {
        "" => from.to_owned(),
        file => plain(&from.parent().unwrap_or(Path::new("")).join(file))
            .ok_or_else(|| format!("`{target}` leads out of the repository"))?,
    };
    if !files.exists(&to) {
        return Err(format!(
            "`{target}` leads nowhere: there is no {}",
            to.display()
        ));
    }
    match files.text(&to) {
        Some(text) if !heading.is_empty() && !headings(text).any(|slug| slug == heading) => {
            Err(format!("`{target}`: {} has no such heading", to.display()))
        }
        _ => Ok(()),
    }
}

/// A path without `.` and `..`. `None` if it leaves the root.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir => plain.pop().then_some(())?,
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

/// The targets of a text's links, with their lines: `[text](target)` and `[label]: target`.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (line, prose) in prose(text) {
        if let Some((_, target)) = prose
            .trim_start()
            .strip_prefix('[')
            .and_then(|d| d.split_once("]: "))
        {
            links.push((line, target.trim().to_owned()));
            continue;
        }
        for part in prose.split("](").skip(1) {
            let target = part.split([')', ' ']).next().unwrap_or_default();
            links.push((line, target.trim_matches(['<', '>']).to_owned()));
        }
    }
    links
}

/// The anchors of a text's headings, as usual renderers make them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

/// The lines outside code blocks, numbered from 1. Code within a line is removed if it could look
/// like a link.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut in_block = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        let outside = !in_block && !fence;
        outside.then(|| {
            (
                number + 1,
                if line.starts_with('#') {
                    line.to_owned()
                } else {
                    without_code(line)
                },
            )
        })
    })
}

fn without_code(line: &str) -> String {
    line.split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 0 { part } else { "code" })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_found_with_their_lines() {
        let readme = "# A title, with `code`\n\
             [a](docs/a.md) [b](docs/none.md) ![c](c.png)\n\
             [web](https://example.com/none) <a@b.example> [mail](mailto:a@b.example)\n\
             ```console\n[no](link.md)\n```\n\
             `[no](link.md)` [up](../out.md) [`code`](docs)\n\
             [here](#a-title-with-code) [gone](#gone) [there](docs/a.md#one--two) [not](docs/a.md#three)\n\
             [label]: docs/gone.md\n";
        let files = Files::of([
            ("README.md", readme),
            ("docs/a.md", "## One & two\n[up](../README.md)\n"),
        ]);
        let found: Vec<_> = check(&files)
            .into_iter()
            .map(|f| (f.line, f.message))
            .collect();
        let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 2, 7, 8, 8, 9], "{found:?}");
        assert!(found[0].1.contains("there is no docs/none.md"));
        assert!(found[2].1.contains("leads out of the repository"));
        assert!(found[3].1.contains("has no such heading"));
    }

    #[test]
    fn a_heading_keeps_both_dashes_around_a_dropped_sign() {
        assert_eq!(headings("## One & two").next().as_deref(), Some("one--two"));
    }
}
