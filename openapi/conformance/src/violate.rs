//! Breaks a valid value in one place at a time.

use std::collections::HashSet;

use dropshot_contract::Value;
use dropshot_vocabulary::pointer::join;
use serde_json::{Map, Number, json};

use crate::document::Document;
use crate::facts::{Facts, kind};
use crate::judge::Direction;
use crate::pattern;
use crate::scalar::{Charset, Richness};

/// The longest text that is made to break `maxLength`.
const LONGEST: u64 = 50_000;

/// The deepest level at which a value is broken.
const MAX_DEPTH: usize = 24;

/// A broken value.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    /// The keyword that is violated.
    pub(crate) keyword: &'static str,
    /// The place in the value that the refusal should name.
    pub(crate) pointer: String,
    /// A place further out to which the refusal may point instead: the outermost union without a
    /// discriminator. Such a union can't know which branch the caller meant.
    pub(crate) or: Option<String>,
    /// The whole broken value.
    pub(crate) value: Value,
    /// The address of the schema, which identifies it.
    pub(crate) schema: usize,
}

/// All ways to break `sample`, a value of `schema` made with branch `branch` of its unions. The
/// wire carries only text, so only rules that a text can break are broken there.
pub(crate) fn violations<'d>(
    document: &'d Document,
    schema: &'d Value,
    sample: &Value,
    branch: usize,
    charset: Charset,
) -> Vec<Violation> {
    let mut breaker = Breaker {
        document,
        whole: sample,
        branch,
        charset,
        seen: HashSet::new(),
        found: Vec::new(),
    };
    breaker.place(&[schema], sample, "", None, 0);
    breaker.found
}

struct Breaker<'d, 'v> {
    document: &'d Document,
    whole: &'v Value,
    branch: usize,
    charset: Charset,
    /// The schemas, keywords and values' names and types of the violations so far.
    seen: HashSet<(usize, &'static str, String)>,
    found: Vec<Violation>,
}

/// A place in the value.
#[derive(Clone, Copy)]
struct Place<'p> {
    pointer: &'p str,
    or: Option<&'p str>,
    /// The address of the schema, which identifies it.
    schema: usize,
}

impl<'d> Breaker<'d, '_> {
    fn place(
        &mut self,
        schemas: &[&'d Value],
        value: &Value,
        pointer: &str,
        or: Option<&str>,
        depth: usize,
    ) {
        let (Some(schema), true) = (schemas.first(), depth < MAX_DEPTH) else {
            return;
        };
        let facts = Facts::of(self.document, schemas, self.branch);
        if facts.read_only {
            return;
        }
        let or = or.or(facts.untagged.then_some(pointer));
        let schema = std::ptr::from_ref(self.document.follow(schema)).addr();
        let place = Place {
            pointer,
            or,
            schema,
        };
        self.types(&facts, value, place);
        match value {
            Value::String(text) => self.text(&facts, text, place),
            Value::Number(number) => self.number(&facts, number, place),
            Value::Array(items) => self.array(&facts, items, place, depth),
            Value::Object(members) => self.object(&facts, members, place, depth),
            _ => {}
        }
    }

    /// Adds a violation: `value` replaces the value at the place.
    fn add(&mut self, keyword: &'static str, place: Place<'_>, value: Value) {
        self.add_at(keyword, place, place.pointer.to_owned(), value);
    }

    /// Like `add`, but the refusal should name the place `at`.
    fn add_at(&mut self, keyword: &'static str, place: Place<'_>, at: String, value: Value) {
        let last = format!(
            "{} {}",
            at.rsplit('/').next().unwrap_or_default(),
            kind(&value)
        );
        if !self.seen.insert((place.schema, keyword, last)) {
            return;
        }
        let mut whole = self.whole.clone();
        if let Some(target) = whole.pointer_mut(place.pointer) {
            *target = value;
            let or = place.or.map(str::to_owned);
            self.found.push(Violation {
                keyword,
                pointer: at,
                or,
                value: whole,
                schema: place.schema,
            });
        }
    }

    fn types(&mut self, facts: &Facts<'d>, value: &Value, place: Place<'_>) {
        let numeric = value.is_number();
        if self.charset != Charset::Json {
            // On the wire, any text is a string, and one value is an array of one.
            if numeric || value.is_boolean() {
                self.add("type", place, json!("no-number"));
            }
        } else {
            let others = [json!("a text"), json!(17), json!([[]])];
            for other in others
                .into_iter()
                .filter(|other| kind(other) != kind(value) && !(numeric && other.is_number()))
            {
                self.add("type", place, other);
            }
            if !facts.nullable {
                self.add("nullable", place, Value::Null);
            }
        }
        if value.is_i64() || value.is_u64() {
            self.add("type: integer", place, json!(1.5));
        }
        if !facts.enumerations.is_empty() {
            let other = if numeric {
                json!(987_654_321)
            } else {
                json!("none-of-these")
            };
            self.add("enum", place, other);
        }
        for not in &facts.nots {
            let excluded = crate::sample::raw(
                self.document,
                not,
                Richness::Full,
                self.charset,
                Direction::Request,
            );
            if let Ok(excluded) = excluded {
                self.add("not", place, merged(value, excluded));
            }
        }
    }

    fn text(&mut self, facts: &Facts<'d>, text: &str, place: Place<'_>) {
        let short = usize::try_from(facts.min_length.saturating_sub(1)).unwrap_or(0);
        if facts.min_length > 0 && (short > 0 || self.charset == Charset::Json) {
            self.add(
                "minLength",
                place,
                text.chars().take(short).collect::<String>().into(),
            );
        }
        if let Some(max) = facts.max_length.filter(|max| *max < LONGEST) {
            let missing = (max + 1).saturating_sub(text.chars().count() as u64);
            let last = text.chars().last().unwrap_or('m').to_string();
            self.add(
                "maxLength",
                place,
                format!(
                    "{text}{}",
                    last.repeat(usize::try_from(missing).unwrap_or(0))
                )
                .into(),
            );
        }
        for pattern in &facts.patterns {
            let other = pattern::not_matching(pattern, text)
                .filter(|other| self.charset == Charset::Json || !other.is_empty());
            if let Some(other) = other {
                self.add("pattern", place, other.into());
            }
        }
        if !facts.formats.is_empty() {
            self.add("format", place, "not.of@this~format".into());
        }
    }

    fn number(&mut self, facts: &Facts<'d>, number: &Number, place: Place<'_>) {
        let integer = !number.is_f64();
        let step = if integer { 1.0 } else { 0.25 };
        for (keyword, bounds, outwards) in [
            ("minimum", &facts.minima, -step),
            ("maximum", &facts.maxima, step),
        ] {
            for (bound, exclusive) in bounds {
                let beyond = if *exclusive {
                    Some(Value::Number(bound.clone()))
                } else {
                    moved(bound, outwards)
                };
                if let Some(beyond) = beyond {
                    self.add(keyword, place, beyond);
                }
            }
        }
        if let (Some(multiple), Some(value)) = (
            facts
                .multiples
                .iter()
                .find_map(|multiple| multiple.as_f64()),
            number.as_f64(),
        ) {
            if !integer {
                self.add("multipleOf", place, json!(value - multiple / 2.0));
            } else if multiple > 1.0 {
                let less = number.as_i64().and_then(|value| value.checked_sub(1));
                self.add("multipleOf", place, less.map_or(json!(1), Value::from));
            }
        }
    }

    fn array(&mut self, facts: &Facts<'d>, items: &[Value], place: Place<'_>, depth: usize) {
        if let Some(fewer) = facts
            .min_items
            .checked_sub(1)
            .and_then(|fewer| usize::try_from(fewer).ok())
        {
            // The wire has no text for an empty array.
            if fewer > 0 || self.charset == Charset::Json {
                self.add(
                    "minItems",
                    place,
                    items.iter().take(fewer).cloned().collect(),
                );
            }
        }
        if let (Some(max), Some(first)) =
            (facts.max_items.filter(|max| *max < 2_000), items.first())
        {
            let mut more = items.to_vec();
            let mut salt = 0;
            while more.len() as u64 <= max {
                salt += 1;
                more.push(different(first, salt));
            }
            self.add("maxItems", place, more.into());
        }
        if let (true, Some(first)) = (facts.unique, items.first()) {
            let mut twice = vec![first.clone(), first.clone()];
            twice.extend(items.iter().skip(2).cloned());
            self.add_at(
                "uniqueItems",
                place,
                format!("{}/1", place.pointer),
                twice.into(),
            );
        }
        for (index, item) in items.iter().enumerate().take(2) {
            self.place(
                &facts.items,
                item,
                &format!("{}/{index}", place.pointer),
                place.or,
                depth + 1,
            );
        }
    }

    fn object(
        &mut self,
        facts: &Facts<'d>,
        members: &Map<String, Value>,
        place: Place<'_>,
        depth: usize,
    ) {
        for name in facts
            .required
            .iter()
            .filter(|name| members.contains_key(**name))
        {
            let mut fewer = members.clone();
            fewer.remove(*name);
            self.add_at("required", place, join(place.pointer, name), fewer.into());
        }
        if facts.closed() {
            let mut more = members.clone();
            more.insert("unexpected".to_owned(), json!("x"));
            self.add_at(
                "additionalProperties",
                place,
                join(place.pointer, "unexpected"),
                more.into(),
            );
        }
        let count = members.len() as u64;
        if facts.min_properties > 0 {
            let fewer = members
                .iter()
                .take(usize::try_from(facts.min_properties - 1).unwrap_or(0));
            let fewer: Map<String, Value> = fewer
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            self.add("minProperties", place, fewer.into());
        }
        if let (Some(max), Some(any)) = (
            facts.max_properties.filter(|max| *max < 2_000),
            members.values().next_back(),
        ) {
            let mut more = members.clone();
            (count..=max).for_each(|index| {
                more.insert(format!("more-{index}"), any.clone());
            });
            self.add("maxProperties", place, more.into());
        }
        for (name, value) in members {
            let pointer = join(place.pointer, name);
            if facts.tags.iter().any(|(tag, _)| tag == name) {
                let place = Place {
                    pointer: &pointer,
                    ..place
                };
                self.add("discriminator", place, json!("no-such-type"));
                continue;
            }
            if let Some(schemas) = facts.property(name) {
                self.place(&schemas, value, &pointer, place.or, depth + 1);
            }
        }
    }
}

/// Another text or number than `value`. A value of another type is returned as it is.
fn different(value: &Value, salt: u64) -> Value {
    match value {
        Value::String(text) => format!("{text}{salt}").into(),
        Value::Number(number) => number.as_i64().map_or(json!(salt), |number| {
            json!(number.wrapping_sub_unsigned(salt))
        }),
        other => other.clone(),
    }
}

/// `excluded`, with the members of `value` that do not contradict it.
fn merged(value: &Value, excluded: Value) -> Value {
    match (value, excluded) {
        (Value::Object(members), Value::Object(excluded)) => {
            members.clone().into_iter().chain(excluded).collect()
        }
        (_, excluded) => excluded,
    }
}

fn moved(bound: &Number, by: f64) -> Option<Value> {
    if let (Some(bound), true) = (bound.as_i128(), by.fract() == 0.0) {
        #[allow(clippy::cast_possible_truncation)] // 1 or -1
        return Number::from_i128(bound + by as i128).map(Value::Number);
    }
    Number::from_f64(bound.as_f64()? + by).map(Value::Number)
}
