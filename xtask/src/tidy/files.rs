//! The repository's files that the rules read: Rust, Markdown and manifests.

use super::code;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that the rules leave out: their files come from others, from a program, or are
/// incomplete.
const NOT_OURS: [&str; 6] = [
    "target",
    "fixtures",
    "golden",
    "snapshots",
    "template",
    "corpora",
];

/// The text files of a repository by their path from its root. `/` separates names.
pub struct Files {
    /// The folder in which links may lead to other files. `None` in tests.
    root: Option<PathBuf>,
    texts: BTreeMap<PathBuf, String>,
}

impl Files {
    /// Reads a repository.
    ///
    /// # Errors
    /// A folder or a file can't be read, or is not UTF-8.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut texts = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
                let name = name.to_string_lossy();
                if entry.is_dir() {
                    let skipped = name.starts_with('.') || NOT_OURS.contains(&&*name);
                    folders.extend((!skipped).then_some(entry));
                } else if [".rs", ".md"].iter().any(|end| name.ends_with(end))
                    || name == "Cargo.toml"
                {
                    let text = fs::read_to_string(&entry).map_err(|error| {
                        io::Error::new(error.kind(), format!("{}: {error}", entry.display()))
                    })?;
                    texts.insert(entry.strip_prefix(root).unwrap_or(&entry).to_owned(), text);
                }
            }
        }
        Ok(Self {
            root: Some(root.to_owned()),
            texts,
        })
    }

    /// A repository of only these files.
    #[cfg(test)]
    pub fn of<const N: usize>(files: [(&str, &str); N]) -> Self {
        let texts = files.map(|(path, text)| (PathBuf::from(path), text.to_owned()));
        Self {
            root: None,
            texts: texts.into(),
        }
    }

    /// The number of files.
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.ending("rs")
    }

    /// The Rust files without their comments and texts. Line numbers stay the same.
    pub fn code(&self) -> impl Iterator<Item = (&Path, String)> {
        self.rust().map(|(path, text)| (path, code::only(text)))
    }

    /// The comments of the Rust files. Line numbers stay the same.
    pub fn comments(&self) -> impl Iterator<Item = (&Path, String)> {
        self.rust().map(|(path, text)| (path, code::comments(text)))
    }

    /// The Markdown files.
    pub fn markdown(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.ending("md")
    }

    /// The packages' manifests.
    pub fn manifests(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.ending("toml")
    }

    /// The text at a path.
    pub fn text(&self, path: &Path) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether there is a file or folder at a path from the root.
    pub fn exists(&self, path: &Path) -> bool {
        let known = || self.texts.keys().any(|file| file.starts_with(path));
        self.root
            .as_ref()
            .is_some_and(|root| root.join(path).exists())
            || known()
    }

    fn ending(&self, end: &'static str) -> impl Iterator<Item = (&Path, &str)> {
        let files = self.texts.iter();
        files
            .filter(move |(path, _)| path.extension().is_some_and(|found| found == end))
            .map(|(path, text)| (path.as_path(), text.as_str()))
    }
}
