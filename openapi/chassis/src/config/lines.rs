//! Finds the line of the file on which a key stands.

use std::collections::HashMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The lines, counted from 1, of all keys and sections of a TOML text, by their dotted names. Empty
/// if the text isn't TOML. The reader reports that.
pub(super) fn of(text: &str) -> HashMap<String, usize> {
    let mut lines = HashMap::new();
    if let Ok(table) = DeTable::parse(text) {
        note(table.get_ref(), "", text, &mut lines);
    }
    lines
}

fn note(table: &DeTable<'_>, prefix: &str, text: &str, lines: &mut HashMap<String, usize>) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        let line = text.as_bytes()[..start(key).min(text.len())]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        if let DeValue::Table(inner) = value.get_ref() {
            note(inner, &format!("{name}."), text, lines);
        }
        lines.insert(name, line);
    }
}

fn start<T>(spanned: &Spanned<T>) -> usize {
    spanned.span().start
}
