//! Adds `None` for the new optional fields that the code does not set.
//!
//! A new optional property of a reply becomes a new field. Every place that builds the reply must
//! set it, and the compiler names these places. `None` there means what the code meant before. If
//! the field is not an `Option`, the code does not compile and nothing is kept.

use crate::tidy::code;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A field that was set to `None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Filled {
    /// The file, relative to the workspace.
    pub file: PathBuf,
    /// The line at which the value is built.
    pub line: usize,
    /// The name of the field.
    pub field: String,
}

/// A line of `cargo check --message-format json`.
#[derive(Debug, Deserialize)]
struct Line {
    message: Option<Diagnostic>,
}

#[derive(Debug, Deserialize)]
struct Diagnostic {
    message: String,
    level: String,
    code: Option<Code>,
    spans: Vec<Span>,
    rendered: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
}

#[derive(Debug, Deserialize)]
struct Span {
    file_name: PathBuf,
    byte_end: usize,
    line_start: usize,
    is_primary: bool,
    /// The place in the source, if a macro made the code.
    expansion: Option<serde_json::Value>,
}

/// What the compiler said.
#[derive(Debug, Default)]
pub struct Said {
    /// The errors, for people.
    pub errors: String,
    /// The values that lack fields, by file: the end of their type's name, the line, the fields.
    missing: BTreeMap<PathBuf, BTreeSet<(usize, usize, Vec<String>)>>,
}

impl Said {
    /// Reads what `cargo check --message-format json` printed.
    pub fn read(output: &str) -> Self {
        let mut said = Self::default();
        // Cargo also prints lines of other forms. It prints the messages of a package once for each
        // target.
        let mut seen = BTreeSet::new();
        let lines = output
            .lines()
            .filter_map(|line| serde_json::from_str::<Line>(line).ok());
        for diagnostic in lines.filter_map(|line| line.message) {
            let rendered = diagnostic
                .rendered
                .as_deref()
                .unwrap_or(&diagnostic.message);
            if diagnostic.level != "error" || !seen.insert(rendered.to_owned()) {
                continue;
            }
            said.errors.push_str(rendered);
            let Some(span) = diagnostic.spans.iter().find(|span| span.is_primary) else {
                continue;
            };
            let lacks = diagnostic.code.is_some_and(|code| code.code == "E0063");
            if lacks && span.expansion.is_none() && span.file_name.is_relative() {
                let place = (span.byte_end, span.line_start, names(&diagnostic.message));
                said.missing
                    .entry(span.file_name.clone())
                    .or_default()
                    .insert(place);
            }
        }
        said
    }

    /// The files with `None` for each missing field, and the fields. `read` gives the text of a
    /// file.
    pub fn fill(
        &self,
        read: impl Fn(&Path) -> Option<String>,
    ) -> (BTreeMap<PathBuf, String>, Vec<Filled>) {
        let (mut texts, mut filled) = (BTreeMap::new(), Vec::new());
        for (file, places) in &self.missing {
            let Some(mut text) = read(file) else { continue };
            // The last place comes first, so that the positions of the others stay right.
            for (end, line, fields) in places.iter().rev() {
                if let Some(with) = with(&text, *end, fields) {
                    text = with;
                    filled.extend(fields.iter().map(|field| Filled {
                        file: file.clone(),
                        line: *line,
                        field: field.clone(),
                    }));
                }
            }
            texts.insert(file.clone(), text);
        }
        filled.sort();
        (texts, filled)
    }
}

/// The field names in "missing fields `a`, `b` and 2 other fields in initializer of `T`".
fn names(message: &str) -> Vec<String> {
    let fields = message
        .split(" in initializer of")
        .next()
        .unwrap_or_default();
    fields
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The text with fields added in the braces that follow the position `after`.
fn with(text: &str, after: usize, fields: &[String]) -> Option<String> {
    let code = code::only(text);
    let open = after + code.get(after..)?.find('{')?;
    if !code[after..open].trim().is_empty() {
        return None;
    }
    let close = code::closing(&code, open)?;
    let inside = text[open + 1..close].trim_end();
    let last = open + 1 + inside.len();
    let comma = if inside.is_empty() || inside.ends_with(',') {
        ""
    } else {
        ","
    };
    let (gap, end) = match text[last..close].rfind('\n') {
        None => (" ".to_owned(), " "),
        Some(line) => {
            let indent = &text[last + line + 1..close];
            (format!("\n{indent}    "), &text[last..close])
        }
    };
    let fields: Vec<String> = fields
        .iter()
        .map(|field| format!("{gap}{field}: None"))
        .collect();
    let tail = if end == " " { "" } else { "," };
    Some(format!(
        "{}{comma}{}{tail}{end}{}",
        &text[..last],
        fields.join(","),
        &text[close..]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compilers_words_give_the_fields() {
        assert_eq!(
            names("missing field `a` in initializer of `types::T`"),
            ["a"]
        );
        assert_eq!(
            names("missing fields `a`, `b` and 2 other fields in initializer of `T`"),
            ["a", "b"]
        );
    }

    #[test]
    fn fields_are_added_as_the_value_is_laid_out() {
        let add = |text: &str| {
            with(
                text,
                text.find("T {").unwrap() + 1,
                &["x".to_owned(), "y".to_owned()],
            )
        };
        assert_eq!(
            add("let t = T { a: f({}) };").unwrap(),
            "let t = T { a: f({}), x: None, y: None };"
        );
        assert_eq!(
            add("    T {\n        a: \"}\",\n    }\n").unwrap(),
            "    T {\n        a: \"}\",\n        x: None,\n        y: None,\n    }\n"
        );
        assert_eq!(add("T {}").unwrap(), "T { x: None, y: None }");
    }

    #[test]
    fn a_place_is_filled_once_and_a_macros_not_at_all() {
        let line = |expansion: &str| {
            format!(
                "{{\"reason\":\"compiler-message\",\"message\":{{\"message\":\"missing field `x` in initializer of `T`\",\
                 \"level\":\"error\",\"code\":{{\"code\":\"E0063\"}},\"rendered\":\"error\\n\",\"spans\":[{{\"file_name\":\
                 \"src/a.rs\",\"byte_end\":1,\"line_start\":1,\"is_primary\":true,\"expansion\":{expansion}}}]}}}}"
            )
        };
        let said = Said::read(&format!("{0}\nnoise\n{0}\n", line("null")));
        let (texts, filled) = said.fill(|_| Some("T { a }".to_owned()));
        assert_eq!(texts[Path::new("src/a.rs")], "T { a, x: None }");
        assert_eq!((filled.len(), said.errors.as_str()), (1, "error\n"));
        assert!(
            Said::read(&line("{}"))
                .fill(|_| Some("T { a }".to_owned()))
                .0
                .is_empty()
        );
    }
}
