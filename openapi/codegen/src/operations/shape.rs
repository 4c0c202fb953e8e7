//! The shape of a parameter or form field: how far its text has to be taken apart before it is
//! decoded.

use crate::model::{Additional, Schema, SchemaObject, Type};
use crate::types::Types;

/// References followed at most; a schema that holds itself is then any value.
const DEEPEST: usize = 8;

impl Types<'_> {
    /// An expression of the run time's `Shape`.
    pub fn shape(&self, schema: &Schema) -> String {
        self.shape_of(schema, DEEPEST)
    }

    fn shape_of(&self, schema: &Schema, depth: usize) -> String {
        let Some(depth) = depth.checked_sub(1) else {
            return "rt::Shape::Any".to_owned();
        };
        let Some(object) = self.resolve(schema) else {
            return "rt::Shape::Any".to_owned();
        };
        let Some(object) = self.merged(object, depth) else {
            return "rt::Shape::Any".to_owned();
        };
        match object.effective_type() {
            Some(Type::Array) => match &object.items {
                Some(items) => format!("rt::Shape::Array(&{})", self.shape_of(items, depth)),
                None => "rt::Shape::Array(&rt::Shape::Any)".to_owned(),
            },
            Some(Type::Object) => self.object_shape(&object, depth),
            Some(_) => "rt::Shape::Scalar".to_owned(),
            None => {
                // The branches of a union decide together: all scalars, or the first that is more.
                let branches = object
                    .one_of
                    .iter()
                    .chain(&object.any_of)
                    .map(|branch| self.shape_of(branch, depth));
                let branches: Vec<String> = branches.collect();
                let enumerated = object.enumeration.is_some();
                match branches.iter().find(|shape| *shape != "rt::Shape::Scalar") {
                    Some(more) => more.clone(),
                    None if branches.is_empty() && !enumerated => "rt::Shape::Any".to_owned(),
                    None => "rt::Shape::Scalar".to_owned(),
                }
            }
        }
    }

    fn object_shape(&self, object: &SchemaObject, depth: usize) -> String {
        if object.properties.is_empty() && !matches!(object.additional, Additional::Forbidden) {
            // A map: its names are the caller's.
            return "rt::Shape::Object(&[])".to_owned();
        }
        let properties: Vec<String> = object
            .properties
            .iter()
            .map(|(name, property)| format!("({name:?}, {})", self.shape_of(property, depth)))
            .collect();
        format!("rt::Shape::Object(&[{}])", properties.join(", "))
    }
}
