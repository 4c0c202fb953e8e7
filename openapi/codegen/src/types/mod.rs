//! The Rust types of a document's schemas.
//!
//! Owns what a schema becomes. [`lower`] turns schemas into definitions, [`merge`] handles `allOf`,
//! [`union`] handles `oneOf` and `anyOf`, and [`evaluated`] what no type says. [`reach`] finds the
//! directions in which each type is used and where a box is needed. [`emit`] writes the types.
//! [`crate::operations`] uses them for parameters, bodies and replies.
//!
//! The decoder beside each type checks the schema's constraints, so a handler gets only values that
//! meet them. A value that a handler builds is checked only if its type is a constrained newtype.

mod emit;
mod emit_union;
mod evaluated;
mod lower;
mod merge;
mod reach;
mod render;
mod union;

use crate::Refusals;
use crate::model::{Document, SchemaObject};
use crate::names::Scope;
use crate::rules::{RuleId, Rules};
use std::collections::{HashMap, VecDeque};

/// The index of a definition in [`Types`].
pub type DefId = usize;

/// The result of lowering a schema: a type, or the content of a definition.
enum Made {
    Type(TypeExpr),
    Kind(Kind),
}

/// All types of a document.
pub struct Types<'d> {
    document: &'d Document,
    /// In the order in which lowering met them.
    pub defs: Vec<Def>,
    /// The statics that the decoders name.
    pub rules: Rules,
    /// The names in the generated module of types.
    pub names: Scope,
    components: HashMap<String, TypeExpr>,
    /// Definitions of inline schemas, by their pointer.
    inline: HashMap<String, DefId>,
    pending: VecDeque<(DefId, &'d SchemaObject)>,
    /// Findings of the lowering.
    pub refusals: Refusals<'d>,
    /// A conformance test uses every type in both directions. It also writes what a reply leaves
    /// out and reads what a request may not set.
    pub mirrored: bool,
}

/// A Rust type at a place of use, with the checks that its values pass.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeExpr {
    /// `String`, with rules for length and pattern.
    String(Option<RuleId>),
    /// A string `format` with a Rust type.
    Formatted(Formatted),
    /// `bool`
    Bool,
    /// The named integer type, with rules for its bounds.
    Integer(&'static str, Option<RuleId>),
    /// `f64`, with rules for its bounds.
    Float(Option<RuleId>),
    /// `serde_json::Value`, for a schema that says nothing about the value.
    Value,
    /// `Vec`, with rules for the number and uniqueness of its items.
    List(Box<TypeExpr>, Option<RuleId>),
    /// `BTreeMap<String, _>`, with rules for the number of entries.
    Map(Box<TypeExpr>, Option<RuleId>),
    /// `Option`, because null is a value.
    Nullable(Box<TypeExpr>),
    /// `Box`, because the type contains itself.
    Boxed(Box<TypeExpr>),
    /// A value from a list in which not all are strings. The list is JSON text.
    Listed(Box<TypeExpr>, String),
    /// `not`: a value of the first type that is not a value of the second.
    Not(Box<TypeExpr>, Box<TypeExpr>),
    /// A value that meets several schemas for which no single Rust type exists.
    Every(Vec<TypeExpr>),
    /// A value that also meets a schema of which the type says only a part. The run time's
    /// evaluator checks it.
    Evaluated(Box<TypeExpr>, RuleId),
    /// A definition.
    Named(DefId),
}

/// The `format`s with a Rust type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Formatted {
    Uuid,
    DateTime,
    Date,
    Base64,
    Binary,
    Ipv4,
    Ipv6,
    Ip,
}

/// A definition: an item of the generated module of types.
#[derive(Debug, Clone)]
pub struct Def {
    /// Its Rust name.
    pub name: String,
    /// Its paragraphs of documentation.
    pub docs: Vec<String>,
    /// The pointer of its schema.
    pub pointer: String,
    /// `deprecated`
    pub deprecated: bool,
    /// Its content.
    pub kind: Kind,
    /// Whether a request reaches it. Then it has a decoder.
    pub request: bool,
    /// Whether a reply reaches it. Then it has a serializer.
    pub reply: bool,
}

/// The content of a definition.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Not lowered yet.
    Pending,
    /// An object with known properties.
    Struct(Struct),
    /// A string from a list of values.
    Choice(Vec<Choice>),
    /// A type with constraints, or an alias that would contain itself.
    Newtype(TypeExpr),
    /// A type alias.
    Alias(TypeExpr),
    /// `oneOf` or `anyOf`.
    Union(Union),
    /// An `allOf` of objects that can't become one struct: the field name and type of each part.
    All(Vec<(String, TypeExpr)>),
}

/// An object with known properties.
#[derive(Debug, Clone, Default)]
pub struct Struct {
    /// In the document's order.
    pub fields: Vec<Field>,
    /// `additionalProperties: {schema}`
    pub rest: Option<TypeExpr>,
    /// `additionalProperties: false`
    pub closed: bool,
    /// `minProperties`, `maxProperties`
    pub rule: Option<RuleId>,
    /// Sets of properties of which one must be present. The flag says whether exactly one may be.
    pub presence: Vec<(bool, Vec<Vec<String>>)>,
    /// The schema that the evaluator checks, of which the fields say only a part.
    pub schema: Option<RuleId>,
}

/// A property.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name in JSON.
    pub wire: String,
    /// Its name in Rust.
    pub name: String,
    /// Its type if it is present.
    pub ty: TypeExpr,
    /// `required`
    pub required: bool,
    /// `default`, as JSON text.
    pub default: Option<String>,
    /// `readOnly`
    pub read_only: bool,
    /// `writeOnly`
    pub write_only: bool,
    /// Its paragraphs of documentation.
    pub docs: Vec<String>,
}

/// A value of a string enum.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Its text in JSON.
    pub wire: String,
    /// Its name in Rust.
    pub name: String,
    /// Its paragraphs of documentation.
    pub docs: Vec<String>,
}

/// `oneOf` or `anyOf`.
#[derive(Debug, Clone)]
pub struct Union {
    /// How the decoder chooses the variant of a value.
    pub how: How,
    /// In the document's order.
    pub variants: Vec<Variant>,
}

/// How the decoder chooses the variant of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum How {
    /// Exactly one variant must match.
    One,
    /// The first variant that matches.
    Any,
    /// The variant is chosen by the value of this property.
    Tagged(String),
}

/// A branch of a union.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its name in Rust.
    pub name: String,
    /// Its type.
    pub ty: TypeExpr,
    /// The values of the tag that select it.
    pub tags: Vec<String>,
    /// Whether it has tags but its type lacks the property that holds them.
    pub untold: bool,
    /// Its paragraphs of documentation.
    pub docs: Vec<String>,
}

impl<'d> Types<'d> {
    /// Makes an empty set of types.
    pub fn new(document: &'d Document, refusals: Refusals<'d>) -> Self {
        Self {
            document,
            defs: Vec::new(),
            rules: Rules::default(),
            names: Scope::with(RESERVED),
            components: HashMap::new(),
            inline: HashMap::new(),
            pending: VecDeque::new(),
            refusals,
            mirrored: false,
        }
    }

    fn define(&mut self, wanted: &str, schema: &SchemaObject, kind: Kind) -> DefId {
        let name = self.names.take(wanted);
        self.defs.push(Def {
            name,
            docs: docs(schema),
            pointer: schema.pointer.clone(),
            deprecated: schema.deprecated,
            kind,
            request: false,
            reply: false,
        });
        self.defs.len() - 1
    }
}

/// Names that the generated code uses and that no type may take.
const RESERVED: &[&str] = &[
    "Self",
    "Option",
    "Some",
    "None",
    "Result",
    "Ok",
    "Err",
    "Vec",
    "Box",
    "String",
    "BTreeMap",
    "Send",
    "Sync",
    "Sized",
    "Future",
    "From",
    "TryFrom",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "Fn",
    "FnMut",
    "FnOnce",
    "Into",
    "TryInto",
    "Iterator",
    "IntoIterator",
    "ToString",
    "ToOwned",
    "PartialEq",
    "Eq",
    "PartialOrd",
    "Ord",
    "AsRef",
    "AsMut",
    "Extend",
    "Api",
    "Decode",
];

fn docs(schema: &SchemaObject) -> Vec<String> {
    [&schema.title, &schema.description]
        .into_iter()
        .flatten()
        .cloned()
        .collect()
}
