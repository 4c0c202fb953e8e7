//! The document as the generator understands it: every `$ref` to a parameter, header, body,
//! response or path item resolved, every schema parsed, every operation named.
//!
//! Owns the vocabulary that the reader ([`mod@crate::load`], [`crate::read`]) and the writer
//! ([`crate::types`], [`crate::operations`]) share. Values of these types are checked. A document
//! with an error becomes a [`crate::diagnostics::Finding`] and no `Document`.
//!
//! Each part keeps the JSON pointer at which it is written, so that the writer's findings can show
//! the source.

pub use dropshot_vocabulary::{Location, MediaKind, Status, Style};

use indexmap::IndexMap;
use serde_json::{Number, Value};

/// A whole OpenAPI document with its overlay applied.
#[derive(Debug, Clone)]
pub struct Document {
    /// The document as it is served, with key order, vendor extensions and descriptions as written.
    /// Schemas from other files in the document's folder are under `components.schemas`.
    pub value: Value,
    /// `info.title`.
    pub title: String,
    /// `info.version`, which may be any string.
    pub version: String,
    /// `info.description`.
    pub description: Option<String>,
    /// The path of the first server's URL, with the defaults of its variables and without a
    /// trailing slash. It may be empty.
    pub base_path: String,
    /// The operations, in the document's order.
    pub operations: Vec<Operation>,
    /// `components.schemas` and every other target of a schema `$ref`, by component name.
    pub schemas: IndexMap<String, Schema>,
    /// `components.securitySchemes`.
    pub security_schemes: IndexMap<String, SecurityScheme>,
    /// The name and description of each of `tags`.
    pub tags: Vec<(String, Option<String>)>,
}

/// One operation of one path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `/paths/~1pets/get`
    pub pointer: String,
    /// `operationId`, or a name made from method and path. It is unique in the document.
    pub id: String,
    /// The HTTP method in upper case: `GET`.
    pub method: String,
    /// The path template as written, without the base path.
    pub path: String,
    /// The path of the first server of the operation or its path item. `None` if neither declares
    /// one. It replaces [`Document::base_path`].
    pub base_path: Option<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// `summary`.
    pub summary: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `deprecated`.
    pub deprecated: bool,
    /// The path item's parameters, then the operation's own. The operation's own win.
    pub parameters: Vec<Parameter>,
    /// `requestBody`.
    pub body: Option<RequestBody>,
    /// In the document's order. Never empty unless the document's `responses` is.
    pub responses: Vec<Response>,
    /// The operation's own `security`, or the document's: a list of alternatives, of which a
    /// request must meet one. Each alternative is a set of schemes that the request must all meet.
    /// If the list is empty, no credentials are needed. An empty alternative allows anonymous
    /// requests.
    pub security: Vec<Vec<Requirement>>,
}

/// A scheme that an operation requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// A key of [`Document::security_schemes`].
    pub scheme: String,
    /// The required scopes (oauth2, openIdConnect).
    pub scopes: Vec<String>,
}

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The pointer of its declaration, after `$ref`.
    pub pointer: String,
    /// Its name on the wire.
    pub name: String,
    /// `in`
    pub location: Location,
    /// `required`. Always true for a path parameter.
    pub required: bool,
    /// `deprecated`
    pub deprecated: bool,
    /// `description`
    pub description: Option<String>,
    /// `style`, or the location's default.
    pub style: Style,
    /// `explode`, or the style's default.
    pub explode: bool,
    /// `allowReserved`
    pub allow_reserved: bool,
    /// `allowEmptyValue`
    pub allow_empty_value: bool,
    /// The media type. `None` if the parameter has a `schema` instead of `content`.
    pub media_type: Option<String>,
    /// `schema`, or the schema of `content`. The empty schema if there is neither.
    pub schema: Schema,
}

/// The body that an operation takes.
#[derive(Debug, Clone)]
pub struct RequestBody {
    /// The pointer of its declaration, after `$ref`.
    pub pointer: String,
    /// `description`
    pub description: Option<String>,
    /// `required`
    pub required: bool,
    /// In the document's order. Never empty.
    pub content: Vec<Media>,
}

/// A body in one media type.
#[derive(Debug, Clone)]
pub struct Media {
    /// The pointer of its declaration.
    pub pointer: String,
    /// As written: `application/json`, `text/*`, `application/json; charset=utf-8`.
    pub media_type: String,
    /// `schema`
    pub schema: Option<Schema>,
    /// `encoding` by property: the content type of a multipart part, or the style of a form field.
    pub encoding: IndexMap<String, Encoding>,
}

/// How a form or multipart body writes one property.
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
    /// The pointer of its declaration, after `$ref`.
    pub pointer: String,
    /// The key under `responses`.
    pub status: Status,
    /// `description`
    pub description: String,
    /// `headers`, without `Content-Type`.
    pub headers: Vec<Header>,
    /// `content`. Empty for a response without a body.
    pub content: Vec<Media>,
}

/// A header of a response.
#[derive(Debug, Clone)]
pub struct Header {
    /// The pointer of its declaration, after `$ref`.
    pub pointer: String,
    /// As written.
    pub name: String,
    /// `required`
    pub required: bool,
    /// `description`
    pub description: Option<String>,
    /// `schema`, or the schema of `content`.
    pub schema: Schema,
}

/// A schema at a place of use.
#[derive(Debug, Clone)]
pub enum Schema {
    /// `$ref`: a key of [`Document::schemas`]. A reference to another reference keeps its own name.
    Ref {
        /// The pointer of the `$ref`.
        pointer: String,
        /// The component's name.
        target: String,
    },
    /// An inline schema.
    Inline(Box<SchemaObject>),
}

impl Schema {
    /// The pointer at which it is written.
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
    /// No `additionalProperties`: any are allowed, none is expected.
    #[default]
    Unspecified,
    /// `true` or `{}`
    Any,
    /// `false`
    Forbidden,
    /// A schema that each additional property must meet.
    Schema(Schema),
}

/// A Schema Object (OpenAPI 3.0.3 or 3.1.1) without `$ref`. `Default` is the empty schema.
#[derive(Debug, Clone, Default)]
pub struct SchemaObject {
    /// The pointer at which it is written.
    pub pointer: String,
    /// `title`
    pub title: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `deprecated`
    pub deprecated: bool,
    /// `nullable`, or OpenAPI 3.1's `type: [x, "null"]`
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
    /// `if`, `then`, `else` and `dependentSchemas`: schemas of the same value.
    pub in_place: Vec<Schema>,
    /// Whether there are keywords of JSON Schema that no type says, such as `contains`.
    pub beyond_types: bool,
}

impl SchemaObject {
    /// `type`, or the type that the other keywords imply. JSON Schema would allow values of any
    /// other type. An author who leaves `type` out beside `properties` means an object.
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
    /// `mapping`: values and component names.
    pub mapping: IndexMap<String, String>,
}

/// A security scheme.
#[derive(Debug, Clone)]
pub struct SecurityScheme {
    /// The pointer of its declaration.
    pub pointer: String,
    /// `description`
    pub description: Option<String>,
    /// The credential that a request must carry.
    pub kind: SecurityKind,
}

/// The credential that a security scheme requires of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityKind {
    /// `http` with scheme `basic`
    Basic,
    /// `http` with scheme `bearer`
    Bearer,
    /// `http` with another scheme, in lower case. The handler gets the credentials as they are.
    Http(String),
    /// `apiKey`
    ApiKey {
        /// Query, header or cookie.
        location: Location,
        /// Its name on the wire.
        name: String,
    },
    /// `oauth2`: a bearer token
    OAuth2,
    /// `openIdConnect`: a bearer token
    OpenIdConnect,
}
