//! Gathers what all schemas of one value say: its own schemas, those of their `allOf`s, and one
//! branch of each union.

use dropshot_contract::Value;
use serde_json::{Map, Number};

use crate::document::{Document, flag, range, tags};

/// The most references and compositions that are followed.
const DEEPEST: usize = 64;

/// The constraints on a value.
#[derive(Debug, Default)]
pub(crate) struct Facts<'d> {
    /// `type`: the types that every schema allows.
    pub(crate) types: Option<Vec<&'d str>>,
    pub(crate) nullable: bool,
    /// `enum`: the value must stand in every list.
    pub(crate) enumerations: Vec<&'d Vec<Value>>,
    pub(crate) formats: Vec<&'d str>,
    pub(crate) patterns: Vec<&'d str>,
    pub(crate) min_length: u64,
    pub(crate) max_length: Option<u64>,
    /// Lower bounds, and whether each is excluded.
    pub(crate) minima: Vec<(Number, bool)>,
    pub(crate) maxima: Vec<(Number, bool)>,
    pub(crate) multiples: Vec<&'d Number>,
    pub(crate) items: Vec<&'d Value>,
    pub(crate) min_items: u64,
    pub(crate) max_items: Option<u64>,
    pub(crate) unique: bool,
    /// The properties of each schema that has `properties` or `additionalProperties`.
    pub(crate) objects: Vec<Properties<'d>>,
    pub(crate) required: Vec<&'d str>,
    pub(crate) min_properties: u64,
    pub(crate) max_properties: Option<u64>,
    /// The property that a discriminator names, and its value that chooses the branch.
    pub(crate) tags: Vec<Tag<'d>>,
    pub(crate) nots: Vec<&'d Value>,
    /// The number of branches of the largest union.
    pub(crate) branches: usize,
    /// Whether a branch was chosen in a union without a discriminator.
    pub(crate) untagged: bool,
    pub(crate) default: Option<&'d Value>,
    /// `readOnly`, `writeOnly`
    pub(crate) read_only: bool,
    pub(crate) write_only: bool,
}

/// A discriminator's property and its value.
type Tag<'d> = (&'d str, &'d str);

/// What one schema says of an object's properties.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Properties<'d> {
    pub(crate) declared: Option<&'d Map<String, Value>>,
    /// `additionalProperties`
    pub(crate) additional: Option<&'d Value>,
}

impl<'d> Facts<'d> {
    /// Gathers what `schemas` say. `branch` chooses one branch of each union.
    pub(crate) fn of(document: &'d Document, schemas: &[&'d Value], branch: usize) -> Self {
        let mut facts = Facts::default();
        let mut admitted = true;
        for schema in schemas {
            admitted &= facts.gather(document, schema, branch, DEEPEST);
        }
        // A schema that says nothing also admits null, but its author does not mean that.
        facts.nullable &= admitted;
        facts
    }

    /// Adds what `schema` says. Returns whether it admits null.
    fn gather(
        &mut self,
        document: &'d Document,
        schema: &'d Value,
        branch: usize,
        depth: usize,
    ) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return true;
        };
        let mut admitted = true;
        let beside = document.beside_references && schema.get("$ref").is_some();
        if beside {
            admitted &= self.gather(document, document.follow(schema), branch, depth);
        }
        let own = if beside {
            schema
        } else {
            document.follow(schema)
        };
        let Value::Object(schema) = own else {
            return admitted;
        };
        admitted &= self.scalars(schema);
        self.collections(schema);
        self.default = self.default.or(schema.get("default"));
        for part in list(schema.get("allOf")) {
            admitted &= self.gather(document, part, branch, depth);
        }
        for union in ["oneOf", "anyOf"] {
            let null =
                |branch: &&Value| document.follow(branch).get("type") == Some(&Value::from("null"));
            let beside = list(schema.get(union)).any(|branch| null(&branch));
            self.nullable |= beside;
            let branches: Vec<&'d Value> = list(schema.get(union))
                .filter(|branch| !null(branch))
                .collect();
            if branches.is_empty() {
                continue;
            }
            // A branch counts once for each discriminator value that chooses it.
            let choices: Vec<(&'d Value, Option<Tag<'d>>)> = branches
                .iter()
                .flat_map(|branch| match tags(schema, branch) {
                    Some((name, values)) => values
                        .into_iter()
                        .map(|value| (*branch, Some((name, value))))
                        .collect(),
                    None => vec![(*branch, None)],
                })
                .collect();
            self.branches = self.branches.max(choices.len());
            let (chosen, tag) = choices[branch % choices.len()];
            self.untagged |= tag.is_none() && branches.len() > 1;
            self.tags.extend(tag);
            admitted &= self.gather(document, chosen, branch, depth) || beside;
        }
        admitted || flag(own, "nullable")
    }

    /// Adds the keywords of scalars. Returns whether `type` and `enum` admit null.
    fn scalars(&mut self, schema: &'d Map<String, Value>) -> bool {
        let types: Option<Vec<&'d str>> = match schema.get("type") {
            Some(Value::String(one)) => Some(vec![one]),
            Some(Value::Array(several)) => Some(several.iter().filter_map(Value::as_str).collect()),
            _ => None,
        };
        let null = |values: &Vec<Value>| values.contains(&Value::Null);
        let enumeration = schema.get("enum").and_then(Value::as_array);
        let admitted = types.as_ref().is_none_or(|types| types.contains(&"null"))
            && enumeration.is_none_or(null);
        if let Some(types) = types {
            self.nullable |= types.contains(&"null");
            self.types = Some(match self.types.take() {
                None => types,
                // An integer is a number.
                Some(known) => {
                    let both = |ty: &&str| {
                        known.contains(ty) || **ty == *"integer" && known.contains(&"number")
                    };
                    let narrowed: Vec<&str> = types.iter().copied().filter(both).collect();
                    if narrowed.is_empty() && known.contains(&"integer") {
                        known
                    } else {
                        narrowed
                    }
                }
            });
        }
        let object = |name: &str| schema.get(name).and_then(Value::as_bool).unwrap_or(false);
        self.nullable |= object("nullable");
        self.read_only |= object("readOnly");
        self.write_only |= object("writeOnly");
        self.enumerations.extend(enumeration);
        self.formats
            .extend(schema.get("format").and_then(Value::as_str));
        self.patterns
            .extend(schema.get("pattern").and_then(Value::as_str));
        self.min_length = self.min_length.max(count(schema, "minLength").unwrap_or(0));
        self.max_length = lesser(self.max_length, count(schema, "maxLength"));
        self.minima
            .extend(bound(schema, "minimum", "exclusiveMinimum"));
        self.maxima
            .extend(bound(schema, "maximum", "exclusiveMaximum"));
        if let Some((Value::Number(minimum), Value::Number(maximum))) = range(schema) {
            self.minima.push((minimum, false));
            self.maxima.push((maximum, false));
        }
        if let Some(Value::Number(multiple)) = schema.get("multipleOf") {
            self.multiples.push(multiple);
        }
        self.nots.extend(schema.get("not"));
        admitted
    }

    fn collections(&mut self, schema: &'d Map<String, Value>) {
        self.items.extend(schema.get("items"));
        self.min_items = self.min_items.max(count(schema, "minItems").unwrap_or(0));
        self.max_items = lesser(self.max_items, count(schema, "maxItems"));
        self.unique |= schema.get("uniqueItems") == Some(&Value::Bool(true));
        let declared = schema.get("properties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties");
        if declared.is_some() || additional.is_some() {
            self.objects.push(Properties {
                declared,
                additional,
            });
        }
        for name in list(schema.get("required")).filter_map(Value::as_str) {
            if !self.required.contains(&name) {
                self.required.push(name);
            }
        }
        self.min_properties = self
            .min_properties
            .max(count(schema, "minProperties").unwrap_or(0));
        self.max_properties = lesser(self.max_properties, count(schema, "maxProperties"));
    }

    /// The names of all declared properties.
    pub(crate) fn declared(&self) -> Vec<&'d str> {
        let mut names: Vec<&'d str> = Vec::new();
        for name in self
            .objects
            .iter()
            .filter_map(|object| object.declared)
            .flat_map(Map::keys)
        {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The schemas of a property. `None` if one schema forbids it.
    pub(crate) fn property(&self, name: &str) -> Option<Vec<&'d Value>> {
        let mut schemas = Vec::new();
        for object in &self.objects {
            match (
                object.declared.and_then(|declared| declared.get(name)),
                object.additional,
            ) {
                (Some(schema), _) => schemas.push(schema),
                (None, Some(Value::Bool(false))) => return None,
                (None, Some(schema @ Value::Object(_))) => schemas.push(schema),
                (None, _) => {}
            }
        }
        Some(schemas)
    }

    /// Whether `additionalProperties` is given and does not forbid more properties.
    pub(crate) fn takes_more(&self) -> bool {
        let said = self
            .objects
            .iter()
            .any(|object| object.additional.is_some());
        let forbidden = self
            .objects
            .iter()
            .any(|object| object.additional == Some(&Value::Bool(false)));
        said && !forbidden
    }

    /// Whether `additionalProperties` forbids more properties.
    pub(crate) fn closed(&self) -> bool {
        self.objects
            .iter()
            .any(|object| object.additional == Some(&Value::Bool(false)))
    }

    /// The type of a value to make. This is the first allowed type, or the only type that the other
    /// keywords can mean.
    pub(crate) fn kind(&self) -> Option<&'d str> {
        if let Some(types) = &self.types {
            return types.iter().copied().find(|ty| *ty != "null");
        }
        if let Some(value) = self
            .enumerations
            .first()
            .and_then(|values| values.iter().find(|value| !value.is_null()))
        {
            return Some(kind(value));
        }
        if !self.objects.is_empty() || !self.required.is_empty() || !self.tags.is_empty() {
            Some("object")
        } else if !self.items.is_empty() {
            Some("array")
        } else if !self.patterns.is_empty()
            || !self.formats.is_empty()
            || self.min_length > 0
            || self.max_length.is_some()
        {
            Some("string")
        } else if !self.minima.is_empty() || !self.maxima.is_empty() || !self.multiples.is_empty() {
            Some("number")
        } else {
            None
        }
    }
}

/// The `type` of a value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// A count. OpenAPI documents also write it as `1.0`.
fn count(schema: &Map<String, Value>, name: &str) -> Option<u64> {
    let value = schema.get(name)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count
    value
        .as_u64()
        .or_else(|| value.as_f64().map(|count| count as u64))
}

fn lesser(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A bound, and whether it is excluded. In OpenAPI 3.0 a flag beside the bound says so. In 3.1 the
/// exclusive keyword is a bound itself.
fn bound(schema: &Map<String, Value>, name: &str, exclusive: &str) -> Option<(Number, bool)> {
    match (schema.get(name), schema.get(exclusive)) {
        (_, Some(Value::Number(bound))) => Some((bound.clone(), true)),
        (Some(Value::Number(bound)), exclusive) => {
            Some((bound.clone(), exclusive == Some(&Value::Bool(true))))
        }
        _ => None,
    }
}
