//! The constraints of a document's schemas. Each distinct constraint is a static of the generated
//! code.

use crate::model::SchemaObject;
use crate::pattern;
use crate::schemas;
use indexmap::IndexMap;
use serde_json::{Number, Value};
use std::fmt::Write;

/// The index of a rule in [`Rules`].
pub type RuleId = usize;

/// All rules of a document: the run time's type and the value of each static.
#[derive(Debug, Default)]
pub struct Rules {
    by_value: IndexMap<(&'static str, String), ()>,
    /// The pointers of the schemas that the evaluator checks.
    schemas: Vec<String>,
}

impl Rules {
    /// The name of the static.
    pub fn name(&self, id: RuleId) -> String {
        let ((kind, _), ()) = self.by_value.get_index(id).expect("ids come from intern");
        format!("{}_{id}", kind.to_uppercase())
    }

    /// Writes the statics.
    pub fn emit(&self, document: &Value, out: &mut String) {
        let mut pointers = self.schemas.iter().map(String::as_str).peekable();
        if pointers.peek().is_some() {
            let schemas = schemas::extract(document, pointers).to_string();
            let _ = writeln!(
                out,
                "static SCHEMAS: rt::Schemas = rt::Schemas::new({schemas:?});"
            );
        }
        for (id, (kind, value)) in self.by_value.keys().enumerate() {
            let _ = writeln!(
                out,
                "pub static {}: rt::{kind} = rt::{kind}::{value};",
                self.name(id)
            );
        }
    }

    /// Length, pattern and format of a string. `Err` says why the pattern can't be enforced.
    pub fn text(&mut self, schema: &SchemaObject) -> Result<Option<RuleId>, String> {
        let mut value = bounds("", schema.min_length.filter(|&n| n > 0), schema.max_length);
        let mut refused = None;
        if let Some(ecma) = &schema.pattern {
            match pattern::translate(ecma) {
                Ok(translated) => {
                    let _ = write!(value, ".pattern({translated:?})");
                }
                Err(reason) => refused = Some(reason),
            }
        }
        // A Rust type for the format checks the format, unless the rule has other checks.
        let typed = matches!(
            schema.format.as_deref(),
            Some("uuid" | "date-time" | "date" | "byte" | "ipv4" | "ipv6")
        );
        if let Some(format) = schema
            .format
            .as_deref()
            .and_then(format)
            .filter(|_| !typed || !value.is_empty())
        {
            let _ = write!(value, ".format(rt::Format::{format})");
        }
        let id = self.intern("Text", &value);
        refused.map_or(Ok(id), Err)
    }

    /// Bounds of an integer. Exclusive bounds become inclusive.
    pub fn integer(&mut self, schema: &SchemaObject) -> Option<RuleId> {
        let mut value = String::new();
        if let Some(min) = schema
            .minimum
            .as_ref()
            .map(|n| whole(n, f64::ceil, i128::from(schema.exclusive_minimum)))
        {
            let _ = write!(value, ".min({min})");
        }
        if let Some(max) = schema
            .maximum
            .as_ref()
            .map(|n| whole(n, f64::floor, -i128::from(schema.exclusive_maximum)))
        {
            let _ = write!(value, ".max({max})");
        }
        if let Some(step) = schema
            .multiple_of
            .as_ref()
            .and_then(step)
            .filter(|&n| n > 1)
        {
            let _ = write!(value, ".multiple_of({step})");
        }
        self.intern("Integer", &value)
    }

    /// Bounds of a number.
    pub fn float(&mut self, schema: &SchemaObject) -> Option<RuleId> {
        let mut value = String::new();
        let mut bound = |name: &str, number: &Option<Number>| {
            if let Some(number) = number.as_ref().and_then(Number::as_f64) {
                let _ = write!(value, ".{name}({number:?})");
            }
        };
        bound(
            if schema.exclusive_minimum {
                "exclusive_min"
            } else {
                "min"
            },
            &schema.minimum,
        );
        bound(
            if schema.exclusive_maximum {
                "exclusive_max"
            } else {
                "max"
            },
            &schema.maximum,
        );
        bound(
            "multiple_of",
            &schema
                .multiple_of
                .clone()
                .filter(|n| n.as_f64().is_some_and(|n| n > 0.0)),
        );
        self.intern("Float", &value)
    }

    /// The number of items, and whether all must differ.
    pub fn items(&mut self, schema: &SchemaObject) -> Option<RuleId> {
        let unique = if schema.unique_items { ".unique()" } else { "" };
        let value = bounds(
            unique,
            schema.min_items.filter(|&n| n > 0),
            schema.max_items,
        );
        self.intern("Items", &value)
    }

    /// The number of properties.
    pub fn properties(&mut self, schema: &SchemaObject) -> Option<RuleId> {
        let value = bounds(
            "",
            schema.min_properties.filter(|&n| n > 0),
            schema.max_properties,
        );
        self.intern("Properties", &value)
    }

    /// The schema at a pointer, for the evaluator.
    pub fn schema(&mut self, pointer: &str) -> RuleId {
        let value = format!("new(&SCHEMAS, {pointer:?})");
        let (id, added) = match self.by_value.insert_full(("Schema", value), ()) {
            (id, None) => (id, true),
            (id, Some(())) => (id, false),
        };
        if added {
            self.schemas.push(pointer.to_owned());
        }
        id
    }

    fn intern(&mut self, kind: &'static str, value: &str) -> Option<RuleId> {
        if value.is_empty() {
            return None;
        }
        Some(
            self.by_value
                .insert_full((kind, format!("new(){value}")), ())
                .0,
        )
    }
}

/// The run time's name for a format that it checks.
fn format(name: &str) -> Option<&'static str> {
    Some(match name {
        "date" => "Date",
        "date-time" => "DateTime",
        "time" => "Time",
        "email" => "Email",
        "hostname" => "Hostname",
        "ipv4" => "Ipv4",
        "ipv6" => "Ipv6",
        "uri" => "Uri",
        "uri-reference" => "UriReference",
        "uuid" => "Uuid",
        "byte" => "Byte",
        _ => return None,
    })
}

fn bounds(rest: &str, min: Option<u64>, max: Option<u64>) -> String {
    let mut value = String::new();
    if let Some(min) = min {
        let _ = write!(value, ".min({min})");
    }
    if let Some(max) = max {
        let _ = write!(value, ".max({max})");
    }
    value.push_str(rest);
    value
}

/// A step by its value: `2.0` and `2e0` are 2.
fn step(number: &Number) -> Option<u64> {
    let whole = |n: &f64| n.fract() == 0.0 && *n < 1e15;
    let float = || number.as_f64().filter(whole).map(|n| n as u64);
    number.as_u64().or_else(float)
}

/// A bound as a whole number. A fraction is rounded to the nearest integer inside the bound. An
/// exclusive bound moves one further in.
fn whole(number: &Number, round: fn(f64) -> f64, exclusive_step: i128) -> i128 {
    if let Some(n) = number.as_i64() {
        return i128::from(n) + exclusive_step;
    }
    if let Some(n) = number.as_u64() {
        return i128::from(n) + exclusive_step;
    }
    let n = number.as_f64().unwrap_or(0.0);
    let inner = round(n) as i128;
    if inner as f64 == n {
        inner + exclusive_step
    } else {
        inner
    }
}
