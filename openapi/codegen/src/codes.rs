//! The registry of stable diagnostic codes: `DC` and three digits, with a sentence for each.
//!
//! A published code keeps its meaning, and a retired code is not used again. The reader of
//! documents uses codes below 500, and the writer of Rust uses codes from 500. A `9` as the second
//! digit marks a finding that is carried and does not refuse the document.

macro_rules! codes {
    ($($name:ident = $id:literal $sentence:literal)*) => {
        $(#[doc = $sentence] pub const $name: &str = $id;)*
        /// Every code with its sentence, in order.
        pub const ALL: &[(&str, &str)] = &[$(($id, $sentence)),*];
    };
}

codes! {
    UNREADABLE = "DC001" "The file can't be read."
    ENCODING = "DC002" "The file is not UTF-8 text."
    TOO_LARGE = "DC003" "The document is larger, deeper or expands further than the generator accepts."
    SYNTAX = "DC004" "The text is neither JSON nor YAML."
    DUPLICATE_KEY = "DC005" "A key stands twice in one object."
    YAML_ONLY = "DC006" "The YAML says something that JSON can't."
    NOT_A_DOCUMENT = "DC007" "The file holds no OpenAPI document."
    VERSION = "DC010" "The document's version of OpenAPI is not one that is read."
    BEYOND_3_0 = "DC011" "A construct of OpenAPI 3.1 that is not read."
    OVERLAY = "DC020" "The overlay is not a well-formed OpenAPI Overlay 1.0."
    OVERLAY_NO_MATCH = "DC021" "The target of an overlay action matches nothing."
    OVERLAY_ACTION = "DC022" "An overlay action can't be applied."
    EXTERNAL_REFERENCE = "DC030" "A reference leaves the document's folder."
    DANGLING_REFERENCE = "DC031" "A reference leads nowhere."
    REFERENCE_CYCLE = "DC032" "References lead only to each other."
    REFERENCE_KIND = "DC033" "A reference leads to another kind of object than its place needs."
    MISSING_FIELD = "DC040" "A required field is missing."
    WRONG_TYPE = "DC041" "A field has a value of the wrong type."
    WRONG_VALUE = "DC042" "A field has a value that OpenAPI does not allow there."
    MISSPELT_FIELD = "DC043" "A field is unknown and looks like a misspelling."
    PATH = "DC050" "A path or its template is malformed."
    PATH_PARAMETER = "DC051" "A path template and its parameters do not fit each other."
    DUPLICATE_PARAMETER = "DC052" "A parameter is declared twice."
    DUPLICATE_OPERATION_ID = "DC053" "An operationId is used twice."
    STATUS = "DC054" "A key of `responses` is no status code."
    PARAMETER_SCHEMA = "DC055" "A parameter or header has not exactly one of `schema` and `content`."
    TYPE = "DC060" "A schema's `type` is unknown."
    ARRAY_ITEMS = "DC061" "An array has no `items`."
    DEFAULT = "DC062" "A default is refused by its own schema."
    COMPOSITION_CYCLE = "DC063" "A schema is made of itself and nothing else."
    ENUM = "DC064" "No value of an enum has the schema's type."
    SECURITY_REQUIREMENT = "DC070" "A security requirement names a scheme that is not declared."
    SECURITY_SCHEME = "DC071" "A security scheme is malformed."
    UNKNOWN_FIELD = "DC090" "A field that OpenAPI does not know is kept, not understood."
    CALLBACKS = "DC091" "Callbacks, links and webhooks are kept in the document; nothing is called."
    NOT_SERVED = "DC092" "A path that no request can have is kept in the document and not served."
    TOLERATED = "DC093" "A deviation from OpenAPI with one plain meaning is accepted."
    IGNORED = "DC094" "A field is kept in the document and has no effect."
    INDISTINGUISHABLE = "DC510" "The paths of two operations can't be told apart."
    PATTERN_NOT_ENFORCED = "DC590" "A pattern is kept in the document and not enforced."
    XML_NOT_ENFORCED = "DC591" "An XML body is handed over as text; its schema is not enforced."
}
