//! The registry of the kinds of change. Each has a stable code and a sentence.
//!
//! A published code keeps its meaning. A code that is no longer used is not used again. The same
//! code may be breaking in a request and compatible in a reply: the effect is reported beside it.

use serde::{Serialize, Serializer};

macro_rules! kinds {
    ($($name:ident $code:literal $sentence:literal)*) => {
        /// A kind of change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = $sentence] $name,)*
        }

        impl Kind {
            /// Every kind, in order.
            pub const ALL: &[Kind] = &[$(Kind::$name),*];

            /// The kind's stable code: lower case, with words joined by `-`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Kind::$name => $code),* }
            }

            /// The meaning of the kind, in a sentence.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Kind::$name => $sentence),* }
            }
        }
    };
}

kinds! {
    BasePathChanged "base-path-changed" "The path that every operation's path is below changed."
    OperationAdded "operation-added" "An operation is new."
    OperationRemoved "operation-removed" "An operation is gone."
    OperationMoved "operation-moved" "An operation has another method or path."
    OperationRenamed "operation-renamed" "An operation has another operationId; its handler another name."
    CallbacksChanged "callbacks-changed" "What the service may call back changed."
    ParameterAdded "parameter-added" "An operation takes another parameter."
    ParameterRemoved "parameter-removed" "An operation does not take a parameter any more."
    ParameterRenamed "parameter-renamed" "A path parameter has another name, which is not on the wire."
    ParameterWriting "parameter-writing-changed" "A parameter's value is written another way (style, explode, media type)."
    BodyAdded "body-added" "An operation takes a body."
    BodyRemoved "body-removed" "An operation does not take a body any more."
    MediaTypeAdded "media-type-added" "A body may come in another media type."
    MediaTypeRemoved "media-type-removed" "A body does not come in a media type any more."
    EncodingChanged "encoding-changed" "A field of a form or multipart body is written another way."
    ResponseAdded "response-added" "An operation answers with another status."
    ResponseRemoved "response-removed" "An operation does not answer with a status any more."
    HeaderAdded "header-added" "A reply has another header."
    HeaderRemoved "header-removed" "A reply does not have a header any more."
    SecurityStricter "security-stricter" "Callers must show more than before."
    SecurityLooser "security-looser" "Callers may show less than before."
    SecuritySchemeChanged "security-scheme-changed" "A security scheme says something else of where credentials come from."
    BecameRequired "became-required" "What may be left out must now be there."
    BecameOptional "became-optional" "What must be there may now be left out."
    TypeNarrowed "type-narrowed" "Values of fewer types are allowed."
    TypeWidened "type-widened" "Values of more types are allowed."
    TypeChanged "type-changed" "Values of another type are allowed."
    NullForbidden "null-forbidden" "null is not allowed any more."
    NullAllowed "null-allowed" "null is allowed."
    EnumNarrowed "enum-narrowed" "Fewer of a list of values are allowed."
    EnumWidened "enum-widened" "More values are allowed than a list had."
    FormatNarrowed "format-narrowed" "A format is asked for, or a narrower one."
    FormatWidened "format-widened" "A format is not asked for any more, or a wider one."
    FormatChanged "format-changed" "Another format is asked for."
    PatternNarrowed "pattern-narrowed" "A pattern must be met."
    PatternWidened "pattern-widened" "A pattern need not be met any more."
    PatternChanged "pattern-changed" "Another pattern must be met."
    BoundNarrowed "bound-narrowed" "A bound of a value, a length or a number of items is tighter."
    BoundWidened "bound-widened" "A bound of a value, a length or a number of items is wider."
    MultipleChanged "multiple-changed" "Multiples of another number are allowed."
    PropertyAdded "property-added" "An object has another property."
    PropertyRemoved "property-removed" "An object does not have a property any more."
    OtherPropertiesForbidden "other-properties-forbidden" "An object may not have properties beside those declared any more."
    OtherPropertiesAllowed "other-properties-allowed" "An object may have properties beside those declared."
    DefaultChanged "default-changed" "What stands for a value that is left out changed."
    AlternativeAdded "alternative-added" "A oneOf or anyOf has another alternative."
    AlternativeRemoved "alternative-removed" "A oneOf or anyOf lost an alternative."
    AlternativesChanged "alternatives-changed" "A oneOf or anyOf changed in a way that is not understood."
    DiscriminatorChanged "discriminator-changed" "Alternatives are told apart by another property or value."
    NotChanged "not-changed" "A `not` came, went or changed."
    XmlChanged "xml-changed" "How a value is written as XML changed."
    Deprecated "deprecated" "Callers should do without it."
    NoLongerDeprecated "no-longer-deprecated" "Callers may use it again."
    DocumentationChanged "documentation-changed" "A title, a description, an example, a tag or a vendor's extension changed."
    ComponentAdded "component-added" "A component is new under `components`."
    ComponentRemoved "component-removed" "A component is gone from `components`."
    ComponentChanged "component-changed" "A component changed, and no operation shows more of it than is told elsewhere."
    TooManyPairs "too-many-pairs" "The documents' schemas refer to each other in more ways than are compared."
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
