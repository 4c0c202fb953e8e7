//! Reads CSV of RFC 4180, also with the separators and marks that spreadsheets write.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::Finding;
use super::super::columns::{Row, column};
use super::Lines;

/// The separators, the preferred one first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The rows below a heading.
pub(in super::super) fn read(text: &str) -> Result<Vec<Row>, Vec<Finding>> {
    let lines = Lines::of(text);
    let (separator, start) = separator(text).ok_or_else(|| vec![no_heading(text)])?;
    let table = &text[start..];
    let mut reader = reader(separator, table);
    // The reader's own count of lines is one too low if a line ends with CR and LF.
    let at = |position: Option<&csv::Position>| {
        let at = position.and_then(|position| usize::try_from(position.byte()).ok());
        let rest = at.and_then(|at| table.get(at..)).unwrap_or_default();
        text.len() - rest.trim_start_matches(['\r', '\n']).len()
    };
    let wrong = |error: &csv::Error| Finding {
        line: lines.at(at(error.position())),
        message: match error.kind() {
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => format!(
                "it has {len} values, but the heading has {expected_len} names: write a value with a separator in it \
                 in quotes"
            ),
            _ => error.to_string(),
        },
    };
    let heading = reader.headers().map_err(|error| vec![wrong(&error)])?;
    let names: Vec<String> = heading.iter().map(|name| name.trim().to_owned()).collect();
    let heading_line = lines.at(at(heading.position()));
    let mut findings = repeated(&names, heading_line);
    let mut rows = Vec::new();
    let mut records = reader.records().peekable();
    while let Some(record) = records.next() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                findings.push(wrong(&error));
                continue;
            }
        };
        let start = at(record.position());
        let end = match records.peek() {
            Some(Ok(next)) => at(next.position()),
            Some(Err(error)) => at(error.position()),
            None => text.len(),
        };
        let line = lines.at(start);
        let written = text.get(start..end.max(start)).unwrap_or_default();
        let mut values = Map::new();
        for (name, value) in names.iter().zip(&record) {
            match plain(name, value, written) {
                Ok("") => {}
                Ok(value) => {
                    values.insert(name.clone(), Value::String(value.to_owned()));
                }
                Err(message) => findings.push(Finding { line, message }),
            }
        }
        rows.push(Row { line, values });
    }
    if findings.is_empty() {
        Ok(rows)
    } else {
        Err(findings)
    }
}

fn reader(separator: u8, table: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(separator)
        .from_reader(table.as_bytes())
}

/// The separator with which the heading names the client's id, and the byte at which the heading
/// begins.
fn separator(text: &str) -> Option<(u8, usize)> {
    let first = text.lines().next().unwrap_or_default();
    // The line `sep=;` is for spreadsheets alone.
    if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] = *first.trim().as_bytes() {
        return Some((separator, text.find('\n').map_or(text.len(), |at| at + 1)));
    }
    let names_client = |separator: &u8| {
        let mut reader = reader(*separator, text);
        let heading = reader.headers();
        heading.is_ok_and(|names| {
            names
                .iter()
                .any(|name| column(name.trim()) == Some("client_id"))
        })
    };
    let separator = SEPARATORS.into_iter().find(names_client);
    separator.map(|separator| (separator, 0))
}

fn no_heading(text: &str) -> Finding {
    let first: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(60)
        .collect();
    let message = match first.trim_start().chars().next() {
        Some('{' | '[') => "the file seems to be JSON: give --format json".to_owned(),
        _ => "client_id: it is missing: the first line is a heading that names the columns, separated by commas, semicolons, \
              tabs or |"
            .to_owned(),
    };
    Finding { line: 1, message }
}

fn repeated(names: &[String], line: u64) -> Vec<Finding> {
    let mut seen = HashSet::new();
    // Spreadsheets append columns without a name, which are ignored.
    let named = names.iter().filter(|name| !name.is_empty());
    let repeated = named.filter(|name| !seen.insert(name.as_str()));
    let told = repeated.map(|name| Finding {
        line,
        message: format!("the heading has {name} more than once: remove or rename one"),
    });
    told.collect()
}

/// A value. In quotes it is taken byte for byte (RFC 4180 2.4). Otherwise the blanks around it are
/// removed. Blanks around a secret without quotes are a mistake, because they may be part of it.
fn plain<'v>(name: &str, value: &'v str, written: &str) -> Result<&'v str, String> {
    let has_blanks = value.trim() != value;
    if !has_blanks && !value.contains('"') {
        return Ok(value);
    }
    let quoted = format!("\"{}\"", value.replace('"', "\"\""));
    if written.contains(&quoted) {
        return Ok(value);
    }
    let is_secret = column(name) == Some("client_secret");
    if value.contains('"') {
        return Err(format!(
            "{name}: a quotation mark stands in the middle of a value: write the whole value in quotes, and each \" in it as \"\" \
             (RFC 4180 2.7)"
        ));
    }
    match (value.trim(), is_secret) {
        ("", _) => Ok(""),
        (_, true) => Err(format!(
            "{name}: there is a blank before or after it: write it in quotes if the blank is part of the secret, or \
             remove it"
        )),
        (value, false) => Ok(value),
    }
}
