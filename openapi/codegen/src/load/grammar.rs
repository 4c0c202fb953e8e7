//! Which objects of an OpenAPI document stand where: what a `$ref` at a place would be a reference
//! to.
//!
//! Examples, defaults, enums and extensions are data: a `$ref` inside of them is none.

/// The kinds of objects that lie on the way to references, or may be one.
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
    /// A value of a discriminator's mapping: a reference that is plain text.
    Mapping,
    SecurityScheme,
    Example,
    Link,
    Callback,
}

/// How the value of a field holds objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// It is one.
    One(Kind),
    /// It is a list of them.
    List(Kind),
    /// It holds them by names of the document's own.
    Names(Kind),
}

use Kind::{
    Callback, Components, Discriminator, Document, Encoding, Example, Header, Link, Mapping, Media,
    Operation, Parameter, PathItem, RequestBody, Response, Schema, SecurityScheme,
};
use Shape::{List, Names, One};

impl Kind {
    /// Where components of this kind are declared; none of what can't be a component in OpenAPI
    /// 3.0.
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

    /// What a field of an object of this kind holds.
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
            // A callback's keys are expressions.
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
