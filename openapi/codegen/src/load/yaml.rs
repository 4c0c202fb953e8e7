//! Reads YAML 1.2 into a value and an index of places. It supports anchors, aliases and merge keys.
//!
//! saphyr owns the grammar. This module refuses duplicate keys and YAML that JSON can't express. It
//! limits the depth, the number of values, and the expansion of aliases (billion laughs).

mod scalar;

use super::json::MAX_VALUES;
use super::positions::{Index, Open};
use super::text::Problem;
use crate::codes;
use dropshot_vocabulary::pointer;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The deepest nesting, the same as serde_json's.
const MAX_DEPTH: usize = 128;

/// The most that all aliases of a document may expand to, in bytes of text. Each value counts as
/// [`VALUE_COST`] more.
const MAX_EXPANSION: usize = 64 << 20;
const VALUE_COST: usize = 64;

/// Reads a YAML text of one document.
///
/// # Errors
/// The first problem, with its place.
pub fn read(text: &str) -> Result<(Value, Index), Problem> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        index: Index::default(),
        anchors: HashMap::new(),
        expanded: 0,
        values: 0,
        depth: 0,
        trail: Vec::new(),
    };
    match reader.document() {
        Ok(value) => Ok((value, reader.index)),
        Err(mut problem) => {
            for token in &reader.trail {
                pointer::push(&mut problem.pointer, token);
            }
            Err(problem)
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    index: Index,
    /// The value of each finished anchor.
    anchors: HashMap<usize, (Value, Open)>,
    expanded: usize,
    values: usize,
    depth: usize,
    /// The keys and positions on the way to the current value.
    trail: Vec<String>,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<Value, Problem> {
        let value = loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd | Event::DocumentEnd => {
                    let help = "give a file that holds an OpenAPI document";
                    return Err(Problem::new(
                        codes::NOT_A_DOCUMENT,
                        0,
                        "the file is empty",
                        help,
                    ));
                }
                event => break self.value(event, span, None)?,
            }
        };
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(value),
                Event::DocumentStart(_) => {
                    let message = "a second YAML document follows (`---`)";
                    return Err(yaml_only(span, message, "keep one document in a file"));
                }
                _ => {}
            }
        }
    }

    /// The value that an event starts. Inside an object it has a key and the key's place.
    fn value(
        &mut self,
        event: Event<'t>,
        span: Span,
        key: Option<(&str, u32)>,
    ) -> Result<Value, Problem> {
        self.values += 1;
        if self.values > MAX_VALUES {
            let message = format!("the document holds more than {MAX_VALUES} values");
            return Err(too_large(span, message, "split the document"));
        }
        if self.depth == MAX_DEPTH {
            let message = format!("the document nests deeper than {MAX_DEPTH} levels");
            return Err(too_large(
                span,
                message,
                "move nested schemas to components and refer to them",
            ));
        }
        let open = match key {
            Some((key, at)) => self.index.open(Some(key), at),
            None => self.index.open(None, at(span)),
        };
        self.depth += 1;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (scalar::read(&text, style, tag.as_deref(), span)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                scalar::check_tag(tag.as_deref(), "seq", span)?;
                (self.sequence()?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                scalar::check_tag(tag.as_deref(), "map", span)?;
                (self.mapping()?, anchor)
            }
            Event::Alias(anchor) => (self.alias(anchor, span)?, 0),
            _ => {
                return Err(Problem::new(
                    codes::SYNTAX,
                    at(span),
                    "invalid YAML: a value is expected here",
                    CORRECT,
                ));
            }
        };
        self.depth -= 1;
        self.index.close(open);
        if anchor > 0 {
            self.charge(&value, span)?;
            self.anchors.insert(anchor, (value.clone(), open));
        }
        Ok(value)
    }

    fn sequence(&mut self) -> Result<Value, Problem> {
        let mut values = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Value::Array(values));
            }
            self.trail.push(values.len().to_string());
            values.push(self.value(event, span, None)?);
            self.trail.pop();
        }
    }

    fn mapping(&mut self) -> Result<Value, Problem> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, _) if text == "<<");
            let key = self.key(event, span)?;
            self.trail.push(key.clone());
            if !merge && map.contains_key(&key) {
                let message = format!("the key `{key}` stands twice in this mapping");
                let help = "keep one of the two; parsers disagree on which one counts";
                return Err(Problem::new(codes::DUPLICATE_KEY, at(span), message, help));
            }
            let (event, value_span) = self.next()?;
            let value = self.value(event, value_span, Some((&key, at(span))))?;
            if merge {
                merged.push((value, span));
            } else {
                map.insert(key, value);
            }
            self.trail.pop();
        }
        // A mapping's own keys win over merged keys, in any order.
        for (value, span) in merged {
            merge_into(&mut map, value, span)?;
        }
        Ok(Value::Object(map))
    }

    /// A key as text. `200:` and `yes:` keep the text that is written.
    fn key(&mut self, event: Event<'t>, span: Span) -> Result<String, Problem> {
        match event {
            Event::Scalar(text, _, anchor, _) => {
                let key = text.into_owned();
                if anchor > 0 {
                    let open = self.index.open(None, at(span));
                    self.index.close(open);
                    self.anchors
                        .insert(anchor, (Value::String(key.clone()), open));
                }
                Ok(key)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some((Value::String(key), _)) => Ok(key.clone()),
                _ => Err(yaml_only(
                    span,
                    "a key is an alias of something that is no text",
                    "write the key out",
                )),
            },
            _ => Err(yaml_only(
                span,
                "a key is a list or a mapping",
                "keys of JSON are text",
            )),
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Value, Problem> {
        let Some((value, open)) = self.anchors.get(&anchor) else {
            let message = "an alias stands inside the anchor it names: the value would hold itself";
            return Err(yaml_only(
                span,
                message,
                "break the cycle; a recursive schema is written with `$ref`",
            ));
        };
        let (value, open) = (value.clone(), *open);
        self.charge(&value, span)?;
        if self.depth + depth(&value) > MAX_DEPTH {
            let message =
                format!("with this alias the document nests deeper than {MAX_DEPTH} levels");
            return Err(too_large(span, message, "use `$ref` instead of an alias"));
        }
        self.index.repeat(open);
        Ok(value)
    }

    /// Charges a value of an anchor or alias to the shared limit of expansion.
    fn charge(&mut self, value: &Value, span: Span) -> Result<(), Problem> {
        self.expanded = self.expanded.saturating_add(cost(value));
        if self.expanded <= MAX_EXPANSION {
            return Ok(());
        }
        let message = format!(
            "the aliases up to here expand to more than {} MiB",
            MAX_EXPANSION >> 20
        );
        Err(too_large(span, message, "use `$ref` instead of aliases"))
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Problem> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }
}

fn merge_into(map: &mut Map<String, Value>, value: Value, span: Span) -> Result<(), Problem> {
    match value {
        Value::Object(source) => {
            for (key, value) in source {
                map.entry(key).or_insert(value);
            }
            Ok(())
        }
        Value::Array(sources) if sources.iter().all(Value::is_object) => sources
            .into_iter()
            .try_for_each(|source| merge_into(map, source, span)),
        _ => Err(yaml_only(
            span,
            "a merge key (`<<`) names something that is no mapping",
            "merge mappings only",
        )),
    }
}

fn cost(value: &Value) -> usize {
    VALUE_COST
        + match value {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(cost).sum(),
            Value::Object(map) => map.iter().map(|(key, value)| key.len() + cost(value)).sum(),
            _ => 0,
        }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

const CORRECT: &str = "correct the YAML at this place";

fn syntax(error: &ScanError) -> Problem {
    let at = u32::try_from(error.marker().index()).unwrap_or(0);
    if error.info().contains("recursion limit") {
        let help = "move nested schemas to components and refer to them";
        return Problem::new(codes::TOO_LARGE, at, "the document nests too deep", help);
    }
    Problem::new(
        codes::SYNTAX,
        at,
        format!("invalid YAML: {}", error.info()),
        CORRECT,
    )
}

fn yaml_only(span: Span, message: impl Into<String>, help: &str) -> Problem {
    Problem::new(codes::YAML_ONLY, at(span), message, help)
}

fn too_large(span: Span, message: impl Into<String>, help: &str) -> Problem {
    Problem::new(codes::TOO_LARGE, at(span), message, help)
}

/// A text has at most 64 MiB, so a place fits.
fn at(span: Span) -> u32 {
    u32::try_from(span.start.index()).unwrap_or(0)
}
