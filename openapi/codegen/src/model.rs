//! The document as the generator understands it: every `$ref` to a parameter, header, body,
//! response or path item resolved, every schema parsed, every operation named.
//!
//! Owns the vocabulary shared by the half that reads ([`mod@crate::load`], [`crate::read`]) and the
//! half that writes ([`crate::types`], [`crate::operations`]). A value of these types is already
//! checked: what could not be understood became a [`crate::diagnostics::Finding`] and no `Document`
//! was made.
//!
//! Each part keeps the JSON pointer it was written at, so that whatever the writing half finds can
//! be shown in the source.

pub use dropshot_vocabulary::{Location, MediaKind, Status, Style};

use indexmap::IndexMap;
use serde_json::{Number, Value};

/// A whole OpenAPI 3.0 document, overlay applied.
#[derive(Debug, Clone)]
pub struct Document {
    /// The document itself, for serving: key order, vendor extensions and descriptions as written.
    /// Schemas of other files in the document's folder have been brought in under
    /// `components.schemas`.
    pub value: Value,
    /// `info.title`.
    pub title: String,
    /// `info.version`, any string.
    pub version: String,
    /// `info.description`.
    pub description: Option<String>,
    /// The path of the first server's URL, variables replaced by their defaults, without a trailing
    /// slash; may be empty.
    pub base_path: String,
    /// In the document's order.
    pub operations: Vec<Operation>,
    /// `components.schemas`, and whatever else a `$ref` pointed to as a schema, by component name.
    pub schemas: IndexMap<String, Schema>,
    /// `components.securitySchemes`.
    pub security_schemes: IndexMap<String, SecurityScheme>,
    /// `tags`: name and description.
    pub tags: Vec<(String, Option<String>)>,
}

/// One operation of one path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `/paths/~1pets/get`
    pub pointer: String,
    /// `operationId`, or the name made for it from method and path; unique in the document.
    pub id: String,
    /// Upper case: `GET`.
    pub method: String,
    /// The path template as written, without the base path.
    pub path: String,
    /// The path of the operation's or the path item's own first server, where one is declared: it
    /// stands in place of [`Document::base_path`].
    pub base_path: Option<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// `summary`.
    pub summary: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `deprecated`.
    pub deprecated: bool,
    /// The path item's and the operation's own, the latter winning, in that order.
    pub parameters: Vec<Parameter>,
    /// `requestBody`.
    pub body: Option<RequestBody>,
    /// In the document's order; never empty unless the document's is.
    pub responses: Vec<Response>,
    /// The operation's own or the document's `security`: alternatives, of which one must be met;
    /// each a set of schemes that must all be met. Empty: nothing is asked. An empty alternative:
    /// anonymous is fine.
    pub security: Vec<Vec<Requirement>>,
}

/// A scheme that an operation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// A key of [`Document::security_schemes`].
    pub scheme: String,
    /// The scopes asked for (oauth2, openIdConnect).
    pub scopes: Vec<String>,
}

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Where it is declared, after `$ref`.
    pub pointer: String,
    /// As on the wire.
    pub name: String,
    /// `in`
    pub location: Location,
    /// `required`; always true in a path.
    pub required: bool,
    /// `deprecated`
    pub deprecated: bool,
    /// `description`
    pub description: Option<String>,
    /// `style`, the location's default filled in.
    pub style: Style,
    /// `explode`, the style's default filled in.
    pub explode: bool,
    /// `allowReserved`
    pub allow_reserved: bool,
    /// `allowEmptyValue`
    pub allow_empty_value: bool,
    /// The media type when the parameter is declared by `content` instead of `schema`.
    pub media_type: Option<String>,
    /// `schema`, or the schema of its `content`; the empty schema where there is none.
    pub schema: Schema,
}

/// What an operation takes as its body.
#[derive(Debug, Clone)]
pub struct RequestBody {
    /// Where it is declared, after `$ref`.
    pub pointer: String,
    /// `description`
    pub description: Option<String>,
    /// `required`
    pub required: bool,
    /// In the document's order; never empty.
    pub content: Vec<Media>,
}

/// A body in one media type.
#[derive(Debug, Clone)]
pub struct Media {
    /// Where it is declared.
    pub pointer: String,
    /// As written: `application/json`, `text/*`, `application/json; charset=utf-8`.
    pub media_type: String,
    /// `schema`
    pub schema: Option<Schema>,
    /// `encoding`, by property: the content type of a multipart part, or the style of a form field.
    pub encoding: IndexMap<String, Encoding>,
}

/// How one property of a form or multipart body is written.
#[derive(Debug, Clone, Default)]
pub struct Encoding {
    /// `contentType`
    pub content_type: Option<String>,
    /// `style`
    pub style: Option<Style>,
    /// `explode`
    pub explode: Option<bool>,
}

/// A response of an operation.
#[derive(Debug, Clone)]
pub struct Response {
    /// Where it is declared, after `$ref`.
    pub pointer: String,
    /// The key under `responses`.
    pub status: Status,
    /// `description`
    pub description: String,
    /// `headers`, without `Content-Type`.
    pub headers: Vec<Header>,
    /// `content`; empty for a response without a body.
    pub content: Vec<Media>,
}

/// A header of a response.
#[derive(Debug, Clone)]
pub struct Header {
    /// Where it is declared, after `$ref`.
    pub pointer: String,
    /// As written.
    pub name: String,
    /// `required`
    pub required: bool,
    /// `description`
    pub description: Option<String>,
    /// `schema`, or that of its `content`.
    pub schema: Schema,
}

/// A schema where it is used.
#[derive(Debug, Clone)]
pub enum Schema {
    /// `$ref`: a key of [`Document::schemas`]. References that only lead to other references keep
    /// their own name.
    Ref {
        /// Where the `$ref` stands.
        pointer: String,
        /// The component's name.
        target: String,
    },
    /// Written in place.
    Inline(Box<SchemaObject>),
}

impl Schema {
    /// Where it is written.
    #[must_use]
    pub fn pointer(&self) -> &str {
        match self {
            Schema::Ref { pointer, .. } => pointer,
            Schema::Inline(object) => &object.pointer,
        }
    }
}

/// `type`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Type {
    String,
    Number,
    Integer,
    Boolean,
    Array,
    Object,
}

/// `additionalProperties`
#[derive(Debug, Clone, Default)]
pub enum Additional {
    /// Not said: anything is allowed, and nothing is expected.
    #[default]
    Unspecified,
    /// `true` or `{}`
    Any,
    /// `false`
    Forbidden,
    /// A schema that each must meet.
    Schema(Schema),
}

/// A Schema Object (OpenAPI 3.0.3) without `$ref`. `Default` is the empty schema.
#[derive(Debug, Clone, Default)]
pub struct SchemaObject {
    /// Where it is written.
    pub pointer: String,
    /// `title`
    pub title: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `deprecated`
    pub deprecated: bool,
    /// `nullable` (and OpenAPI 3.1's `type: [x, "null"]`)
    pub nullable: bool,
    /// `readOnly`
    pub read_only: bool,
    /// `writeOnly`
    pub write_only: bool,
    /// `default`
    pub default: Option<Value>,
    /// `example`, or the first of `examples`
    pub example: Option<Value>,
    /// `enum`
    pub enumeration: Option<Vec<Value>>,
    /// `type`
    pub ty: Option<Type>,
    /// `format`
    pub format: Option<String>,
    /// `pattern`, as written (ECMA 262)
    pub pattern: Option<String>,
    /// `minLength`, in characters
    pub min_length: Option<u64>,
    /// `maxLength`, in characters
    pub max_length: Option<u64>,
    /// `minimum`
    pub minimum: Option<Number>,
    /// `maximum`
    pub maximum: Option<Number>,
    /// `exclusiveMinimum`
    pub exclusive_minimum: bool,
    /// `exclusiveMaximum`
    pub exclusive_maximum: bool,
    /// `multipleOf`
    pub multiple_of: Option<Number>,
    /// `items`
    pub items: Option<Schema>,
    /// `minItems`
    pub min_items: Option<u64>,
    /// `maxItems`
    pub max_items: Option<u64>,
    /// `uniqueItems`
    pub unique_items: bool,
    /// `properties`
    pub properties: IndexMap<String, Schema>,
    /// `required`
    pub required: Vec<String>,
    /// `additionalProperties`
    pub additional: Additional,
    /// `minProperties`
    pub min_properties: Option<u64>,
    /// `maxProperties`
    pub max_properties: Option<u64>,
    /// `allOf`
    pub all_of: Vec<Schema>,
    /// `oneOf`
    pub one_of: Vec<Schema>,
    /// `anyOf`
    pub any_of: Vec<Schema>,
    /// `not`
    pub not: Option<Schema>,
    /// `discriminator`
    pub discriminator: Option<Discriminator>,
}

impl SchemaObject {
    /// `type`, or what the other keywords can only mean. JSON Schema would let a value of any other
    /// type pass; nobody who leaves `type` out beside `properties` means that.
    #[must_use]
    pub fn effective_type(&self) -> Option<Type> {
        self.ty.or_else(|| {
            let object = !self.properties.is_empty()
                || !self.required.is_empty()
                || !matches!(self.additional, Additional::Unspecified | Additional::Any)
                || self.min_properties.is_some()
                || self.max_properties.is_some();
            let string =
                self.pattern.is_some() || self.min_length.is_some() || self.max_length.is_some();
            let number =
                self.minimum.is_some() || self.maximum.is_some() || self.multiple_of.is_some();
            if object {
                Some(Type::Object)
            } else if self.items.is_some() {
                Some(Type::Array)
            } else if string {
                Some(Type::String)
            } else if number {
                Some(Type::Number)
            } else {
                None
            }
        })
    }
}

/// `discriminator`
#[derive(Debug, Clone)]
pub struct Discriminator {
    /// `propertyName`
    pub property: String,
    /// `mapping`: value to component name.
    pub mapping: IndexMap<String, String>,
}

/// A security scheme.
#[derive(Debug, Clone)]
pub struct SecurityScheme {
    /// Where it is declared.
    pub pointer: String,
    /// `description`
    pub description: Option<String>,
    /// What it asks a request to carry.
    pub kind: SecurityKind,
}

/// What a security scheme asks a request to carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityKind {
    /// `http` with scheme `basic`
    Basic,
    /// `http` with scheme `bearer`
    Bearer,
    /// `http` with another scheme, in lower case: the credentials are handed over as they came.
    Http(String),
    /// `apiKey`
    ApiKey {
        /// Query, header or cookie.
        location: Location,
        /// As on the wire.
        name: String,
    },
    /// `oauth2`: a bearer token
    OAuth2,
    /// `openIdConnect`: a bearer token
    OpenIdConnect,
}
