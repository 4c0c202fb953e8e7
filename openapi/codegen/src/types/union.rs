//! `oneOf` and `anyOf` as enums. A tag tells the variants apart if the document or the branches
//! define one.

use super::lower::choice;
use super::merge::DEEPEST;
use super::{How, Kind, Made, TypeExpr, Types, Union, Variant, docs};
use crate::model::{Additional, Schema, SchemaObject, Type};
use crate::names::{self, Scope};
use serde_json::Value;

impl Types<'_> {
    pub(super) fn union(&mut self, schema: &SchemaObject, hint: &str) -> Made {
        let (branches, how) = match (schema.one_of.as_slice(), schema.any_of.as_slice()) {
            ([], any) => (any, How::Any),
            (one, []) => (one, How::One),
            _ => {
                // With both `anyOf` and `oneOf`, a value must meet a branch of each.
                let any_of = SchemaObject {
                    one_of: Vec::new(),
                    ..schema.clone()
                };
                return self.both(schema, ("any", &any_of), ("one", &bare(schema)), hint);
            }
        };
        if let Some(made) = self.only_required(schema, branches, &how, hint) {
            return made;
        }
        if !schema.properties.is_empty() || !schema.required.is_empty() {
            let own = SchemaObject {
                one_of: Vec::new(),
                any_of: Vec::new(),
                discriminator: None,
                ..schema.clone()
            };
            return self.both(schema, ("base", &own), ("variant", &bare(schema)), hint);
        }
        self.branches(schema, branches, how, hint)
    }

    /// A type of two parts. A value must meet both.
    fn both(
        &mut self,
        schema: &SchemaObject,
        (first, one): (&str, &SchemaObject),
        (second, other): (&str, &SchemaObject),
        hint: &str,
    ) -> Made {
        let mut parts = Vec::with_capacity(2);
        for (name, part) in [(first, one), (second, other)] {
            let hint = format!("{hint}{}", names::type_name(name));
            let made = self.lower_object(part, &hint);
            parts.push((name.to_owned(), self.settle(made, schema, &hint)));
        }
        if self.is_object(one, DEEPEST) && self.is_object(other, DEEPEST) {
            Made::Kind(Kind::All(parts))
        } else {
            Made::Type(TypeExpr::Every(
                parts.into_iter().map(|(_, ty)| ty).collect(),
            ))
        }
    }

    /// A struct whose `anyOf` or `oneOf` only lists which properties must be present.
    fn only_required(
        &mut self,
        schema: &SchemaObject,
        branches: &[Schema],
        how: &How,
        hint: &str,
    ) -> Option<Made> {
        let sets: Option<Vec<Vec<String>>> = branches
            .iter()
            .map(|branch| match branch {
                Schema::Inline(branch) => {
                    let rest = SchemaObject {
                        required: Vec::new(),
                        ty: None,
                        ..(**branch).clone()
                    };
                    let only = rest.effective_type().is_none()
                        && rest.enumeration.is_none()
                        && rest.all_of.is_empty()
                        && rest.one_of.is_empty()
                        && rest.any_of.is_empty()
                        && rest.not.is_none()
                        && branch.ty.is_none_or(|ty| ty == Type::Object);
                    (only && !branch.required.is_empty()).then(|| branch.required.clone())
                }
                Schema::Ref { .. } => None,
            })
            .collect();
        let sets = sets?;
        if schema.properties.is_empty() {
            return None;
        }
        let own = SchemaObject {
            one_of: Vec::new(),
            any_of: Vec::new(),
            ..schema.clone()
        };
        let mut object = self.structure(&own, hint);
        object.presence.push((*how == How::One, sets));
        Some(Made::Kind(Kind::Struct(object)))
    }

    fn branches(
        &mut self,
        schema: &SchemaObject,
        branches: &[Schema],
        how: How,
        hint: &str,
    ) -> Made {
        // One branch is left if the reader removed a branch that only allows null. The reader has
        // set `nullable`.
        if let ([only], None) = (branches, &schema.discriminator) {
            return Made::Type(self.lower(&only.clone(), hint));
        }
        if let Some(choices) = self.documented_choices(branches) {
            return choice(choices);
        }
        let tags = self.tags(schema, branches);
        let mut scope = Scope::with(&[]);
        let mut variants = Vec::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            let (untold, tags) = match &tags {
                Some((property, tags)) => {
                    (!self.has_property(branch, property), tags[index].clone())
                }
                None => (false, Vec::new()),
            };
            // If the type lacks the tag, each tag needs its own variant to be known later.
            let split = untold && tags.len() > 1;
            let groups = if split {
                tags.into_iter().map(|tag| vec![tag]).collect()
            } else {
                vec![tags]
            };
            for tags in groups {
                let name = match tags.first().filter(|_| split) {
                    Some(tag) => names::type_name(tag),
                    None => self.variant_name(branch, &tags, index),
                };
                let name = scope.take(&name);
                let ty = self.lower(branch, &format!("{hint}{name}"));
                let docs = match branch {
                    Schema::Inline(branch) => docs(branch),
                    Schema::Ref { .. } => Vec::new(),
                };
                variants.push(Variant {
                    name,
                    ty,
                    tags,
                    untold,
                    docs,
                });
            }
        }
        let how = tags.map_or(how, |(property, _)| How::Tagged(property));
        Made::Kind(Kind::Union(Union { how, variants }))
    }

    /// Whether values of the schema can have a property of that name.
    fn has_property(&self, schema: &Schema, name: &str) -> bool {
        let object = self
            .resolve(schema)
            .and_then(|object| self.merged(object, DEEPEST));
        object.is_none_or(|object| {
            let kept = matches!(object.additional, Additional::Any | Additional::Schema(_));
            object.properties.contains_key(name)
                || object.required.iter().any(|known| known == name)
                || kept
                || !object.one_of.is_empty()
                || !object.any_of.is_empty()
        })
    }

    /// The values and descriptions of branches that are each a string enum. schemars documents
    /// enums in this way.
    fn documented_choices(&self, branches: &[Schema]) -> Option<Vec<(String, Vec<String>)>> {
        let mut choices = Vec::new();
        for branch in branches {
            let Schema::Inline(branch) = branch else {
                return None;
            };
            let plain = branch.ty == Some(Type::String)
                && branch.pattern.is_none()
                && branch.format.is_none();
            if !plain || branch.nullable {
                return None;
            }
            for value in branch.enumeration.as_ref()? {
                choices.push((value.as_str()?.to_owned(), docs(branch)));
            }
        }
        Some(choices)
    }

    /// The property that tells the branches apart, and its values for each branch.
    fn tags(
        &self,
        schema: &SchemaObject,
        branches: &[Schema],
    ) -> Option<(String, Vec<Vec<String>>)> {
        if let Some(discriminator) = &schema.discriminator {
            let tags: Option<Vec<Vec<String>>> = branches
                .iter()
                .map(|branch| {
                    let Schema::Ref { target, .. } = branch else {
                        return None;
                    };
                    let mapped = discriminator
                        .mapping
                        .iter()
                        .filter(|(_, component)| *component == target);
                    let mapped: Vec<String> = mapped.map(|(value, _)| value.clone()).collect();
                    Some(if mapped.is_empty() {
                        vec![target.clone()]
                    } else {
                        mapped
                    })
                })
                .collect();
            if let Some(tags) = tags {
                return Some((discriminator.property.clone(), tags));
            }
        }
        let objects: Option<Vec<SchemaObject>> = branches
            .iter()
            .map(|branch| self.merged(self.resolve(branch)?, 8))
            .collect();
        let objects = objects?;
        let candidates = objects.first()?.properties.keys();
        candidates.into_iter().find_map(|property| {
            let tags: Option<Vec<Vec<String>>> = objects
                .iter()
                .map(|object| self.constants(object, property))
                .collect();
            let tags = tags?;
            let mut all: Vec<&String> = tags.iter().flatten().collect();
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            (all.len() == count).then(|| (property.clone(), tags))
        })
    }

    /// The strings to which a required property of an object is limited.
    fn constants(&self, object: &SchemaObject, property: &str) -> Option<Vec<String>> {
        let required = object.required.iter().any(|name| name == property);
        if !required || object.nullable {
            return None;
        }
        let schema = self.resolve(object.properties.get(property)?)?;
        if schema.nullable {
            return None;
        }
        let values = schema.enumeration.as_ref()?;
        values
            .iter()
            .map(|value| value.as_str().map(ToOwned::to_owned))
            .collect()
    }

    fn variant_name(&self, branch: &Schema, tags: &[String], index: usize) -> String {
        match branch {
            Schema::Ref { target, .. } => names::type_name(target),
            Schema::Inline(_) if tags.len() == 1 => names::type_name(&tags[0]),
            Schema::Inline(branch) => match (&branch.title, branch.enumeration.as_deref()) {
                (Some(title), _) if title.len() <= 40 => names::type_name(title),
                (_, Some([Value::String(only)])) => names::type_name(only),
                _ => match branch.effective_type() {
                    Some(Type::String) => "String".to_owned(),
                    Some(Type::Number) => "Number".to_owned(),
                    Some(Type::Integer) => "Integer".to_owned(),
                    Some(Type::Boolean) => "Boolean".to_owned(),
                    Some(Type::Array) => "Array".to_owned(),
                    Some(Type::Object) => "Object".to_owned(),
                    None => format!("Variant{}", index + 1),
                },
            },
        }
    }
}

/// The schema with only its `oneOf`, or only its `anyOf` if it has no `oneOf`.
fn bare(schema: &SchemaObject) -> SchemaObject {
    SchemaObject {
        pointer: schema.pointer.clone(),
        one_of: schema.one_of.clone(),
        any_of: if schema.one_of.is_empty() {
            schema.any_of.clone()
        } else {
            Vec::new()
        },
        discriminator: schema.discriminator.clone(),
        ..SchemaObject::default()
    }
}
