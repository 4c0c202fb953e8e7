//! Translates the document's schemas to JSON Schema (draft 4), and judges values with an
//! independent validator.
//!
//! OpenAPI 3.0 schemas are draft 4 with four differences, which this module translates: `nullable`,
//! `discriminator`, `readOnly` and `writeOnly`, and formats that are ranges of numbers.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use dropshot_contract::Value;
use jsonschema::{Draft, Validator};
use serde_json::{Map, json};

use crate::document::{ANYTHING, Document, flag, range, tags};
use crate::facts::Facts;

/// The direction of a value. A request does not require `readOnly` properties, and a reply does not
/// require `writeOnly` ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    Request,
    Reply,
}

impl Direction {
    /// Whether values of the schema are left out in this direction.
    pub(crate) fn leaves_out(self, schema: &Value) -> bool {
        flag(
            schema,
            match self {
                Self::Request => "readOnly",
                Self::Reply => "writeOnly",
            },
        )
    }
}

/// The key has the address of the schema, which outlives its validator.
type Made = HashMap<(usize, Direction), Rc<Result<Validator, String>>>;

/// The validators. Each is made when it is first needed.
#[derive(Debug)]
pub(crate) struct Judge<'d> {
    document: &'d Document,
    made: RefCell<Made>,
}

impl<'d> Judge<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        Self {
            document,
            made: RefCell::default(),
        }
    }

    /// Up to three errors of a value. Empty if the value is valid.
    ///
    /// # Errors
    /// The validator refuses the schema.
    pub(crate) fn errors(
        &self,
        schema: &'d Value,
        direction: Direction,
        value: &Value,
    ) -> Result<Vec<String>, String> {
        let key = (std::ptr::from_ref(schema).addr(), direction);
        let known = self.made.borrow().get(&key).cloned();
        let validator = known.unwrap_or_else(|| {
            let made = Rc::new(self.validator(schema, direction));
            self.made.borrow_mut().insert(key, Rc::clone(&made));
            made
        });
        let validator = validator.as_ref().as_ref().map_err(Clone::clone)?;
        let errors = validator.iter_errors(value).take(3);
        Ok(errors
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect())
    }

    pub(crate) fn is_valid(&self, schema: &'d Value, direction: Direction, value: &Value) -> bool {
        self.errors(schema, direction, value)
            .is_ok_and(|errors| errors.is_empty())
    }

    fn validator(&self, schema: &'d Value, direction: Direction) -> Result<Validator, String> {
        let schema = Translation::new(self.document, direction).whole(schema);
        jsonschema::options()
            .with_draft(Draft::Draft4)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .with_format("byte", is_base64)
            .with_format("uuid", is_uuid)
            .with_format("date", is_date)
            .build(&schema)
            .map_err(|error| format!("the validator does not take the schema: {error}"))
    }
}

fn is_base64(text: &str) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .is_ok()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && dropshot_contract::Uuid::try_parse(text).is_ok()
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<dropshot_contract::Date>().is_ok()
}

/// Translates a schema and all schemas that it refers to.
struct Translation<'d> {
    document: &'d Document,
    direction: Direction,
    /// The names of the definitions, by reference.
    names: HashMap<String, String>,
    open: VecDeque<String>,
    /// The properties of the enclosing `allOf`s that are left out in this direction.
    left_out: Vec<&'d str>,
}

impl<'d> Translation<'d> {
    fn new(document: &'d Document, direction: Direction) -> Self {
        Self {
            document,
            direction,
            names: HashMap::new(),
            open: VecDeque::new(),
            left_out: Vec::new(),
        }
    }

    fn whole(mut self, schema: &'d Value) -> Value {
        let schema = self.schema(schema);
        let mut definitions = Map::new();
        while let Some(reference) = self.open.pop_front() {
            let target = self.document.target(&reference).unwrap_or(&ANYTHING);
            let translated = self.schema(target);
            definitions.insert(self.names[&reference].clone(), translated);
        }
        json!({ "allOf": [schema], "definitions": definitions })
    }

    fn schema(&mut self, schema: &'d Value) -> Value {
        let Value::Object(keywords) = schema else {
            return match schema {
                Value::Bool(false) => json!({ "not": {} }),
                _ => json!({}),
            };
        };
        let mut referred = None;
        if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
            let target = self.reference(reference);
            if !self.document.beside_references {
                return target;
            }
            referred = Some(target);
        }
        let around = self.left_out.len();
        if keywords.contains_key("allOf") {
            let facts = Facts::of(self.document, &[schema], 0);
            let leaves_out = |name: &&str| {
                let schemas = facts.property(name).unwrap_or_default();
                schemas
                    .iter()
                    .any(|schema| self.direction.leaves_out(self.document.follow(schema)))
            };
            let left_out: Vec<&'d str> = facts.declared().into_iter().filter(leaves_out).collect();
            self.left_out.extend(left_out);
        }
        let mut out = Map::new();
        for (keyword, value) in keywords {
            self.keyword(keywords, keyword, value, &mut out);
        }
        self.left_out.truncate(around);
        if let Some((minimum, maximum)) = range(keywords) {
            out.insert(
                "allOf".to_owned(),
                json!([{ "minimum": minimum, "maximum": maximum }, { "allOf": out.get("allOf").cloned().unwrap_or(json!([{}])) }]),
            );
        }
        let out = match referred {
            Some(target) => json!({ "allOf": [target, out] }),
            None => Value::Object(out),
        };
        if flag(schema, "nullable") {
            return json!({ "anyOf": [{ "type": "null" }, out] });
        }
        out
    }

    fn keyword(
        &mut self,
        schema: &'d Map<String, Value>,
        keyword: &str,
        value: &'d Value,
        out: &mut Map<String, Value>,
    ) {
        let translated = match keyword {
            "type" | "enum" | "format" | "pattern" | "minLength" | "maxLength" | "multipleOf"
            | "minItems" | "maxItems" | "uniqueItems" | "minProperties" | "maxProperties" => {
                value.clone()
            }
            "minimum" | "maximum" => {
                // In OpenAPI 3.1 an exclusive bound stands alone. If an inclusive bound stands
                // beside it, the exclusive one wins here.
                if out.contains_key(keyword) {
                    return;
                }
                value.clone()
            }
            "exclusiveMinimum" | "exclusiveMaximum" if value.is_number() => {
                let bound = if keyword == "exclusiveMinimum" {
                    "minimum"
                } else {
                    "maximum"
                };
                out.insert(bound.to_owned(), value.clone());
                json!(true)
            }
            "exclusiveMinimum" | "exclusiveMaximum" => value.clone(),
            "const" => {
                out.insert("enum".to_owned(), json!([value]));
                return;
            }
            "items" | "not" => self.schema(value),
            "additionalProperties" if value.is_object() => self.schema(value),
            "additionalProperties" => value.clone(),
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                Value::Object(
                    properties
                        .map(|(name, value)| (name.clone(), self.schema(value)))
                        .collect(),
                )
            }
            "required" => {
                let names = value.as_array().into_iter().flatten();
                let names: Vec<&Value> = names
                    .filter(|name| !self.leaves_out(schema, name))
                    .collect();
                if names.is_empty() {
                    return;
                }
                json!(names)
            }
            "allOf" => self.schemas(value).into(),
            "oneOf" | "anyOf" => self.union(schema, value).into(),
            _ => return,
        };
        out.insert(keyword.to_owned(), translated);
    }

    fn leaves_out(&self, schema: &Map<String, Value>, name: &Value) -> bool {
        let property = schema.get("properties").zip(name.as_str());
        let property = property.and_then(|(properties, name)| properties.get(name));
        property.is_some_and(|property| self.direction.leaves_out(self.document.follow(property)))
            || name
                .as_str()
                .is_some_and(|name| self.left_out.contains(&name))
    }

    fn schemas(&mut self, list: &'d Value) -> Vec<Value> {
        let list = list.as_array().into_iter().flatten();
        list.map(|schema| self.schema(schema)).collect()
    }

    /// The branches of a union. A discriminator fixes the property that it names in each branch.
    fn union(&mut self, schema: &'d Map<String, Value>, branches: &'d Value) -> Vec<Value> {
        let branches = branches.as_array().into_iter().flatten();
        let mut translated = Vec::new();
        for branch in branches {
            let plain = self.schema(branch);
            translated.push(match tags(schema, branch) {
                Some((property, values)) => json!({ "allOf": [plain, {
                    "type": "object",
                    "required": [property],
                    "properties": { property: { "enum": values } },
                }] }),
                None => plain,
            });
        }
        translated
    }

    fn reference(&mut self, reference: &str) -> Value {
        let next = self.names.len();
        let name = match self.names.get(reference) {
            Some(name) => name.clone(),
            None => {
                let name = format!("d{next}");
                self.names.insert(reference.to_owned(), name.clone());
                self.open.push_back(reference.to_owned());
                name
            }
        };
        json!({ "$ref": format!("#/definitions/{name}") })
    }
}
