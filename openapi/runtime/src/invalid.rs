//! A value that breaks its schema: why, and where in the value.
//!
//! This module knows nothing of requests. [`crate::Rejection`] says which part of which request the
//! value came from.

use std::fmt;

/// Why a value was refused. It is boxed to keep results small where nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    reason: Reason,
    message: String,
    /// From the innermost segment outwards, since decoders return in that order.
    segments: Vec<String>,
}

impl Invalid {
    /// A value refused for `reason`. The message completes "`/name` …". It never repeats the value,
    /// which may be a secret.
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            reason,
            message: message.into(),
            segments: Vec::new(),
        }))
    }

    /// The refusal of a discriminator that names no alternative.
    #[must_use]
    pub fn tag(property: &str, found: &str, allowed: &[&str]) -> Self {
        // The value of a discriminator names a type, so it is no secret. It may be long.
        let found: String = found.chars().take(40).collect();
        Self::new(
            Reason::NotAllowed,
            format!("is {found:?}, which is none of {}", listed(allowed)),
        )
        .within(property)
    }

    pub(crate) fn type_mismatch(wanted: &str, found: &str) -> Self {
        Self::new(Reason::WrongType, format!("must be {wanted}, not {found}"))
    }

    /// The same refusal, seen from one level further out. `segment` is a property's name or an
    /// item's index.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // a name or a number
    pub fn within(mut self, segment: impl ToString) -> Self {
        self.0.segments.push(segment.to_string());
        self
    }

    /// The reason for the refusal.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// What is wrong, in words. The place is left out.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// How deep in the value the mistake is. In a union, the caller probably meant the alternative
    /// that got furthest.
    pub(crate) fn depth(&self) -> usize {
        self.0.segments.len()
    }

    /// RFC 6901 pointer into the value, such as `/items/0/name`. Empty for the value itself.
    #[must_use]
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in self.0.segments.iter().rev() {
            dropshot_vocabulary::pointer::push(&mut pointer, segment);
        }
        pointer
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = self.pointer();
        if pointer.is_empty() {
            f.write_str(self.message())
        } else {
            write!(f, "{pointer} {}", self.message())
        }
    }
}

impl std::error::Error for Invalid {}

/// Names as `"a", "b"`, at most twelve of them.
pub(crate) fn listed(names: &[&str]) -> String {
    let mut text = names
        .iter()
        .take(12)
        .map(|name| format!("{name:?}"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > 12 {
        text.push_str(", …");
    }
    text
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A required parameter is absent.
    MissingParameter,
    /// A parameter that takes one value is given more than once.
    RepeatedParameter,
    /// A percent escape is malformed, or text is not UTF-8.
    MalformedEncoding,
    /// A required body is absent.
    MissingBody,
    /// The body, or a part of it, has a media type that the operation does not accept.
    UnsupportedMediaType,
    /// The body is longer than the server reads.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTimeout,
    /// The connection broke before the body was whole.
    BodyAborted,
    /// The body, or a parameter declared as JSON, does not follow the syntax of its media type.
    MalformedBody,
    /// A required property is absent.
    MissingProperty,
    /// The value has a property that the schema does not allow.
    UnknownProperty,
    /// `type`, `nullable`
    WrongType,
    /// `enum`, or a discriminator's value
    NotAllowed,
    /// `pattern`
    Pattern,
    /// `format`
    Format,
    /// `minLength`, `maxLength`
    Length,
    /// `minimum`, `maximum` and their exclusive forms, or the range of the type
    Bounds,
    /// `multipleOf`
    MultipleOf,
    /// `minItems`, `maxItems`
    ItemCount,
    /// `uniqueItems`
    RepeatedItem,
    /// `minProperties`, `maxProperties`
    PropertyCount,
    /// `oneOf`, `anyOf`
    NoAlternative,
    /// `not`
    Excluded,
    /// The value would cost more work than a request may cost.
    TooComplex,
    /// Credentials are missing or malformed.
    Credentials,
    /// The service has as many requests under way as it allows.
    Overloaded,
    /// The path has operations, but none with this method.
    MethodNotAllowed,
    /// `Host` is missing, repeated or malformed (RFC 9112 3.2).
    Host,
    /// The header fields are longer than the server reads.
    HeadersTooLarge,
}

impl Reason {
    /// A stable word for programs: `missing_parameter`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MissingParameter => "missing_parameter",
            Self::RepeatedParameter => "repeated_parameter",
            Self::MalformedEncoding => "malformed_encoding",
            Self::MissingBody => "missing_body",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::BodyAborted => "body_aborted",
            Self::MalformedBody => "malformed_body",
            Self::MissingProperty => "missing_property",
            Self::UnknownProperty => "unknown_property",
            Self::WrongType => "wrong_type",
            Self::NotAllowed => "not_allowed",
            Self::Pattern => "pattern",
            Self::Format => "format",
            Self::Length => "length",
            Self::Bounds => "bounds",
            Self::MultipleOf => "multiple_of",
            Self::ItemCount => "item_count",
            Self::RepeatedItem => "repeated_item",
            Self::PropertyCount => "property_count",
            Self::NoAlternative => "no_alternative",
            Self::Excluded => "excluded",
            Self::TooComplex => "too_complex",
            Self::Credentials => "credentials",
            Self::Overloaded => "overloaded",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Host => "host",
            Self::HeadersTooLarge => "headers_too_large",
        }
    }
}
