//! The shape of a parameter or form field. It says how far its text must be split before it is
//! decoded.

use crate::model::{Additional, Schema, SchemaObject, Type};
use crate::types::Types;
use std::fmt;

/// The most references that are followed. A schema that contains itself then counts as any value.
const DEEPEST: usize = 8;

/// The part of a schema that is needed to take a value off the wire. It displays as an expression
/// of the run time's `Shape`.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    Scalar,
    /// A list of values of one shape.
    Array(Box<Shape>),
    /// The declared properties. Empty for a map, because the caller chooses its names.
    Object(Vec<(String, Shape)>),
    /// The schema declares no shape.
    Any,
}

impl Shape {
    /// Whether it is an object, or an array of objects.
    pub fn holds_objects(&self) -> bool {
        match self {
            Self::Array(items) => items.holds_objects(),
            Self::Object(_) => true,
            Self::Scalar | Self::Any => false,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar => f.write_str("rt::Shape::Scalar"),
            Self::Any => f.write_str("rt::Shape::Any"),
            Self::Array(items) => write!(f, "rt::Shape::Array(&{items})"),
            Self::Object(properties) => {
                f.write_str("rt::Shape::Object(&[")?;
                for (index, (name, shape)) in properties.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}({name:?}, {shape})")?;
                }
                f.write_str("])")
            }
        }
    }
}

impl Types<'_> {
    /// The shape of a schema's values.
    pub fn shape(&self, schema: &Schema) -> Shape {
        self.shape_of(schema, DEEPEST)
    }

    fn shape_of(&self, schema: &Schema, depth: usize) -> Shape {
        let Some(depth) = depth.checked_sub(1) else {
            return Shape::Any;
        };
        let resolved = self.resolve(schema);
        let Some(object) = resolved.and_then(|object| self.merged(object, depth)) else {
            return Shape::Any;
        };
        match object.effective_type() {
            Some(Type::Array) => {
                let items = object.items.as_ref();
                let items = items.map_or(Shape::Any, |items| self.shape_of(items, depth));
                Shape::Array(Box::new(items))
            }
            Some(Type::Object) => self.object_shape(&object, depth),
            Some(_) => Shape::Scalar,
            None => {
                // If all branches of a union are scalar, the union is scalar. Otherwise the first
                // other branch decides.
                let branches = object.one_of.iter().chain(&object.any_of);
                let mut shapes = branches
                    .map(|branch| self.shape_of(branch, depth))
                    .peekable();
                let scalar = shapes.peek().is_some() || object.enumeration.is_some();
                let otherwise = if scalar { Shape::Scalar } else { Shape::Any };
                shapes
                    .find(|shape| *shape != Shape::Scalar)
                    .unwrap_or(otherwise)
            }
        }
    }

    fn object_shape(&self, object: &SchemaObject, depth: usize) -> Shape {
        if object.properties.is_empty() && !matches!(object.additional, Additional::Forbidden) {
            return Shape::Object(Vec::new());
        }
        let properties = object.properties.iter();
        let shapes = properties.map(|(name, schema)| (name.clone(), self.shape_of(schema, depth)));
        Shape::Object(shapes.collect())
    }
}
