//! Reads the lines of a chain one by one, through all its files. Only one line is in memory.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use super::{AuditError, Chain};

/// The longest line. The limits on a request bound the texts in a record.
pub(super) const LONGEST_LINE: u64 = 64 * 1024;

/// The lines of a chain, from its first file to its last.
#[derive(Debug)]
pub struct Lines {
    files: vec::IntoIter<(u64, PathBuf)>,
    open: Option<Open>,
}

/// Where a line stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePlace {
    /// The file.
    pub file: Arc<Path>,
    /// The number of the line in its file, from 1.
    pub line: u64,
}

/// A line that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands.
    pub place: LinePlace,
    /// The number that its file's first record should have.
    pub(super) first: u64,
    /// Whether it ends with a line feed. If not, a process is writing it, or died while writing it.
    pub is_whole: bool,
}

#[derive(Debug)]
struct Open {
    path: Arc<Path>,
    first: u64,
    reader: BufReader<File>,
    lines: u64,
}

impl Lines {
    /// The lines of a chain in this folder.
    ///
    /// # Errors
    /// [`AuditError::Io`]
    pub fn of(chain: Chain, folder: &Path) -> Result<Self, AuditError> {
        Ok(Self::in_files(chain.files(folder)?))
    }

    pub(super) fn in_files(files: Vec<(u64, PathBuf)>) -> Self {
        Self {
            files: files.into_iter(),
            open: None,
        }
    }

    /// Reads the next line into `bytes`, without its line feed. `None` after the last line.
    ///
    /// # Errors
    /// [`AuditError::Io`]
    pub fn read(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Line>, AuditError> {
        loop {
            let Some(open) = &mut self.open else {
                let Some((first, path)) = self.files.next() else {
                    return Ok(None);
                };
                self.open = Some(Open::new(first, path)?);
                continue;
            };
            if let Some(line) = open.read(bytes)? {
                return Ok(Some(line));
            }
            self.open = None;
        }
    }
}

impl Open {
    const BUFFER: usize = 256 * 1024;

    fn new(first: u64, path: PathBuf) -> Result<Self, AuditError> {
        let file = File::open(&path).map_err(|error| AuditError::io(&path, &error))?;
        Ok(Self {
            path: path.into(),
            first,
            reader: BufReader::with_capacity(Self::BUFFER, file),
            lines: 0,
        })
    }

    fn read(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Line>, AuditError> {
        bytes.clear();
        let length = (&mut self.reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', bytes)
            .map_err(|error| AuditError::io(&*self.path, &error))?;
        if length == 0 {
            return Ok(None);
        }
        let is_whole = bytes.pop_if(|byte| *byte == b'\n').is_some();
        self.lines += 1;
        Ok(Some(Line {
            place: LinePlace {
                file: self.path.clone(),
                line: self.lines,
            },
            first: self.first,
            is_whole,
        }))
    }
}

impl fmt::Display for LinePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}
