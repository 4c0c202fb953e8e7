//! The grammar of an OpenAPI document: the kind of object at each place, and so the kind of a
//! `$ref`'s target there.
//!
//! Examples, defaults, enums and extensions are data. A `$ref` inside them is not a reference.

/// The kinds of objects that can be a reference or can contain one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Document,
    Components,
    PathItem,
    Operation,
    Parameter,
    Header,
    RequestBody,
    Response,
    Media,
    Encoding,
    Schema,
    Discriminator,
    /// A value in a discriminator's mapping: a reference as plain text.
    Mapping,
    SecurityScheme,
    Example,
    Link,
    Callback,
}

/// How a field's value holds objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The value is an object.
    One(Kind),
    /// The value is a list of objects.
    List(Kind),
    /// The value is a map of objects. The document chooses the keys.
    Names(Kind),
}

use Kind::{
    Callback, Components, Discriminator, Document, Encoding, Example, Header, Link, Mapping, Media,
    Operation, Parameter, PathItem, RequestBody, Response, Schema, SecurityScheme,
};
use Shape::{List, Names, One};

impl Kind {
    /// The section of `components` for this kind. `None` if OpenAPI 3.0 has no components of it.
    pub fn section(self) -> Option<&'static str> {
        Some(match self {
            Schema | Mapping => "schemas",
            Response => "responses",
            Parameter => "parameters",
            Example => "examples",
            RequestBody => "requestBodies",
            Header => "headers",
            SecurityScheme => "securitySchemes",
            Link => "links",
            Callback => "callbacks",
            _ => return None,
        })
    }

    /// The objects that a field of this kind holds.
    pub fn field(self, key: &str) -> Option<Shape> {
        Some(match (self, key) {
            (Document, "components") => One(Components),
            (Document, "paths" | "webhooks") | (Components, "pathItems") => Names(PathItem),
            (Components, "schemas") => Names(Schema),
            (Components, "responses") => Names(Response),
            (Components, "parameters") => Names(Parameter),
            (Components, "examples") => Names(Example),
            (Components, "requestBodies") => Names(RequestBody),
            (Components, "headers") => Names(Header),
            (Components, "securitySchemes") => Names(SecurityScheme),
            (Components, "links") => Names(Link),
            (Components, "callbacks") => Names(Callback),
            (
                PathItem,
                "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace",
            ) => One(Operation),
            (PathItem | Operation, "parameters") => List(Parameter),
            (Operation, "requestBody") => One(RequestBody),
            (Operation, "responses") => Names(Response),
            (Operation, "callbacks") => Names(Callback),
            // A callback's keys are runtime expressions.
            (Callback, _) if !key.starts_with("x-") => One(PathItem),
            (Parameter | Header | Media, "schema") => One(Schema),
            (Parameter | Header | Media, "examples") => Names(Example),
            (Parameter | Header | RequestBody | Response, "content") => Names(Media),
            (Media, "encoding") => Names(Encoding),
            (Encoding | Response, "headers") => Names(Header),
            (Response, "links") => Names(Link),
            (Schema, "items" | "not" | "additionalProperties") => One(Schema),
            (Schema, "allOf" | "oneOf" | "anyOf") => List(Schema),
            (Schema, "properties" | "$defs" | "definitions") => Names(Schema),
            (Schema, "discriminator") => One(Discriminator),
            (Discriminator, "mapping") => Names(Mapping),
            _ => return None,
        })
    }
}
