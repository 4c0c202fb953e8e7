//! Checks what no Rust type says of a value: the keywords of its JSON Schema.
//!
//! Generated code has one [`Schema`] for each schema with such keywords (`if`, `contains`,
//! `unevaluatedProperties` and others). A decoder asks it before it decodes the value. The crate
//! `jsonschema` evaluates the schema as the document gives it, so all keywords hold together.
//!
//! Messages name the place, the keyword and what it demands. They never repeat the value, which may
//! be a secret.

use std::sync::OnceLock;

use dropshot_vocabulary::pointer::tokens;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Registry, ValidationError, Validator};
use serde_json::{Value, json};

use crate::{Invalid, Node, Reason};

/// The most violations that one refusal names.
const MOST_VIOLATIONS: usize = 16;

/// The longest description of one violation, in characters. A schema may list thousands of values.
const LONGEST_DESCRIPTION: usize = 300;

/// The name under which the schemas refer to each other.
const DOCUMENT: &str = "urn:openapi:document";

/// What a pointer in a URI's fragment escapes.
const POINTER: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'~');

/// The schemas of a document, as JSON text.
#[derive(Debug)]
pub struct Schemas {
    text: &'static str,
    registry: OnceLock<Option<Registry<'static>>>,
}

impl Schemas {
    /// Parses the text when the first schema is needed.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self {
            text,
            registry: OnceLock::new(),
        }
    }

    fn registry(&'static self) -> Option<&'static Registry<'static>> {
        let registry = self.registry.get_or_init(|| {
            let document: Value = serde_json::from_str(self.text).ok()?;
            let builder = Registry::new().draft(jsonschema::Draft::Draft202012);
            builder.add(DOCUMENT, document).ok()?.prepare().ok()
        });
        registry.as_ref()
    }
}

/// One schema of a document.
#[derive(Debug)]
pub struct Schema {
    schemas: &'static Schemas,
    pointer: &'static str,
    validator: OnceLock<Option<Validator>>,
}

impl Schema {
    /// The schema at a JSON pointer. It is compiled when it is first used.
    #[must_use]
    pub const fn new(schemas: &'static Schemas, pointer: &'static str) -> Self {
        Self {
            schemas,
            pointer,
            validator: OnceLock::new(),
        }
    }

    /// Checks a value. Text of the wire has no type yet: it passes if the schema takes it as text,
    /// or as the number or boolean that it writes.
    ///
    /// # Errors
    /// The first violation with its place, and in its message the others, at most 16 in all. Its
    /// [`Reason`] is that of the first violation.
    pub fn check(&'static self, node: &Node) -> Result<(), Invalid> {
        let validator = self.validator.get_or_init(|| self.compile());
        let Some(validator) = validator else {
            let message = format!("can't be checked: the schema at {} is broken", self.pointer);
            return Err(Invalid::new(Reason::Excluded, message));
        };
        let value = node.clone().value()?;
        let Some(first) = refused(validator, &value) else {
            return Ok(());
        };
        if node.is_wire() && validator.is_valid(&read(value)) {
            return Ok(());
        }
        Err(first)
    }

    fn compile(&'static self) -> Option<Validator> {
        let reference = percent_encoding::utf8_percent_encode(self.pointer, POINTER);
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .offline()
            .with_registry(self.schemas.registry()?)
            .should_validate_formats(true)
            .build(&json!({ "$ref": format!("{DOCUMENT}#{reference}") }))
            .ok()
    }
}

/// The refusal of a value that the schema does not take.
fn refused(validator: &Validator, value: &Value) -> Option<Invalid> {
    if validator.is_valid(value) {
        return None;
    }
    let mut errors = validator.iter_errors(value).take(MOST_VIOLATIONS);
    let first = errors.next()?;
    let (first, mut message) = (nearest(&first), describe(&first));
    for other in errors {
        let place = nearest(&other).instance_path().as_str();
        let place = if place.is_empty() { "it" } else { place };
        message.push_str(&format!("; {place} {}", describe(&other)));
    }
    let invalid = Invalid::new(reason(first.kind()), message);
    let mut path: Vec<String> = tokens(first.instance_path().as_str()).collect();
    path.extend(property(first.kind()));
    path.reverse();
    Some(path.into_iter().fold(invalid, Invalid::within))
}

/// The property that is missing or not allowed. Types name it in the place, and so does this.
fn property(kind: &ValidationErrorKind) -> Option<String> {
    match kind {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected.first().cloned(),
        ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
        _ => None,
    }
}

/// What is wrong, without the value.
fn describe(error: &ValidationError<'_>) -> String {
    let near = nearest(error);
    let rule = near.kind().keyword();
    let text: String = near
        .masked()
        .to_string()
        .chars()
        .take(LONGEST_DESCRIPTION)
        .collect();
    if std::ptr::eq(near, error) {
        format!("breaks `{rule}`: {text}")
    } else {
        let union = error.kind().keyword();
        format!("matches no branch of `{union}`; the nearest one refuses it by `{rule}`: {text}")
    }
}

/// For a union, the violation in the branch that came nearest: the one that got deepest into the
/// value.
fn nearest<'e, 'v>(error: &'e ValidationError<'v>) -> &'e ValidationError<'v> {
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) =
        error.kind()
    else {
        return error;
    };
    let depth = |error: &&ValidationError<'_>| error.instance_path().as_str().matches('/').count();
    let first_of_each = context.iter().filter_map(|branch| branch.first());
    first_of_each
        .map(nearest)
        .max_by_key(depth)
        .unwrap_or(error)
}

fn reason(kind: &ValidationErrorKind) -> Reason {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { .. } => Reason::WrongType,
        Kind::Constant { .. } | Kind::Enum { .. } => Reason::NotAllowed,
        Kind::Format { .. } => Reason::Format,
        Kind::Pattern { .. } => Reason::Pattern,
        Kind::MinLength { .. } | Kind::MaxLength { .. } => Reason::Length,
        Kind::Minimum { .. }
        | Kind::Maximum { .. }
        | Kind::ExclusiveMinimum { .. }
        | Kind::ExclusiveMaximum { .. } => Reason::Bounds,
        Kind::MultipleOf { .. } => Reason::MultipleOf,
        Kind::MinItems { .. }
        | Kind::MaxItems { .. }
        | Kind::AdditionalItems { .. }
        | Kind::UnevaluatedItems { .. } => Reason::ItemCount,
        Kind::UniqueItems => Reason::RepeatedItem,
        Kind::MinProperties { .. } | Kind::MaxProperties { .. } => Reason::PropertyCount,
        Kind::Required { .. } => Reason::MissingProperty,
        Kind::AdditionalProperties { .. }
        | Kind::UnevaluatedProperties { .. }
        | Kind::PropertyNames { .. } => Reason::UnknownProperty,
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } | Kind::OneOfMultipleValid { .. } => {
            Reason::NoAlternative
        }
        Kind::BacktrackLimitExceeded { .. } => Reason::TooComplex,
        _ => Reason::Excluded,
    }
}

/// The value with each text as the number or boolean that it writes.
fn read(value: Value) -> Value {
    match value {
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(read @ (Value::Number(_) | Value::Bool(_))) => read,
            _ => Value::String(text),
        },
        Value::Array(items) => items.into_iter().map(read).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, read(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SCHEMAS: Schemas = Schemas::new(
        r##"{"components": {"schemas": {
            "Card": {
                "type": "object",
                "properties": {"kind": {"type": "string"}, "pin": {"type": "string", "maxLength": 4}},
                "if": {"properties": {"kind": {"const": "debit"}}},
                "then": {"required": ["pin"]},
                "unevaluatedProperties": false
            },
            "Wallet": {"type": "array", "items": {"$ref": "#/components/schemas/Card"}, "contains": {"required": ["pin"]}},
            "Either": {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"deep": {"type": "boolean"}}}]}
        }}, "paths": {"/a b": {"schema": {"minimum": 3}}}}"##,
    );

    fn check(schema: &'static Schema, text: &str) -> Result<(), String> {
        let node = Node::from_json(text.as_bytes()).expect("JSON");
        schema.check(&node).map_err(|invalid| invalid.to_string())
    }

    #[test]
    fn all_violations_are_named_with_place_and_keyword_and_without_the_value() {
        static CARD: Schema = Schema::new(&SCHEMAS, "/components/schemas/Card");
        assert_eq!(check(&CARD, r#"{"kind": "debit", "pin": "1234"}"#), Ok(()));
        let missing = check(&CARD, r#"{"kind": "debit"}"#).unwrap_err();
        assert!(
            missing.contains("`required`") && missing.contains("pin"),
            "{missing}"
        );
        let refused = check(&CARD, r#"{"kind": 1, "pin": "98765", "more": 1}"#).unwrap_err();
        for part in [
            "/kind",
            "`type`",
            "/pin",
            "`maxLength`",
            "`unevaluatedProperties`",
            "more",
        ] {
            assert!(refused.contains(part), "{part}: {refused}");
        }
        assert!(!refused.contains("98765"), "{refused}");
    }

    #[test]
    fn references_lead_through_the_document() {
        static WALLET: Schema = Schema::new(&SCHEMAS, "/components/schemas/Wallet");
        assert_eq!(
            check(&WALLET, r#"[{"kind": "credit"}, {"pin": "1"}]"#),
            Ok(())
        );
        assert!(
            check(&WALLET, r#"[{"kind": "credit"}]"#)
                .unwrap_err()
                .contains("`contains`")
        );
        assert!(
            check(&WALLET, r#"[{"pin": 1}]"#)
                .unwrap_err()
                .starts_with("/0/pin")
        );
    }

    #[test]
    fn the_nearest_branch_of_a_union_is_named() {
        static EITHER: Schema = Schema::new(&SCHEMAS, "/components/schemas/Either");
        let refused = check(&EITHER, r#"{"deep": 1}"#).unwrap_err();
        assert!(
            refused.starts_with("/deep matches no branch of `oneOf`"),
            "{refused}"
        );
    }

    #[test]
    fn text_of_the_wire_is_taken_as_what_it_writes() {
        static SMALL: Schema = Schema::new(&SCHEMAS, "/paths/~1a b/schema");
        assert!(SMALL.check(&Node::Integer(2)).is_err());
        assert_eq!(SMALL.check(&Node::Text("2".to_owned())), Ok(())); // as a text
    }
}
