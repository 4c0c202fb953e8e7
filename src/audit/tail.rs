//! The end of a chain, and what is added to it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::lines::Lines;
use super::{AuditError, Chain};

/// Follows a chain as it grows, into the next file when one begins.
#[derive(Debug)]
pub struct Tail {
    chain: Chain,
    folder: PathBuf,
    /// The number of the first record of the current file, and how many of its bytes were read.
    at: Option<(u64, u64)>,
}

impl Tail {
    /// The most bytes that are read at once.
    const PIECE: u64 = 4 * 1024 * 1024;

    /// The last `count` lines, and the tail that reads the lines after them.
    ///
    /// # Errors
    /// [`AuditError::Io`]
    pub fn of(
        chain: Chain,
        folder: PathBuf,
        count: usize,
    ) -> Result<(Self, Vec<Vec<u8>>), AuditError> {
        let files = chain.files(&folder)?;
        let mut at = None;
        let mut last: VecDeque<Vec<u8>> = VecDeque::new();
        for (first, path) in files.into_iter().rev() {
            let (lines, length) = last_lines(first, path, count - last.len())?;
            at.get_or_insert((first, length));
            for line in lines.into_iter().rev() {
                last.push_front(line);
            }
            if last.len() >= count {
                break;
            }
        }
        Ok((Self { chain, folder, at }, last.into()))
    }

    /// The whole lines that were added since.
    ///
    /// # Errors
    /// [`AuditError::Io`]
    pub fn more(&mut self) -> Result<Vec<Vec<u8>>, AuditError> {
        let mut lines = Vec::new();
        for (first, path) in self.chain.files(&self.folder)? {
            let offset = match self.at {
                Some((current, _)) if first < current => continue,
                Some((current, offset)) if first == current => offset,
                _ => 0,
            };
            let failed = |error: io::Error| AuditError::io(&path, &error);
            let mut piece = Vec::new();
            let mut file = File::open(&path).map_err(failed)?;
            file.seek(SeekFrom::Start(offset)).map_err(failed)?;
            file.take(Self::PIECE)
                .read_to_end(&mut piece)
                .map_err(failed)?;
            let mut length = 0;
            for line in piece.split_inclusive(|byte| *byte == b'\n') {
                if let Some(line) = line.strip_suffix(b"\n") {
                    length += line.len() as u64 + 1;
                    lines.push(line.to_vec());
                }
            }
            self.at = Some((first, offset + length));
            if length > 0 {
                // The rest of this file comes before the next file.
                break;
            }
        }
        Ok(lines)
    }
}

/// The last lines of one file, and how many bytes of the file end with the last of them.
fn last_lines(
    first: u64,
    path: PathBuf,
    count: usize,
) -> Result<(VecDeque<Vec<u8>>, u64), AuditError> {
    let mut lines = Lines::in_files(vec![(first, path)]);
    let (mut last, mut length, mut bytes) = (VecDeque::new(), 0, Vec::new());
    while let Some(line) = lines.read(&mut bytes)? {
        if !line.is_whole {
            break;
        }
        length += bytes.len() as u64 + 1;
        if last.len() == count {
            last.pop_front();
        }
        if count > 0 {
            last.push_back(bytes.clone());
        }
    }
    Ok((last, length))
}

#[cfg(test)]
mod tests;
