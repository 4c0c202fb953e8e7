//! Flattens a schema: it follows references and splits `allOf` into the parts that a value must all
//! meet.

use crate::types::Types;
use dropshot_codegen::model::{Additional, Document, Schema, SchemaObject};
use indexmap::IndexMap;
use serde_json::Value;
use std::collections::HashSet;

/// The schemas that a value must all meet, at one place of a document. Mostly this is one schema.
/// It is none if any value is allowed.
#[derive(Debug, Clone)]
pub struct At<'d> {
    /// The pointer of the place. For a place without a schema, the pointer of the part around it.
    pub pointer: &'d str,
    pub schemas: Vec<&'d Schema>,
}

impl<'d> At<'d> {
    pub fn one(schema: &'d Schema) -> Self {
        Self {
            pointer: schema.pointer(),
            schemas: vec![schema],
        }
    }

    pub fn optional(schema: Option<&'d Schema>, around: &'d str) -> Self {
        schema.map_or(
            Self {
                pointer: around,
                schemas: Vec::new(),
            },
            Self::one,
        )
    }

    /// A key that tells this place from others: the pointers or names of its schemas.
    pub fn key(&self) -> Vec<&'d str> {
        let written = |schema: &&'d Schema| match schema {
            Schema::Ref { target, .. } => target.as_str(),
            Schema::Inline(object) => object.pointer.as_str(),
        };
        let mut key: Vec<&str> = self.schemas.iter().map(written).collect();
        if key.is_empty() {
            key.push(self.pointer);
        }
        key.sort_unstable();
        key.dedup();
        key
    }

    /// The component that the place refers to. `None` if it is more than a reference.
    pub fn target(&self) -> Option<&'d str> {
        match self.schemas.as_slice() {
            [Schema::Ref { target, .. }] => Some(target),
            _ => None,
        }
    }
}

/// The parts that a value must all meet, none of them a reference or an `allOf`.
pub struct Flat<'d> {
    pub pointer: &'d str,
    /// The parts. The schema itself comes first. Each component comes once, even if several
    /// references lead to it.
    pub parts: Vec<&'d SchemaObject>,
}

impl<'d> Flat<'d> {
    pub fn new(document: &'d Document, at: &At<'d>) -> Self {
        let mut parts = Vec::new();
        let mut seen = HashSet::new();
        let mut left: Vec<&Schema> = at.schemas.iter().rev().copied().collect();
        while let Some(schema) = left.pop() {
            match schema {
                Schema::Ref { target, .. } => {
                    if seen.insert(target.as_str()) {
                        left.extend(document.schemas.get(target));
                    }
                }
                Schema::Inline(object) => {
                    parts.push(&**object);
                    left.extend(object.all_of.iter().rev());
                }
            }
        }
        let pointer = match parts.first() {
            Some(part) if !part.pointer.is_empty() => &part.pointer,
            _ => at.pointer,
        };
        Self { pointer, parts }
    }

    /// The first value that a part gives, and that part's pointer.
    pub fn first<T>(&self, say: impl Fn(&'d SchemaObject) -> Option<T>) -> Option<(T, &'d str)> {
        self.parts
            .iter()
            .find_map(|part| say(part).map(|said| (said, part.pointer.as_str())))
    }

    /// All values that the parts give, each with its part's pointer.
    pub fn all<T>(
        &self,
        say: impl Fn(&'d SchemaObject) -> Option<T>,
    ) -> impl Iterator<Item = (T, &'d str)> {
        self.parts
            .iter()
            .filter_map(move |part| say(part).map(|said| (said, part.pointer.as_str())))
    }

    /// The tightest value that a part gives, and that part's pointer.
    pub fn tightest<T: Copy>(
        &self,
        say: impl Fn(&'d SchemaObject) -> Option<T>,
        tighter: impl Fn(T, T) -> bool,
    ) -> Option<(T, &'d str)> {
        self.all(say)
            .reduce(|a, b| if tighter(b.0, a.0) { b } else { a })
    }

    /// The pointer of the first part for which `says` is true, or else the schema's own.
    pub fn place(&self, says: impl Fn(&SchemaObject) -> bool) -> &'d str {
        self.parts
            .iter()
            .find(|part| says(part))
            .map_or(self.pointer, |part| &part.pointer)
    }

    /// The types that all parts allow.
    pub fn types(&self) -> Types {
        self.parts
            .iter()
            .filter_map(|part| part.effective_type())
            .fold(Types::ALL, |types, ty| types.both(Types::of(ty)))
    }

    /// Whether null is allowed. OpenAPI 3.0 makes a reference nullable by `nullable` beside an
    /// `allOf`.
    pub fn null(&self) -> bool {
        let allows = |part: &&SchemaObject| part.nullable || part.effective_type().is_none();
        let by_enum = self
            .enumeration()
            .is_none_or(|(values, _)| values.contains(&&Value::Null));
        let outer = self.parts.first().is_some_and(|part| part.nullable);
        outer || (by_enum && self.parts.iter().all(allows))
    }

    /// The values that the enums of all parts have, and the first enum's place. null may be among
    /// them. `None` if no part has an enum.
    pub fn enumeration(&self) -> Option<(Vec<&'d Value>, &'d str)> {
        let mut lists = self.all(|part| part.enumeration.as_ref());
        let (first, pointer) = lists.next()?;
        let rest: Vec<_> = lists.map(|(list, _)| list).collect();
        let in_all = |value: &&Value| rest.iter().all(|list| list.contains(value));
        Some((first.iter().filter(in_all).collect(), pointer))
    }

    /// The schemas that each property must meet.
    pub fn properties(&self) -> IndexMap<&'d str, At<'d>> {
        let mut properties: IndexMap<&str, At> = IndexMap::new();
        for (name, schema) in self.parts.iter().flat_map(|part| &part.properties) {
            properties
                .entry(name)
                .and_modify(|at| at.schemas.push(schema))
                .or_insert_with(|| At::one(schema));
        }
        properties
    }

    /// The names of the required properties, and the pointers of the parts that require them.
    pub fn required(&self) -> IndexMap<&'d str, &'d str> {
        let mut required = IndexMap::new();
        for part in &self.parts {
            for name in &part.required {
                required
                    .entry(name.as_str())
                    .or_insert(part.pointer.as_str());
            }
        }
        required
    }

    /// The schemas that undeclared properties must meet. `None` if such properties are forbidden.
    pub fn others(&self) -> Option<At<'d>> {
        let mut at = At {
            pointer: self.pointer,
            schemas: Vec::new(),
        };
        for part in &self.parts {
            match &part.additional {
                Additional::Forbidden => return None,
                Additional::Schema(schema) => {
                    at.pointer = schema.pointer();
                    at.schemas.push(schema);
                }
                Additional::Any | Additional::Unspecified => {}
            }
        }
        Some(at)
    }

    /// Whether the schema asks for nothing but its `oneOf` and `anyOf`, as far as alternatives are
    /// concerned: no type, `enum`, `not`, property or item.
    pub fn only_alternatives(&self) -> bool {
        self.types() == Types::ALL
            && self.parts.iter().all(|part| {
                part.enumeration.is_none()
                    && part.not.is_none()
                    && part.properties.is_empty()
                    && part.items.is_none()
            })
    }
}
