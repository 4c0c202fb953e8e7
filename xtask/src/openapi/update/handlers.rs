//! The handlers in the source: adds skeletons for new operations, and finds the lines of handlers
//! whose operation is gone.
//!
//! A handler is a method in an `impl` of a generated trait, in any file under `src`. It is found by
//! its braces, with comments and texts blanked. The result is compiled before it is kept.

use super::adapted::{Adapted, Added, Dead};
use crate::tidy::code;
use dropshot_codegen::skeleton::{Method, Skeleton};
use dropshot_diff::{Change, Kind};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The source files.
pub struct Handlers {
    files: Vec<File>,
}

struct File {
    /// The path, relative to the workspace.
    path: PathBuf,
    text: String,
    /// The text with comments and texts blanked.
    code: String,
}

impl Handlers {
    /// Reads `src`.
    ///
    /// # Errors
    /// A folder or a file can't be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        let mut left = vec![root.join("src")];
        while let Some(folder) = left.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    left.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path)?;
                    let code = code::only(&text);
                    let path = path.strip_prefix(root).unwrap_or(&path).to_owned();
                    files.push(File { path, text, code });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// Finds what a new document needs of the handlers. Returns the files with skeletons added.
    pub fn adapt(
        &self,
        old: &Skeleton,
        new: &Skeleton,
        changes: &[Change],
        adapted: &mut Adapted,
    ) -> HashMap<PathBuf, String> {
        let mut texts = HashMap::new();
        let context = self.context();
        for (name, methods) in traits(new) {
            let block = self.block(name);
            let known = block.as_ref().map(Block::methods).unwrap_or_default();
            let missing: Vec<&Method> = methods
                .iter()
                .filter(|method| !known.iter().any(|(name, _)| *name == method.name))
                .collect();
            adapted.added.extend(missing.iter().map(|method| Added {
                operation: method.operation.clone(),
                method: method.name.clone(),
                file: block.as_ref().map(|block| block.file.path.clone()),
            }));
            if let Some(block) = block.filter(|_| !missing.is_empty()) {
                let bodies: Vec<String> =
                    missing.iter().map(|method| method.code(&context)).collect();
                texts.insert(block.file.path.clone(), block.with(&bodies.join("\n")));
            }
        }
        for (name, methods) in traits(old) {
            let kept = traits(new)
                .find(|(other, _)| *other == name)
                .map(|(_, methods)| methods)
                .unwrap_or_default();
            let Some(block) = self.block(name) else {
                continue;
            };
            for (method, lines) in block.methods() {
                let was = methods.iter().find(|was| was.name == method);
                if let Some(was) = was.filter(|_| !kept.iter().any(|kept| kept.name == method)) {
                    adapted.dead.push(Dead {
                        operation: was.operation.clone(),
                        method,
                        file: block.file.path.clone(),
                        first_line: lines.start,
                        last_line: lines.end,
                        becomes: renamed(&was.operation, old, new, changes),
                    });
                }
            }
        }
        texts
    }

    /// The `impl` of a trait.
    fn block(&self, name: &str) -> Option<Block<'_>> {
        self.files.iter().find_map(|file| {
            Some(Block {
                file,
                body: implementation(&file.code, name)?,
            })
        })
    }

    /// The type of the handlers' context, as the source names it.
    fn context(&self) -> String {
        let said = self.block("Api").and_then(|block| {
            let body = &block.file.code[block.body.clone()];
            let (_, rest) = body.split_once("type Context =")?;
            Some(rest.split(';').next()?.trim().to_owned())
        });
        said.unwrap_or_else(|| "Context".to_owned())
    }
}

fn traits(skeleton: &Skeleton) -> impl Iterator<Item = (&str, &[Method])> {
    let groups = skeleton
        .groups
        .iter()
        .map(|group| (group.name.as_str(), group.methods.as_slice()));
    std::iter::once(("Api", skeleton.api.as_slice())).chain(groups)
}

/// The new method of an operation that was renamed.
fn renamed(operation: &str, old: &Skeleton, new: &Skeleton, changes: &[Change]) -> Option<String> {
    let rename = changes.iter().find(|change| {
        change.kind == Kind::OperationRenamed
            && change
                .message
                .starts_with(&format!("`{operation}` is called"))
    })?;
    let is = new
        .methods()
        .find(|method| rename.operations.contains(&method.operation))?;
    old.methods()
        .all(|was| was.operation != is.operation)
        .then(|| is.name.clone())
}

/// The range inside the braces of `impl … NAME for …`.
fn implementation(code: &str, name: &str) -> Option<Range<usize>> {
    code.match_indices("impl").find_map(|(at, _)| {
        let open = at + code[at..].find('{')?;
        let (of, _) = code[at..open].split_once(" for ")?;
        let before = of.trim_end().strip_suffix(name)?;
        let whole = before.ends_with(|c: char| !c.is_alphanumeric() && c != '_');
        whole
            .then(|| Some(open + 1..code::closing(code, open)?))
            .flatten()
    })
}

struct Block<'f> {
    file: &'f File,
    body: Range<usize>,
}

impl Block<'_> {
    /// The methods by name, with their first and last lines. Comments and attributes are included.
    fn methods(&self) -> Vec<(String, Range<usize>)> {
        let (code, text) = (&self.file.code, &self.file.text);
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        let mut methods = Vec::new();
        let mut start = self.body.start;
        while let Some(end) = code[start..self.body.end]
            .find([';', '{'])
            .map(|at| start + at)
        {
            let last = if code[end..].starts_with('{') {
                code::closing(code, end).unwrap_or(self.body.end)
            } else {
                end
            };
            if let Some((_, name)) = code[start..end].split_once("fn ") {
                let name = name
                    .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '#')
                    .next()
                    .unwrap_or_default();
                let first = start + (text[start..end].len() - text[start..end].trim_start().len());
                methods.push((name.to_owned(), line(first)..line(last)));
            }
            start = (last + 1).min(self.body.end);
        }
        methods
    }

    /// The file with methods added at the end of the block.
    fn with(&self, methods: &str) -> String {
        let text = &self.file.text;
        let (before, after) = text.split_at(self.body.end);
        let before = before.trim_end();
        let gap = if before.ends_with('{') { "\n" } else { "\n\n" };
        format!("{before}{gap}{}\n{after}", methods.trim_end())
    }
}

#[cfg(test)]
#[path = "handlers/tests.rs"]
mod tests;
