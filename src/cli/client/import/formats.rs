//! CSV and JSON as rows of named texts, each with its line.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::Finding;

/// One client of the file: its values by the names of the file, none empty.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) values: BTreeMap<String, String>,
}

/// The rows below a heading. RFC 4180, and with semicolons, as spreadsheets of some countries write it.
pub(super) fn csv(text: &str) -> Result<Vec<Row>, Vec<Finding>> {
    let text = text.trim_start_matches('\u{feff}');
    let heading = text.lines().next().unwrap_or_default();
    let semicolons = heading.contains(';') && !heading.contains(',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if semicolons { b';' } else { b',' })
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let lines = Lines::of(text);
    // Not the reader's own count of lines, which is one behind where a line ends with CR and LF.
    let line_of = |position: Option<&csv::Position>| {
        let at = position.and_then(|position| usize::try_from(position.byte()).ok());
        let rest = at.and_then(|at| text.get(at..)).unwrap_or_default();
        lines.at(text.len() - rest.trim_start_matches(['\r', '\n']).len())
    };
    let wrong = |error: &csv::Error| Finding {
        line: line_of(error.position()),
        message: match error.kind() {
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => format!("it has {len} values, and the heading has {expected_len} names"),
            _ => error.to_string(),
        },
    };
    let names = reader
        .headers()
        .map_err(|error| vec![wrong(&error)])?
        .clone();
    let (mut rows, mut findings) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for name in &names {
        // Columns without a name, as spreadsheets append them, are none of ours.
        if !name.is_empty() && !seen.insert(name) {
            findings.push(Finding {
                line: line_of(names.position()),
                message: format!("the heading has {name} more than once"),
            });
        }
    }
    for record in reader.records() {
        match record {
            Err(error) => findings.push(wrong(&error)),
            Ok(record) => {
                let values = names.iter().zip(&record);
                let values = values.filter(|(_, value)| !value.is_empty());
                rows.push(Row {
                    line: line_of(record.position()),
                    values: values
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .collect(),
                });
            }
        }
    }
    if findings.is_empty() {
        Ok(rows)
    } else {
        Err(findings)
    }
}

/// The objects of one array. Lists become texts with spaces, objects (a JWK set) stay JSON.
pub(super) fn json(text: &str) -> Result<Vec<Row>, Vec<Finding>> {
    let text = text.trim_start_matches('\u{feff}');
    let lines = Lines::of(text);
    let wrong = |at: usize, message: String| {
        let line = lines.at(at);
        vec![Finding { line, message }]
    };
    let skip = |at: usize| text.len() - text[at..].trim_start().len();
    let mut at = skip(0);
    if !text[at..].starts_with('[') {
        return Err(wrong(at, "a JSON file has one array of objects".to_owned()));
    }
    let mut rows = Vec::new();
    at = skip(at + 1);
    // Value by value: the library tells where each begins, and not where they are in the whole.
    while !text[at..].starts_with(']') {
        let mut values =
            serde_json::Deserializer::from_str(&text[at..]).into_iter::<Map<String, Value>>();
        match values.next() {
            Some(Ok(members)) => rows.push(Row {
                line: lines.at(at),
                values: members.into_iter().filter_map(plain).collect(),
            }),
            Some(Err(error)) => {
                let line = lines.at(at) + (error.line() as u64).saturating_sub(1);
                let message = format!("no object of JSON: {error}");
                return Err(vec![Finding { line, message }]);
            }
            None => return Err(wrong(at, "the array does not end".to_owned())),
        }
        at = skip(at + values.byte_offset());
        match text[at..].chars().next() {
            Some(',') => {
                let comma = at;
                at = skip(at + 1);
                if text[at..].starts_with(']') {
                    return Err(wrong(comma, "nothing follows the comma".to_owned()));
                }
            }
            Some(']') => {}
            _ => {
                return Err(wrong(
                    at,
                    "a comma or the array's end is missing".to_owned(),
                ));
            }
        }
    }
    match text[at + 1..].trim() {
        "" => Ok(rows),
        _ => Err(wrong(at, "there is more after the array".to_owned())),
    }
}

/// The lines of a text, which are asked for in order: counted once, however many rows there are.
struct Lines<'a> {
    text: &'a str,
    /// A byte and its line.
    last: Cell<(usize, u64)>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let last = Cell::new((0, 1));
        Self { text, last }
    }

    /// The line of a byte, from 1 on.
    fn at(&self, at: usize) -> u64 {
        let (from, line) = match self.last.get() {
            (from, _) if from > at => (0, 1),
            last => last,
        };
        let line = line + self.text[from..at].matches('\n').count() as u64;
        self.last.set((at, line));
        line
    }
}

fn plain((name, value): (String, Value)) -> Option<(String, String)> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text,
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            items.join(" ")
        }
        other => other.to_string(),
    };
    (!text.is_empty()).then_some((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: Result<Vec<Row>, Vec<Finding>>) -> Vec<(u64, String)> {
        let told = |finding: Finding| (finding.line, finding.message);
        match rows {
            Ok(rows) => {
                let row = |row: Row| (row.line, format!("{:?}", row.values));
                rows.into_iter().map(row).collect()
            }
            Err(findings) => findings.into_iter().map(told).collect(),
        }
    }

    #[test]
    fn csv_has_quotes_lines_and_either_separator() {
        let rows = read(csv("\u{feff}id,name\r\na,\"x, \"\"y\"\"\nz\"\nb,\n"));
        let expected = [
            (2, r#"{"id": "a", "name": "x, \"y\"\nz"}"#.to_owned()),
            (4, r#"{"id": "b"}"#.to_owned()),
        ];
        assert_eq!(rows, expected);
        assert_eq!(
            read(csv("id;name\na;b, c\n"))[0].1,
            r#"{"id": "a", "name": "b, c"}"#
        );
        let wrong = read(csv("id,name\na\nb,c\nd,e,f\n"));
        let lines: Vec<_> = wrong.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 4], "all of them: {wrong:?}");
        let wrong = read(csv("id,name\r\na,b\r\nc\r\n"));
        assert_eq!(wrong[0].0, 3);
        let wrong = read(csv("id,scope,id,,\na,b,c,,\nd\n"));
        let repeated = (1, "the heading has id more than once".to_owned());
        assert_eq!((wrong.len(), &wrong[0]), (2, &repeated), "{wrong:?}");
    }

    #[test]
    fn json_has_lines_too() {
        let rows = read(json(
            "\n[ {\"id\": \"a\", \"n\": null},\n{\"id\":\"b\",\n\"grants\":[\"x\",\"y\"], \"enabled\": true}\n]\n",
        ));
        let expected = [
            (2, r#"{"id": "a"}"#.to_owned()),
            (
                3,
                r#"{"enabled": "true", "grants": "x y", "id": "b"}"#.to_owned(),
            ),
        ];
        assert_eq!(rows, expected);
        assert_eq!(read(json("[]")), []);
        for (text, line) in [
            ("{}", 1),
            ("", 1),
            ("[1]", 1),
            ("[{},\n{]", 2),
            ("[{}\n{}]", 2),
            ("[{}", 1),
            ("[{},", 1),
            ("[\n{},\n]", 2),
            ("[{}]\n[]", 1),
        ] {
            let Err(findings) = json(text) else {
                panic!("{text}")
            };
            assert_eq!(findings[0].line, line, "{text}");
        }
    }
}
