//! A file's text. Decides which bytes are text, and finds the line of a character.
//!
//! Places count characters from the start of the file, as the YAML parser does. The tables behind
//! [`Text::place`] are built for the first finding, so a document without findings does not pay for
//! them.

use crate::codes;
use crate::diagnostics::Snippet;
use std::sync::OnceLock;

/// The most bytes of one file, and of a document's files together.
pub const MAX_BYTES: usize = 64 << 20;

/// The characters of a line that a snippet shows on each side of the place.
const SNIPPET_CHARACTERS: u32 = 100;

/// The characters between two entries of the table of byte offsets.
const STRIDE: usize = 256;

/// The reason why a text is refused, before its line is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// One of [`crate::codes`].
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The remedy.
    pub help: String,
    /// Its place, as a character.
    pub at: u32,
    /// Its JSON pointer, as far as the reader came.
    pub pointer: String,
}

impl Problem {
    /// A problem at a character.
    pub fn new(
        code: &'static str,
        at: u32,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Problem {
            code,
            message: message.into(),
            help: help.into(),
            at,
            pointer: String::new(),
        }
    }
}

/// A file's text with tables that find the line of a character.
#[derive(Debug)]
pub struct Text {
    content: String,
    tables: OnceLock<Tables>,
}

#[derive(Debug)]
struct Tables {
    /// The character at which each line starts.
    lines: Vec<u32>,
    /// The byte offset of every [`STRIDE`]th character.
    bytes: Vec<u32>,
}

impl Text {
    /// Takes the text that [`decode`] returns.
    pub fn new(content: String) -> Self {
        Text {
            content,
            tables: OnceLock::new(),
        }
    }

    /// The text without its byte order mark.
    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// Line and column of a character, both from 1. The line is 0 if the text is empty.
    pub fn place(&self, at: u32) -> (usize, usize) {
        if self.content.is_empty() {
            return (0, 0);
        }
        let lines = &self.tables().lines;
        let line = lines.partition_point(|start| *start <= at).max(1);
        (line, (at - lines[line - 1].min(at)) as usize + 1)
    }

    /// The line of a character with the lines before and after it.
    pub fn snippet(&self, at: u32) -> Option<Snippet> {
        let (line, _) = self.place(at);
        if line == 0 {
            return None;
        }
        let lines = &self.tables().lines;
        let first_line = line.max(2) - 1;
        let mut snippet = Snippet {
            text: String::new(),
            first_line,
            offset: 0,
            length: 1,
        };
        for shown in first_line..=(line + 1).min(lines.len()) {
            let start = lines[shown - 1];
            // A minified document may be one line of megabytes, so only the text around the place
            // is taken.
            let from = if shown == line {
                start.max(at.saturating_sub(SNIPPET_CHARACTERS))
            } else {
                start
            };
            let from = self.byte(from);
            let rest = self.content[from..]
                .chars()
                .take_while(|c| !matches!(c, '\n' | '\r'));
            let taken: String = rest.take(2 * SNIPPET_CHARACTERS as usize).collect();
            if shown == line {
                let mark = self.byte(at).saturating_sub(from).min(taken.len());
                snippet.offset = snippet.text.len() + mark;
                snippet.length = marked_length(&taken[mark..]);
            }
            snippet.text.push_str(&taken);
            snippet.text.push('\n');
        }
        Some(snippet)
    }

    /// The character at a line and a byte of that line. serde_json counts places in this way.
    pub fn character(&self, line: usize, column_bytes: usize) -> u32 {
        let lines = &self.tables().lines;
        let Some(&start) = line.checked_sub(1).and_then(|line| lines.get(line)) else {
            return 0;
        };
        let from = self.byte(start);
        let bytes = self.content.as_bytes();
        let to = (from + column_bytes.saturating_sub(1)).min(bytes.len());
        start + count_characters(&bytes[from..to.max(from)])
    }

    fn byte(&self, at: u32) -> usize {
        let bytes = &self.tables().bytes;
        let Some(&start) = bytes.get(at as usize / STRIDE) else {
            return self.content.len();
        };
        let rest = &self.content[start as usize..];
        rest.char_indices()
            .nth(at as usize % STRIDE)
            .map_or(self.content.len(), |(offset, _)| start as usize + offset)
    }

    fn tables(&self) -> &Tables {
        self.tables.get_or_init(|| {
            let mut tables = Tables {
                lines: vec![0],
                bytes: Vec::new(),
            };
            let mut characters = self.content.char_indices().enumerate().peekable();
            while let Some((at, (byte, character))) = characters.next() {
                if at % STRIDE == 0 {
                    tables.bytes.push(byte as u32);
                }
                let next = characters.peek();
                let ends_line = match character {
                    '\n' => true,
                    '\r' => !matches!(next, Some((_, (_, '\n')))),
                    _ => false,
                };
                if ends_line && next.is_some() {
                    tables.lines.push(at as u32 + 1);
                }
            }
            tables
        })
    }
}

/// The length of the text that the mark covers: a quoted key or a word.
fn marked_length(text: &str) -> usize {
    let end = match text.strip_prefix('"') {
        Some(rest) => rest.find('"').map(|end| end + 2),
        None => text.find(|c: char| c.is_whitespace() || ":,{}[]".contains(c)),
    };
    end.unwrap_or(text.len())
        .max(text.chars().next().map_or(0, char::len_utf8))
}

/// The number of characters in these bytes of UTF-8.
pub fn count_characters(bytes: &[u8]) -> u32 {
    // A text has at most MAX_BYTES bytes, so its count fits.
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u32
}

/// Decodes a file's bytes as UTF-8, with or without a byte order mark. For another encoding or a
/// NUL byte it returns a problem, with the part of the text that can be shown.
pub fn decode(bytes: &[u8]) -> (Text, Option<Problem>) {
    let utf8 = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let problem = |before: &[u8], message: String| {
        let help = "save the file as UTF-8 and try again";
        Some(Problem::new(
            codes::ENCODING,
            count_characters(before),
            message,
            help,
        ))
    };
    if let Some(encoding) = wide_encoding(bytes) {
        let message = format!("the file looks like {encoding}, not UTF-8");
        return (Text::new(String::new()), problem(&[], message));
    }
    let found = match std::str::from_utf8(utf8) {
        Ok(text) => {
            let nul = text.find('\0');
            nul.and_then(|nul| problem(&utf8[..nul], "a NUL byte stands in the text".to_owned()))
        }
        Err(error) => {
            let (valid, rest) = utf8.split_at(error.valid_up_to());
            let byte = rest.first().copied().unwrap_or_default();
            let looks = "the file looks like Latin-1 or Windows-1252";
            problem(
                valid,
                format!("the byte 0x{byte:02X} is not UTF-8; {looks}"),
            )
        }
    };
    (Text::new(String::from_utf8_lossy(utf8).into_owned()), found)
}

/// Recognises an encoding of two or four bytes a character by its mark or by its NUL bytes.
fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some("UTF-32"),
        [0, 0, 0, _, ..] | [_, 0, 0, 0, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..] => Some("UTF-16"),
        _ => None,
    }
}
