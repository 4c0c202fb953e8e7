//! `allOf`: one struct if a single schema can express all parts, else a type with a field for each
//! part.

use super::{Kind, Made, TypeExpr, Types};
use crate::model::{Additional, Schema, SchemaObject, Type};
use crate::names::{self, Scope};
use serde_json::{Number, Value};

/// An `allOf` nested deeper than this is not merged. Its parts are checked one by one.
pub(super) const DEEPEST: usize = 32;

impl Types<'_> {
    pub(super) fn all_of(&mut self, schema: &SchemaObject, hint: &str) -> Made {
        // `allOf: [{$ref}]` is how OpenAPI 3.0 gives a reference a description or makes it
        // nullable.
        if let [Schema::Ref { .. }] = schema.all_of.as_slice()
            && says_nothing(schema)
        {
            return Made::Type(self.lower(&schema.all_of[0].clone(), hint));
        }
        match self.merged(schema, DEEPEST) {
            Some(merged) => self.lower_object(&merged, hint),
            None => self.parts(schema, hint),
        }
    }

    /// Makes a type for each part. A value must meet all of them.
    fn parts(&mut self, schema: &SchemaObject, hint: &str) -> Made {
        let mut parts = Vec::new();
        let mut scope = Scope::with(&[]);
        for (index, part) in schema.all_of.iter().enumerate() {
            let name = match part {
                Schema::Ref { target, .. } => names::field_name(target),
                Schema::Inline(_) => format!("part{}", index + 1),
            };
            let ty = self.lower(part, &format!("{hint}Part{}", index + 1));
            parts.push((scope.take(&name), ty));
        }
        let own = SchemaObject {
            all_of: Vec::new(),
            nullable: false,
            ..schema.clone()
        };
        if !says_nothing(&own) {
            let made = self.lower_object(&own, &format!("{hint}Own"));
            let ty = self.settle(made, schema, &format!("{hint}Own"));
            parts.push((scope.take("own"), ty));
        }
        if self.is_object(schema, DEEPEST) {
            Made::Kind(Kind::All(parts))
        } else {
            Made::Type(TypeExpr::Every(
                parts.into_iter().map(|(_, ty)| ty).collect(),
            ))
        }
    }

    /// Whether every value of the schema is an object.
    pub(super) fn is_object(&self, schema: &SchemaObject, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        let mut branches = schema.one_of.iter().chain(&schema.any_of).peekable();
        let inner = |branch: &Schema| {
            self.resolve(branch)
                .is_some_and(|branch| self.is_object(branch, depth))
        };
        let own = schema.effective_type();
        !schema.nullable
            && schema.enumeration.is_none()
            && matches!(own, None | Some(Type::Object))
            && schema.all_of.iter().all(inner)
            && (own.is_some() || !schema.all_of.is_empty() || branches.peek().is_some())
            && branches.all(inner)
    }

    /// Merges the `allOf` into one schema. `None` if one schema can't express all parts.
    pub fn merged(&self, schema: &SchemaObject, depth: usize) -> Option<SchemaObject> {
        if schema.all_of.is_empty() {
            return Some(schema.clone());
        }
        let depth = depth.checked_sub(1)?;
        let mut merged = SchemaObject {
            all_of: Vec::new(),
            ..schema.clone()
        };
        for part in &schema.all_of {
            let part = self.merged(self.resolve(part)?, depth)?;
            merged = intersection(merged, part)?;
        }
        // `nullable` comes from the whole schema, not from its parts.
        merged.nullable = schema.nullable;
        Some(merged)
    }
}

/// Whether a schema constrains nothing beside its `allOf`.
pub(super) fn says_nothing(schema: &SchemaObject) -> bool {
    schema.effective_type().is_none()
        && schema.enumeration.is_none()
        && schema.one_of.is_empty()
        && schema.any_of.is_empty()
        && schema.not.is_none()
}

/// The schema that both schemas allow. `None` if no single schema expresses it. A part's
/// `discriminator` without a union is dropped: it chooses among that part's children, and the
/// merged schema is one of them.
fn intersection(a: SchemaObject, b: SchemaObject) -> Option<SchemaObject> {
    let ty = match (a.ty, b.ty) {
        (Some(a), Some(b)) if a == b => Some(a),
        (Some(Type::Integer), Some(Type::Number)) | (Some(Type::Number), Some(Type::Integer)) => {
            Some(Type::Integer)
        }
        (Some(_), Some(_)) => return None,
        (a, b) => a.or(b),
    };
    let enumeration = match (a.enumeration, b.enumeration) {
        (Some(a), Some(b)) => Some(
            a.into_iter()
                .filter(|value| b.contains(value))
                .collect::<Vec<Value>>(),
        ),
        (a, b) => a.or(b),
    };
    let additional = match (a.additional, b.additional) {
        (Additional::Schema(_), Additional::Schema(_)) => return None,
        // JSON Schema lets a closed part forbid the properties of its siblings, so no value would
        // be valid.
        (Additional::Forbidden, _)
            if b.properties
                .keys()
                .all(|name| a.properties.contains_key(name)) =>
        {
            Additional::Forbidden
        }
        (_, Additional::Forbidden)
            if a.properties
                .keys()
                .all(|name| b.properties.contains_key(name)) =>
        {
            Additional::Forbidden
        }
        // Authors of two closed parts mean the properties of both and no others.
        (Additional::Forbidden, other) | (other, Additional::Forbidden) => other,
        (Additional::Unspecified, other) | (other, Additional::Unspecified) => other,
        (Additional::Any, other) | (other, Additional::Any) => other,
    };
    let mut properties = a.properties;
    for (name, theirs) in b.properties {
        let both = match properties.get(&name) {
            None => theirs,
            Some(ours) if same(ours, &theirs) => theirs,
            Some(ours) => both(ours.clone(), theirs),
        };
        properties.insert(name, both);
    }
    let mut required = a.required;
    required.extend(
        b.required
            .into_iter()
            .filter(|name| !required.contains(name))
            .collect::<Vec<_>>(),
    );
    let (minimum, exclusive_minimum) = tighter(
        (a.minimum, a.exclusive_minimum),
        (b.minimum, b.exclusive_minimum),
        |a, b| a > b,
    );
    let (maximum, exclusive_maximum) = tighter(
        (a.maximum, a.exclusive_maximum),
        (b.maximum, b.exclusive_maximum),
        |a, b| a < b,
    );
    Some(SchemaObject {
        beyond_types: a.beyond_types || b.beyond_types,
        in_place: Vec::new(),
        pointer: a.pointer,
        title: a.title.or(b.title),
        description: a.description.or(b.description),
        deprecated: a.deprecated || b.deprecated,
        nullable: a.nullable && b.nullable,
        read_only: a.read_only || b.read_only,
        write_only: a.write_only || b.write_only,
        default: a.default.or(b.default),
        example: a.example.or(b.example),
        enumeration,
        ty,
        format: one_of_two(a.format, b.format)?,
        pattern: one_of_two(a.pattern, b.pattern)?,
        min_length: a.min_length.max(b.min_length),
        max_length: least(a.max_length, b.max_length),
        minimum,
        maximum,
        exclusive_minimum,
        exclusive_maximum,
        multiple_of: one_of_two(a.multiple_of, b.multiple_of)?,
        items: match (a.items, b.items) {
            (Some(a), Some(b)) if !same(&a, &b) => Some(both(a, b)),
            (a, b) => a.or(b),
        },
        min_items: a.min_items.max(b.min_items),
        max_items: least(a.max_items, b.max_items),
        unique_items: a.unique_items || b.unique_items,
        properties,
        required,
        additional,
        min_properties: a.min_properties.max(b.min_properties),
        max_properties: least(a.max_properties, b.max_properties),
        all_of: Vec::new(),
        discriminator: match b.one_of.is_empty() && b.any_of.is_empty() {
            true => a.discriminator,
            false => b.discriminator,
        },
        one_of: one_list(a.one_of, b.one_of)?,
        any_of: one_list(a.any_of, b.any_of)?,
        not: match (a.not, b.not) {
            (Some(_), Some(_)) => return None,
            (a, b) => a.or(b),
        },
    })
}

fn both(a: Schema, b: Schema) -> Schema {
    let pointer = a.pointer().to_owned();
    Schema::Inline(Box::new(SchemaObject {
        pointer,
        all_of: vec![a, b],
        ..SchemaObject::default()
    }))
}

fn same(a: &Schema, b: &Schema) -> bool {
    match (a, b) {
        (Schema::Ref { target: a, .. }, Schema::Ref { target: b, .. }) => a == b,
        (Schema::Inline(a), Schema::Inline(b)) => {
            a.pointer == b.pointer && a.all_of.is_empty() && b.all_of.is_empty()
        }
        _ => false,
    }
}

fn one_of_two<T: PartialEq>(a: Option<T>, b: Option<T>) -> Option<Option<T>> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => None,
        (a, b) => Some(a.or(b)),
    }
}

fn one_list(a: Vec<Schema>, b: Vec<Schema>) -> Option<Vec<Schema>> {
    match (a.is_empty(), b.is_empty()) {
        (_, true) => Some(a),
        (true, _) => Some(b),
        _ => None,
    }
}

fn least(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The tighter of two bounds, and whether it is exclusive. `wins` compares them.
fn tighter(
    (a, a_excluded): (Option<Number>, bool),
    (b, b_excluded): (Option<Number>, bool),
    wins: fn(f64, f64) -> bool,
) -> (Option<Number>, bool) {
    match (a, b) {
        (Some(a), Some(b)) => {
            let (first, second) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
            if wins(first, second) {
                (Some(a), a_excluded)
            } else if wins(second, first) {
                (Some(b), b_excluded)
            } else {
                (Some(a), a_excluded || b_excluded)
            }
        }
        (Some(a), None) => (Some(a), a_excluded),
        (None, b) => (b, b_excluded),
    }
}
