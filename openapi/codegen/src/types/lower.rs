//! Turns a schema into a type: references, objects, lists, scalars.

use super::merge::{DEEPEST, says_nothing};
use super::{Choice, Field, Formatted, Kind, Made, Struct, TypeExpr, Types, docs};
use crate::codes;
use crate::model::{Additional, Schema, SchemaObject, Type};
use crate::names::{self, Scope};
use serde_json::Value;

impl Types<'_> {
    /// The type of a schema. Definitions that it needs are named after `hint`.
    pub fn lower(&mut self, schema: &Schema, hint: &str) -> TypeExpr {
        match schema {
            Schema::Ref { target, .. } => self.component(target),
            Schema::Inline(object) => {
                // The properties of an `allOf` part keep their pointers, so all heirs share one
                // type.
                let shared = object.all_of.is_empty().then(|| object.pointer.clone());
                let known = shared
                    .as_ref()
                    .and_then(|pointer| self.inline.get(pointer).copied());
                let ty = match known {
                    Some(id) => TypeExpr::Named(id),
                    None => {
                        let made = self.lower_object(object, hint);
                        self.settle(made, object, hint)
                    }
                };
                if let (Some(pointer), TypeExpr::Named(id)) = (shared, &ty)
                    && self.defs[*id].pointer == pointer
                {
                    self.inline.insert(pointer, *id);
                }
                if self.is_nullable(object) {
                    nullable(ty)
                } else {
                    ty
                }
            }
        }
    }

    /// The type of a component is its name. [`Self::finish`] makes its definition later, so a
    /// recursive schema or a chain of thousands of schemas does not deepen the stack.
    fn component(&mut self, target: &str) -> TypeExpr {
        let document = self.document;
        let mut target = target;
        for _ in 0..64 {
            if let Some(ty) = self.components.get(target) {
                return ty.clone();
            }
            match document.schemas.get(target) {
                Some(Schema::Ref { target: next, .. }) => target = next,
                Some(Schema::Inline(object)) => {
                    let id = self.define(&names::type_name(target), object, Kind::Pending);
                    let ty = TypeExpr::Named(id);
                    let ty = if self.is_nullable(object) {
                        nullable(ty)
                    } else {
                        ty
                    };
                    self.components.insert(target.to_owned(), ty.clone());
                    self.pending.push_back((id, object));
                    return ty;
                }
                None => break,
            }
        }
        TypeExpr::Value
    }

    /// Makes the definitions of all components that were named.
    pub fn finish(&mut self) {
        while let Some((id, object)) = self.pending.pop_front() {
            let name = self.defs[id].name.clone();
            self.defs[id].kind = match self.lower_object(object, &name) {
                Made::Kind(kind) => kind,
                Made::Type(ty) if ty.checked() => Kind::Newtype(ty),
                Made::Type(ty) => Kind::Alias(ty),
            };
        }
    }

    /// The type of a lowered schema. If it needs a definition, the definition is named after
    /// `hint`.
    pub(super) fn settle(&mut self, made: Made, schema: &SchemaObject, hint: &str) -> TypeExpr {
        match made {
            Made::Type(ty) => ty,
            Made::Kind(kind) => TypeExpr::Named(self.define(hint, schema, kind)),
        }
    }

    /// Lowers a schema without regard to its `nullable`.
    pub(super) fn lower_object(&mut self, schema: &SchemaObject, hint: &str) -> Made {
        if self.beyond_types(schema, DEEPEST) {
            return self.evaluated(schema, hint);
        }
        let Some(not) = &schema.not else {
            return self.lower_positive(schema, hint);
        };
        let not = self.lower(not, &format!("{hint}Not"));
        let made = self.lower_positive(schema, hint);
        let ty = self.settle(made, schema, &format!("{hint}Value"));
        Made::Type(TypeExpr::Not(Box::new(ty), Box::new(not)))
    }

    pub(super) fn lower_positive(&mut self, schema: &SchemaObject, hint: &str) -> Made {
        if !schema.all_of.is_empty() {
            return self.all_of(schema, hint);
        }
        if let Some(values) = &schema.enumeration {
            return self.enumeration(schema, values, hint);
        }
        if !schema.one_of.is_empty() || !schema.any_of.is_empty() {
            return self.union(schema, hint);
        }
        Made::Type(match schema.effective_type() {
            None => TypeExpr::Value,
            Some(Type::Boolean) => TypeExpr::Bool,
            Some(Type::String) => self.string(schema),
            Some(Type::Integer) => {
                TypeExpr::Integer(integer_type(schema), self.rules.integer(schema))
            }
            Some(Type::Number) => TypeExpr::Float(self.rules.float(schema)),
            Some(Type::Array) => {
                let items = match &schema.items {
                    Some(items) => self.lower(items, &format!("{hint}Item")),
                    None => TypeExpr::Value,
                };
                TypeExpr::List(Box::new(items), self.rules.items(schema))
            }
            Some(Type::Object) => return self.object(schema, hint),
        })
    }

    fn string(&mut self, schema: &SchemaObject) -> TypeExpr {
        let rule = self.rules.text(schema).unwrap_or_else(|reason| {
            self.refusals.carried(
                codes::PATTERN_NOT_ENFORCED,
                &schema.pointer,
                &format!("the pattern can't be enforced: {reason}"),
                "it stays in the served document; a handler has to check it",
            );
            let unpatterned = SchemaObject {
                pattern: None,
                ..schema.clone()
            };
            self.rules.text(&unpatterned).unwrap_or_default()
        });
        if rule.is_some() {
            return TypeExpr::String(rule);
        }
        match schema.format.as_deref() {
            Some("uuid") => TypeExpr::Formatted(Formatted::Uuid),
            Some("date-time") => TypeExpr::Formatted(Formatted::DateTime),
            Some("date") => TypeExpr::Formatted(Formatted::Date),
            Some("byte") => TypeExpr::Formatted(Formatted::Base64),
            Some("binary") => TypeExpr::Formatted(Formatted::Binary),
            Some("ipv4") => TypeExpr::Formatted(Formatted::Ipv4),
            Some("ipv6") => TypeExpr::Formatted(Formatted::Ipv6),
            Some("ip") => TypeExpr::Formatted(Formatted::Ip),
            _ => TypeExpr::String(None),
        }
    }

    fn enumeration(&mut self, schema: &SchemaObject, values: &[Value], hint: &str) -> Made {
        let values: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
        let strings: Option<Vec<&str>> = values.iter().map(|value| value.as_str()).collect();
        match strings {
            Some(strings) if !strings.is_empty() => choice(
                strings
                    .into_iter()
                    .map(|wire| (wire.to_owned(), Vec::new())),
            ),
            _ => {
                let base = SchemaObject {
                    enumeration: None,
                    ..schema.clone()
                };
                let made = self.lower_positive(&base, hint);
                let ty = self.settle(made, schema, hint);
                let list = Value::Array(values.into_iter().cloned().collect()).to_string();
                Made::Type(TypeExpr::Listed(Box::new(ty), list))
            }
        }
    }

    fn object(&mut self, schema: &SchemaObject, hint: &str) -> Made {
        let closed = matches!(schema.additional, Additional::Forbidden);
        if schema.properties.is_empty() && schema.required.is_empty() && !closed {
            let value = match &schema.additional {
                Additional::Schema(value) => self.lower(value, &format!("{hint}Value")),
                _ => TypeExpr::Value,
            };
            return Made::Type(TypeExpr::Map(
                Box::new(value),
                self.rules.properties(schema),
            ));
        }
        Made::Kind(Kind::Struct(self.structure(schema, hint)))
    }

    /// The struct of a schema's properties. A name that only `required` lists becomes a field of
    /// any value.
    pub(super) fn structure(&mut self, schema: &SchemaObject, hint: &str) -> Struct {
        let mut scope = Scope::with(&[]);
        let mut fields = Vec::with_capacity(schema.properties.len());
        for (wire, property) in &schema.properties {
            let name = scope.take(&names::field_name(wire));
            let ty = self.lower(property, &format!("{hint}{}", names::type_name(wire)));
            let object = self.resolve(property);
            fields.push(Field {
                wire: wire.clone(),
                name,
                ty,
                required: schema.required.contains(wire),
                default: object
                    .and_then(|o| o.default.as_ref())
                    .map(Value::to_string),
                read_only: object.is_some_and(|o| o.read_only),
                write_only: object.is_some_and(|o| o.write_only),
                docs: match property {
                    Schema::Inline(object) => docs(object),
                    Schema::Ref { .. } => Vec::new(),
                },
            });
        }
        let undeclared = schema
            .required
            .iter()
            .filter(|name| !schema.properties.contains_key(*name));
        for wire in undeclared {
            fields.push(Field {
                wire: wire.clone(),
                name: scope.take(&names::field_name(wire)),
                ty: TypeExpr::Value,
                required: true,
                default: None,
                read_only: false,
                write_only: false,
                docs: Vec::new(),
            });
        }
        let rest = match &schema.additional {
            Additional::Schema(value) => Some(self.lower(value, &format!("{hint}Value"))),
            Additional::Any => Some(TypeExpr::Value),
            Additional::Unspecified | Additional::Forbidden => None,
        };
        if rest.is_some() {
            // The field of the rest is named last, so a property of the same name keeps its name.
            fields
                .iter_mut()
                .filter(|field| field.name == "additional_properties")
                .for_each(|field| {
                    field.name = scope.take("additional_properties");
                });
        }
        Struct {
            fields,
            rest,
            closed: matches!(schema.additional, Additional::Forbidden),
            rule: self.rules.properties(schema),
            presence: Vec::new(),
            schema: None,
        }
    }

    /// Whether the schema's type is wrapped so that it takes null. The evaluator sees null as well,
    /// so the type of an evaluated schema is wrapped inside its check.
    fn is_nullable(&self, schema: &SchemaObject) -> bool {
        self.admits_null(schema, DEEPEST) && !self.beyond_types(schema, DEEPEST)
    }

    /// Whether null is a value of the schema. Either the schema says so, or it consists of an
    /// `allOf` of which each part admits null. A part without constraints does not exclude null.
    pub(super) fn admits_null(&self, schema: &SchemaObject, depth: usize) -> bool {
        let listed = |values: &Vec<Value>| values.iter().any(Value::is_null);
        if schema.nullable || schema.enumeration.as_ref().is_some_and(listed) {
            return true;
        }
        let mut said = false;
        let part = |part: &Schema| {
            let part = self.resolve(part);
            let null = part.is_some_and(|part| depth > 0 && self.admits_null(part, depth - 1));
            said |= null;
            null || part.is_some_and(|part| part.all_of.is_empty() && says_nothing(part))
        };
        says_nothing(schema) && !schema.all_of.is_empty() && schema.all_of.iter().all(part) && said
    }

    /// Follows references to the schema itself.
    pub fn resolve<'s>(&'s self, mut schema: &'s Schema) -> Option<&'s SchemaObject> {
        for _ in 0..64 {
            match schema {
                Schema::Inline(object) => return Some(object),
                Schema::Ref { target, .. } => schema = self.document.schemas.get(target)?,
            }
        }
        None
    }
}

/// A string enum of these texts, each with its documentation.
pub(super) fn choice(values: impl IntoIterator<Item = (String, Vec<String>)>) -> Made {
    let mut scope = Scope::with(&[]);
    let mut choices: Vec<Choice> = Vec::new();
    for (wire, docs) in values {
        if choices.iter().all(|choice| choice.wire != wire) {
            let name = scope.take(&names::type_name(&wire));
            choices.push(Choice { wire, name, docs });
        }
    }
    Made::Kind(Kind::Choice(choices))
}

impl TypeExpr {
    /// Whether a decoder must check values beyond what their Rust type guarantees.
    pub fn checked(&self) -> bool {
        match self {
            TypeExpr::String(rule) | TypeExpr::Integer(_, rule) | TypeExpr::Float(rule) => {
                rule.is_some()
            }
            TypeExpr::List(inner, rule) | TypeExpr::Map(inner, rule) => {
                rule.is_some() || inner.checked()
            }
            TypeExpr::Nullable(inner) | TypeExpr::Boxed(inner) => inner.checked(),
            TypeExpr::Listed(..)
            | TypeExpr::Not(..)
            | TypeExpr::Every(_)
            | TypeExpr::Evaluated(..) => true,
            TypeExpr::Formatted(_) | TypeExpr::Bool | TypeExpr::Value | TypeExpr::Named(_) => false,
        }
    }
}

pub(super) fn nullable(ty: TypeExpr) -> TypeExpr {
    match ty {
        TypeExpr::Nullable(_) | TypeExpr::Value => ty,
        ty => TypeExpr::Nullable(Box::new(ty)),
    }
}

fn integer_type(schema: &SchemaObject) -> &'static str {
    match schema.format.as_deref() {
        Some("int8") => "i8",
        Some("int16") => "i16",
        Some("int32") => "i32",
        Some("uint8") => "u8",
        Some("uint16") => "u16",
        Some("uint32") => "u32",
        Some("uint64" | "uint" | "uint128") => "u64",
        _ => {
            let beyond = |n: &serde_json::Number| n.is_u64() && n.as_i64().is_none();
            if schema.maximum.as_ref().is_some_and(beyond) {
                "u64"
            } else {
                "i64"
            }
        }
    }
}
