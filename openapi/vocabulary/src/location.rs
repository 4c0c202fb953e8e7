//! Where a value stands in a request, and how it is written there.

use std::fmt;

/// Which part of a request something stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// A variable of the path template.
    Path,
    /// The query string.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// The body. Never the location of a parameter.
    Body,
}

impl Location {
    /// The locations of parameters: every one but the body.
    pub const OF_PARAMETERS: [Self; 4] = [Self::Path, Self::Query, Self::Header, Self::Cookie];

    /// As the document writes it: `path`, `query`, `header`, `cookie`, `body`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body => "body",
        }
    }

    /// The location that a parameter's `in` names; `None` for any other word.
    #[must_use]
    pub fn of_parameter(word: &str) -> Option<Self> {
        let mut all = Self::OF_PARAMETERS.into_iter();
        all.find(|location| location.as_str() == word)
    }

    /// The styles that a value may have here (OpenAPI 3.0.3, Parameter Object and Encoding
    /// Object). The first is the default.
    #[must_use]
    pub const fn styles(self) -> &'static [Style] {
        match self {
            Self::Path => &[Style::Simple, Style::Label, Style::Matrix],
            Self::Query | Self::Body => &[
                Style::Form,
                Style::SpaceDelimited,
                Style::PipeDelimited,
                Style::DeepObject,
            ],
            Self::Header => &[Style::Simple],
            Self::Cookie => &[Style::Form],
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a parameter's value is written (OpenAPI 3.0.3, Style Values).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Style {
    Simple,
    Label,
    Matrix,
    Form,
    SpaceDelimited,
    PipeDelimited,
    DeepObject,
}

impl Style {
    /// As the document writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Label => "label",
            Self::Matrix => "matrix",
            Self::Form => "form",
            Self::SpaceDelimited => "spaceDelimited",
            Self::PipeDelimited => "pipeDelimited",
            Self::DeepObject => "deepObject",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_never_in_the_body() {
        for location in Location::OF_PARAMETERS {
            assert_eq!(Location::of_parameter(location.as_str()), Some(location));
        }
        assert_eq!(Location::of_parameter("body"), None);
        assert_eq!(Location::of_parameter("Query"), None);
    }
}
