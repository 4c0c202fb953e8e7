//! The list of everything that Dropshot's export can't express and that is not compared, with the
//! reasons.

use std::collections::BTreeMap;

/// The normalisations: names and reasons. Any other difference is a [`super::Difference`].
pub static NORMALISATIONS: &[(&str, &str)] = &[
    (
        "info",
        "Dropshot writes title and version only, and its version must be a semantic one",
    ),
    (
        "extensions",
        "x-… outside schemas: Dropshot has no place for them",
    ),
    ("servers", "Dropshot does not know where it is reached"),
    (
        "security",
        "Dropshot has no security schemes and no requirements",
    ),
    ("externalDocs", "Dropshot keeps none but those of tags"),
    (
        "path items",
        "summary, description and shared parameters of a path: Dropshot has operations only",
    ),
    (
        "components",
        "Dropshot writes parameters, bodies, responses and headers where they are used; only schemas are shared",
    ),
    (
        "unreachable paths",
        "a path with `#` or `?` is one that no request can have: it stays in the document, and has no route",
    ),
    ("callbacks", "Dropshot has none"),
    ("links", "Dropshot has none"),
    (
        "operation ids",
        "an operation without one gets a name, which the document does not have",
    ),
    (
        "tags",
        "a tag that operations use is listed in any case; its other properties than name and description are left out",
    ),
    (
        "parameter styles",
        "Dropshot writes the default style and no explode, allowReserved, allowEmptyValue, deprecated, example",
    ),
    ("cookies", "Dropshot has no cookie parameters"),
    (
        "query parameters of several values",
        "Dropshot's are scalars; arrays and objects are read by this crate",
    ),
    (
        "path parameters of several values",
        "Dropshot's are scalars; they are exported as text",
    ),
    ("parameters declared by content", "Dropshot's have a schema"),
    (
        "parameters of one name",
        "a query parameter named like a variable of the path is refused by Dropshot",
    ),
    (
        "body media types",
        "Dropshot has one body media type of four; the first that it has is compared, +json as application/json",
    ),
    ("optional bodies", "Dropshot's are always required"),
    (
        "body details",
        "description, examples and encoding of a body: Dropshot has none",
    ),
    ("no response", "Dropshot writes one in any case"),
    (
        "other responses",
        "Dropshot has one response besides 4XX and 5XX: the first 2xx, else 3xx, else default, else the first is compared",
    ),
    (
        "response media types",
        "Dropshot's responses with a schema are application/json",
    ),
    (
        "impossible responses",
        "a schema that nothing satisfies is no content to Dropshot",
    ),
    (
        "response details",
        "examples of a response, styles and examples of its headers: Dropshot has none",
    ),
    (
        "$ref siblings",
        "OpenAPI 3.0 ignores what stands beside a $ref",
    ),
    (
        "schema annotations",
        "discriminator, xml, externalDocs and unknown keywords: Dropshot's schemas have none",
    ),
    (
        "written defaults",
        "nullable: false and the like: Dropshot leaves them out",
    ),
    (
        "null defaults and examples",
        "Dropshot can't tell them from none",
    ),
    (
        "missing types",
        "a schema without type has the one its keywords are for; Dropshot drops keywords without a type",
    ),
    ("missing items", "Dropshot wants items with every array"),
    (
        "keywords of other types",
        "minLength of a number and the like mean nothing, and Dropshot drops them",
    ),
    (
        "formats of other types",
        "Dropshot's booleans, arrays, objects and untyped schemas have no format",
    ),
    (
        "enums of other types",
        "Dropshot's enums are of scalars of the schema's own type",
    ),
    (
        "combinators",
        "several of allOf, oneOf, anyOf, not in an untyped schema are put into one allOf",
    ),
    (
        "integer bounds",
        "Dropshot takes them through 64-bit floats and cuts fractions off",
    ),
    (
        "large lengths",
        "Dropshot's lengths and counts have 32 bits",
    ),
];

/// How often each normalisation was needed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Notes(BTreeMap<&'static str, usize>);

impl Notes {
    pub(crate) fn note(&mut self, name: &'static str) {
        debug_assert!(
            NORMALISATIONS.iter().any(|(listed, _)| *listed == name),
            "{name} is not listed"
        );
        *self.0.entry(name).or_default() += 1;
    }

    /// The names and counts.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.0.iter().map(|(name, count)| (*name, *count))
    }
}
