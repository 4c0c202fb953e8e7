//! Reads JSON: an array of clients, clients one after another, or an object with a list of clients.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};

use super::super::Finding;
use super::super::columns::Row;
use super::Lines;

/// The names of the list of clients in the object around it.
const LISTS: [&str; 9] = [
    "clients",
    "items",
    "results",
    "data",
    "resources",
    "Resources",
    "value",
    "applications",
    "apps",
];

/// Reads a text value by value. The library tells where a value ends, but not its line in the text.
struct Reader<'a> {
    text: &'a str,
    lines: Lines<'a>,
}

type Findings = Vec<Finding>;

/// The clients of a file.
pub(in super::super) fn read(text: &str) -> Result<Vec<Row>, Findings> {
    let reader = Reader {
        text,
        lines: Lines::of(text),
    };
    let mut at = reader.skip(0);
    if at == text.len() {
        return Err(reader.wrong(0, "the file is empty"));
    }
    if reader.next(at) == Some('[') {
        let (rows, end) = reader.array(at)?;
        if reader.skip(end) != text.len() {
            return Err(reader.wrong(end - 1, "there is text after the array: remove it"));
        }
        if let Some(row) = rows.iter().find(|row| has_list(&row.values)) {
            let message = "this object is not a client but has clients in it, as in an export of several realms: \
                           import one realm at a time, such as the output of `jq '.[0]' FILE`";
            return Err(vec![Finding {
                line: row.line,
                message: message.to_owned(),
            }]);
        }
        return Ok(rows);
    }
    let mut rows = Vec::new();
    while at < text.len() {
        if reader.next(at) != Some('{') {
            return Err(reader.wrong(
                at,
                "a JSON file has clients as objects: in one array, one after another, or in an object such as {\"clients\": […]}",
            ));
        }
        let (values, end) = reader.value::<Map<String, Value>>(at)?;
        if has_list(&values) {
            rows.extend(reader.list(at)?);
        } else {
            let line = reader.lines.at(at);
            rows.push(Row { line, values });
        }
        at = reader.skip(end);
    }
    Ok(rows)
}

/// Whether an object holds a list of clients and is no client itself.
fn has_list(values: &Map<String, Value>) -> bool {
    let is_client = ["client_id", "clientId"]
        .iter()
        .any(|name| values.contains_key(*name));
    let mut lists = LISTS.iter().filter_map(|name| values.get(*name));
    !is_client && lists.any(of_objects)
}

fn of_objects(list: &Value) -> bool {
    let items = list.as_array();
    items.is_some_and(|items| items.iter().all(Value::is_object))
}

impl Reader<'_> {
    /// The list of clients in the object that begins at `start`.
    fn list(&self, start: usize) -> Result<Vec<Row>, Findings> {
        let mut at = self.skip(start + 1);
        while self.next(at) == Some('"') {
            let (name, end) = self.value::<String>(at)?;
            // Skip the colon.
            at = self.skip(self.skip(end) + 1);
            if LISTS.contains(&name.as_str()) && self.next(at) == Some('[') {
                return Ok(self.array(at)?.0);
            }
            let (_, end) = self.value::<IgnoredAny>(at)?;
            // Skip the comma, or the object's end.
            at = self.skip(self.skip(end) + 1);
        }
        Ok(Vec::new())
    }

    /// The objects of the array that begins at `start`, and the byte after its end.
    fn array(&self, start: usize) -> Result<(Vec<Row>, usize), Findings> {
        let mut rows = Vec::new();
        let mut at = self.skip(start + 1);
        while self.next(at) != Some(']') {
            if at == self.text.len() {
                return Err(self.wrong(at, "the array does not end: the file is cut off"));
            }
            let (values, end) = self.value(at)?;
            let line = self.lines.at(at);
            rows.push(Row { line, values });
            at = self.skip(end);
            match self.next(at) {
                Some(',') => {
                    let comma = at;
                    at = self.skip(at + 1);
                    if self.next(at) == Some(']') {
                        return Err(self.wrong(comma, "nothing follows the comma: remove it"));
                    }
                }
                Some(']') => {}
                _ => return Err(self.wrong(at, "a comma or the array's end is missing")),
            }
        }
        Ok((rows, at + 1))
    }

    /// The value that begins at `at`, and the byte after its end.
    fn value<T: DeserializeOwned>(&self, at: usize) -> Result<(T, usize), Findings> {
        let mut values = serde_json::Deserializer::from_str(&self.text[at..]).into_iter::<T>();
        match values.next() {
            Some(Ok(value)) => Ok((value, at + values.byte_offset())),
            Some(Err(error)) => {
                let line = self.lines.at(at) + (error.line() as u64).saturating_sub(1);
                // Leave out the column, which counts from the value's beginning.
                let why = error.to_string();
                let why = why.split(" at line ").next().unwrap_or_default();
                let message = format!("this is not a JSON object: {why}");
                Err(vec![Finding { line, message }])
            }
            None => Err(self.wrong(at, "a value is missing")),
        }
    }

    fn skip(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        self.text.len() - rest.trim_start().len()
    }

    fn next(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    fn wrong(&self, at: usize, message: &str) -> Findings {
        vec![Finding {
            line: self.lines.at(at),
            message: message.to_owned(),
        }]
    }
}
