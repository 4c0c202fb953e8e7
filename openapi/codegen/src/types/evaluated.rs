//! Schemas that say what no Rust type says.
//!
//! Such a schema gets the plainest type that holds its values, and a check by the run time's
//! evaluator before the value is decoded. The evaluator reads the whole schema, so all keywords
//! hold together. [`super::lower`] makes the types of all other schemas.
//!
//! A keyword binds values of its own type. One rule infers the type of a schema without `type`:
//! keywords about objects mean an object, `items` means an array, and keywords about strings or
//! numbers alone mean a string or a number. A schema whose keywords are about several types, or
//! about formats alone, takes values of any type.

use super::lower::nullable;
use super::merge::DEEPEST;
use super::{Kind, Made, TypeExpr, Types};
use crate::model::{Additional, Schema, SchemaObject, Type};

impl Types<'_> {
    /// Whether types can't say all of a schema. [`crate::read`] marks the keywords of JSON Schema
    /// for which there are no types. Others can't be said together.
    pub(super) fn beyond_types(&self, schema: &SchemaObject, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        let part = |part: &Schema| {
            self.resolve(part)
                .is_some_and(|part| self.beyond_types(part, depth))
        };
        schema.beyond_types
            || self.unions_with_more(schema)
            || (schema.enumeration.is_some() && has_limits(schema))
            || says_undeclared(schema)
            || mixes_types(schema)
            || (schema.ty == Some(Type::Integer) && steps_by_fractions(schema))
            || (!schema.all_of.is_empty() && self.closes_siblings(schema, depth))
            || schema.not.as_ref().is_some_and(|not| self.untyped(not))
            || schema.all_of.iter().any(part)
    }

    /// The type of such a schema.
    pub(super) fn evaluated(&mut self, schema: &SchemaObject, hint: &str) -> Made {
        let rule = self.rules.schema(&schema.pointer);
        let Some(plain) = self.plain(schema) else {
            return Made::Type(TypeExpr::Evaluated(Box::new(TypeExpr::Value), rule));
        };
        let null = self.admits_null(schema, DEEPEST);
        match self.lower_positive(&plain, hint) {
            Made::Kind(Kind::Struct(mut object)) if !null => {
                object.schema = Some(rule);
                Made::Kind(Kind::Struct(object))
            }
            made => {
                let ty = self.settle(made, schema, &format!("{hint}Value"));
                let ty = if null { nullable(ty) } else { ty };
                Made::Type(TypeExpr::Evaluated(Box::new(ty), rule))
            }
        }
    }

    /// The part of the schema that a type says without refusing what the schema takes. `None` if
    /// its values have no one type.
    fn plain(&self, schema: &SchemaObject) -> Option<SchemaObject> {
        let merged = self.merged(schema, DEEPEST)?;
        let inferred = || {
            let ty = merged.effective_type();
            ty.filter(|ty| {
                matches!(ty, Type::Object) && !schema.beyond_types && !mixes_types(schema)
            })
        };
        let ty = merged.ty.or_else(inferred)?;
        let mut branches = merged.one_of.iter().chain(&merged.any_of);
        let keeps_union = ty == Type::Object
            && branches.all(|branch| {
                let branch = self.resolve(branch);
                branch.is_some_and(|branch| self.is_object(branch, DEEPEST))
            });
        let mut plain = SchemaObject {
            ty: Some(ty),
            nullable: false,
            not: None,
            beyond_types: false,
            ..merged
        };
        if !keeps_union {
            plain.one_of.clear();
            plain.any_of.clear();
        }
        if ty == Type::Object {
            plain.enumeration = None;
        }
        Some(plain)
    }

    /// Whether a union stands beside limits, or has a branch without a type.
    fn unions_with_more(&self, schema: &SchemaObject) -> bool {
        let mut branches = schema.one_of.iter().chain(&schema.any_of).peekable();
        branches.peek().is_some()
            && (has_limits(schema)
                || schema.enumeration.is_some()
                || branches.any(|branch| self.untyped(branch)))
    }

    /// Whether a schema says something of its values and not which type they have.
    fn untyped(&self, schema: &Schema) -> bool {
        self.resolve(schema).is_some_and(|object| {
            object.ty.is_none()
                && object.enumeration.is_none()
                && object.effective_type() != Some(Type::Object)
                && has_limits(object)
        })
    }

    /// Whether a part of an `allOf` says which other properties there may be. It looks at its own
    /// properties only (JSON Schema Core, 10.3.2.3), so no struct of all parts says the same.
    fn closes_siblings(&self, schema: &SchemaObject, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        says_of_others(schema)
            || schema.all_of.iter().any(|part| {
                self.resolve(part)
                    .is_some_and(|part| self.closes_siblings(part, depth))
            })
    }
}

fn says_of_others(schema: &SchemaObject) -> bool {
    matches!(
        schema.additional,
        Additional::Forbidden | Additional::Schema(_)
    )
}

/// Whether `required` lists a name that `additionalProperties` forbids or describes.
fn says_undeclared(schema: &SchemaObject) -> bool {
    let declared = |name: &String| schema.properties.contains_key(name);
    says_of_others(schema) && !schema.required.iter().all(declared)
}

/// Whether there is a keyword that limits values of a type.
fn has_limits(schema: &SchemaObject) -> bool {
    groups(schema).contains(&true)
        || says_of_others(schema)
        || schema.max_properties.is_some()
        || schema.min_properties.is_some()
}

/// Whether there are keywords about strings, numbers and arrays.
fn groups(schema: &SchemaObject) -> [bool; 3] {
    let asserted = |format: &String| ASSERTED_FORMATS.contains(&format.as_str());
    [
        schema.pattern.is_some()
            || schema.min_length.is_some()
            || schema.max_length.is_some()
            || schema.format.as_ref().is_some_and(asserted),
        schema.minimum.is_some() || schema.maximum.is_some() || schema.multiple_of.is_some(),
        schema.items.is_some()
            || schema.min_items.is_some()
            || schema.max_items.is_some()
            || schema.unique_items,
    ]
}

/// Whether a schema without `type` has keywords about several types, or some that infer none.
fn mixes_types(schema: &SchemaObject) -> bool {
    let of_scalars_and_arrays = groups(schema);
    let count = of_scalars_and_arrays.iter().filter(|said| **said).count();
    let object = schema.effective_type() == Some(Type::Object);
    schema.ty.is_none()
        && schema.enumeration.is_none()
        && (count + usize::from(object) > 1 || count == 1 && schema.effective_type().is_none())
}

fn steps_by_fractions(schema: &SchemaObject) -> bool {
    let step = schema.multiple_of.as_ref();
    step.and_then(serde_json::Number::as_f64)
        .is_some_and(|step| step.fract() != 0.0)
}

/// The formats that the run time's evaluator asserts.
const ASSERTED_FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];
