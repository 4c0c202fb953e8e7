//! The Rust types of a document's schemas.
//!
//! Owns what a schema becomes: [`lower`] turns schemas into definitions ([`merge`] the `allOf`s,
//! [`union`] the `oneOf`s and `anyOf`s), [`reach`] decides which way each is used and where a box
//! is needed, [`emit`] writes them. What the types are used for (parameters, bodies, replies) is
//! [`crate::operations`]' affair.
//!
//! A schema's constraints stand in the decoder that is written beside each type, so a value that a
//! handler gets has met them; what a handler builds is checked where a constrained newtype makes
//! that free.

mod emit;
mod emit_union;
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

/// What a schema became: a type, or what a definition is to hold.
enum Made {
    Type(TypeExpr),
    Kind(Kind),
}

/// All types of a document.
pub struct Types<'d> {
    document: &'d Document,
    /// In the order they were met.
    pub defs: Vec<Def>,
    /// The statics that the decoders name.
    pub rules: Rules,
    /// The names in the generated module of types.
    pub names: Scope,
    components: HashMap<String, TypeExpr>,
    /// Definitions of schemas that stand where they are used, by their pointer.
    inline: HashMap<String, DefId>,
    pending: VecDeque<(DefId, &'d SchemaObject)>,
    /// What was found while lowering.
    pub refusals: Refusals<'d>,
    /// Types are used both ways by a conformance test, which also writes what a reply leaves out
    /// and reads what a request may not set.
    pub mirrored: bool,
}

/// A Rust type where it is used, with the checks its values pass.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeExpr {
    /// `String`, by length and pattern.
    String(Option<RuleId>),
    /// A string that has a Rust type of its own.
    Formatted(Formatted),
    /// `bool`
    Bool,
    /// The named integer type, by bounds.
    Integer(&'static str, Option<RuleId>),
    /// `f64`, by bounds.
    Float(Option<RuleId>),
    /// `serde_json::Value`: nothing is known of it.
    Value,
    /// `Vec`, by number and difference of its items.
    List(Box<TypeExpr>, Option<RuleId>),
    /// `BTreeMap<String, _>`, by number of its entries.
    Map(Box<TypeExpr>, Option<RuleId>),
    /// `Option`: null is a value.
    Nullable(Box<TypeExpr>),
    /// `Box`: the type holds itself.
    Boxed(Box<TypeExpr>),
    /// One of a list of values that are not all strings, as JSON text.
    Listed(Box<TypeExpr>, String),
    /// `not`: the first, unless it is the second.
    Not(Box<TypeExpr>, Box<TypeExpr>),
    /// A value that meets several schemas that no one Rust type can say.
    Every(Vec<TypeExpr>),
    /// A definition.
    Named(DefId),
}

/// `format`s whose values have a Rust type of their own.
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
    /// Where its schema stands.
    pub pointer: String,
    /// `deprecated`
    pub deprecated: bool,
    /// What it is.
    pub kind: Kind,
    /// A request reaches it: it is decoded.
    pub request: bool,
    /// A reply reaches it: it is serialized.
    pub reply: bool,
}

/// What a definition is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Not lowered yet.
    Pending,
    /// An object with known properties.
    Struct(Struct),
    /// A string out of a list: the wire's text and the variant's name.
    Choice(Vec<Choice>),
    /// A type with constraints of its own, or one that holds itself.
    Newtype(TypeExpr),
    /// Another name.
    Alias(TypeExpr),
    /// `oneOf` or `anyOf`.
    Union(Union),
    /// `allOf` whose parts are objects that can't be told as one struct: field name and part.
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
    /// Sets of properties of which one must be there: whether exactly one, and the sets.
    pub presence: Vec<(bool, Vec<Vec<String>>)>,
}

/// A property.
#[derive(Debug, Clone)]
pub struct Field {
    /// As in JSON.
    pub wire: String,
    /// As in Rust.
    pub name: String,
    /// Its type when it is there.
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
    /// As in JSON.
    pub wire: String,
    /// As in Rust.
    pub name: String,
    /// Its paragraphs of documentation.
    pub docs: Vec<String>,
}

/// `oneOf` or `anyOf`.
#[derive(Debug, Clone)]
pub struct Union {
    /// How a value finds its variant.
    pub how: How,
    /// In the document's order.
    pub variants: Vec<Variant>,
}

/// How a value finds its variant.
#[derive(Debug, Clone, PartialEq)]
pub enum How {
    /// Exactly one must match.
    One,
    /// The first that matches.
    Any,
    /// By the value of this property.
    Tagged(String),
}

/// A branch of a union.
#[derive(Debug, Clone)]
pub struct Variant {
    /// As in Rust.
    pub name: String,
    /// Its type.
    pub ty: TypeExpr,
    /// The values of the tag that choose it.
    pub tags: Vec<String>,
    /// There are such values, and its type does not have the property that holds them.
    pub untold: bool,
    /// Its paragraphs of documentation.
    pub docs: Vec<String>,
}

impl<'d> Types<'d> {
    /// No types yet; `reserved` are the names that the module must not define.
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

/// Names that the generated code uses itself.
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
