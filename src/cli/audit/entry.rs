//! Records of the trail as text.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Members that bind a record to its chain. Only `audit verify` needs them.
const LINKS: [&str; 4] = ["trail", "seq", "prev", "signature"];

/// A record, read from its line.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub time: Timestamp,
    pub event: String,
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

impl Entry {
    /// Reads a line. `None` if it is not a record.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    /// One line of text: the time, the event, and the other members by name.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{:.3}  {:<18}", self.time, self.event);
        for (name, value) in &self.members {
            if !LINKS.contains(&name.as_str()) {
                text.push_str(&format!("  {name}={}", shown(value)));
            }
        }
        text.push('\n');
        text
    }

    /// A member as text: a string as it is, anything else as JSON.
    pub(super) fn member(&self, name: &str) -> String {
        self.members.get(name).map(plain).unwrap_or_default()
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The same, quoted if the text has blanks, quotes or control characters. An unauthenticated caller
/// chooses some of the ids: they must not look like another member or move the cursor.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains(|c: char| c.is_control() || c == ' ' || c == '"') => {
            format!("{text:?}")
        }
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_without_its_links_and_without_moving_the_cursor() {
        let line = br#"{"trail":"t","seq":1,"prev":"0","time":"2026-11-24T12:00:00.5Z","source":"192.0.2.1","event":"token.refused","client_id":"a\u001b[2J","turned_away":4}"#;
        let text = Entry::read(line).unwrap().text();
        assert_eq!(
            text,
            "2026-11-24T12:00:00.500Z  token.refused       source=192.0.2.1  client_id=\"a\\u{1b}[2J\"  turned_away=4\n"
        );
        assert!(Entry::read(b"{\"time\":").is_none());
    }
}
