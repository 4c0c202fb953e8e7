//! Writes values into paths, queries, headers, cookies and forms (OpenAPI 3.0.3, Style Values and
//! Style Examples).
//!
//! This module follows the specification's table alone, and not the way in which the service reads
//! values.

use dropshot_contract::{Location, Value};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::document::Parameter;
use crate::scalar::Charset;

/// All characters but the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Why OpenAPI has no way to write a value.
pub(crate) type Unwritable = String;

/// How a value is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style<'d> {
    pub(crate) name: &'d str,
    pub(crate) style: &'d str,
    pub(crate) explode: bool,
    pub(crate) escape: fn(&str) -> String,
}

pub(crate) fn percent(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A path template in which the characters that no path has (RFC 3986, 3.3) are escaped. The braces
/// stay until the variables are filled in.
pub(crate) fn template(path: &str) -> String {
    const FOREIGN: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'<')
        .add(b'>')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'|')
        .add(b'[')
        .add(b']')
        .add(b'?')
        .add(b'#');
    utf8_percent_encode(path, FOREIGN).to_string()
}

/// Escapes text as forms do: a plus stands for a space.
pub(crate) fn form(text: &str) -> String {
    percent(text).replace("%20", "+")
}

/// Leaves text as it is: headers have no escapes.
pub(crate) fn plain(text: &str) -> String {
    text.to_owned()
}

/// The characters that a parameter's value may have. None of them is a separator that can't be
/// escaped.
pub(crate) fn charset(parameter: &Parameter<'_>) -> Charset {
    match (parameter.location, parameter.style) {
        _ if parameter.json => Charset::Json,
        (Location::Header, _) | (_, "spaceDelimited" | "pipeDelimited" | "label" | "matrix") => {
            Charset::Plain
        }
        _ => Charset::Escaped,
    }
}

impl<'d> Style<'d> {
    /// The style of a parameter.
    pub(crate) fn of(parameter: &Parameter<'d>) -> Self {
        Self {
            name: parameter.name,
            style: parameter.style,
            explode: parameter.explode,
            escape: if parameter.location == Location::Header {
                plain
            } else {
                percent
            },
        }
    }

    /// The text in a path segment or a header.
    ///
    /// # Errors
    /// OpenAPI defines no text for the value.
    pub(crate) fn text(&self, value: &Value) -> Result<String, Unwritable> {
        match self.style {
            "label" => {
                let separator = if self.explode { "." } else { "," };
                Ok(format!(".{}", self.joined(value, separator)?))
            }
            "matrix" => self.matrix(value),
            _ => self.joined(value, ","),
        }
    }

    fn matrix(&self, value: &Value) -> Result<String, Unwritable> {
        let name = (self.escape)(self.name);
        match value {
            Value::Array(items) if self.explode => {
                let items = items
                    .iter()
                    .map(|item| Ok(format!(";{name}={}", self.scalar(item)?)));
                items.collect()
            }
            Value::Object(_) if self.explode => Ok(format!(";{}", self.joined(value, ";")?)),
            value => Ok(format!(";{name}={}", self.joined(value, ",")?)),
        }
    }

    fn joined(&self, value: &Value, separator: &str) -> Result<String, Unwritable> {
        let parts: Result<Vec<String>, Unwritable> = match value {
            Value::Array(items) => items.iter().map(|item| self.part(item)).collect(),
            Value::Object(members) => {
                let between = if self.explode { "=" } else { separator };
                let member = |(name, value): (&String, &Value)| {
                    Ok(format!(
                        "{}{between}{}",
                        (self.escape)(name),
                        self.part(value)?
                    ))
                };
                members.iter().map(member).collect()
            }
            scalar => return self.scalar(scalar),
        };
        match parts?.join(separator) {
            joined if joined.is_empty() => {
                Err("nothing is written for an array or object without members".to_owned())
            }
            joined => Ok(joined),
        }
    }

    /// The pairs in a query, a cookie or a form.
    ///
    /// # Errors
    /// OpenAPI defines no pairs for the value.
    pub(crate) fn pairs(&self, value: &Value) -> Result<Vec<String>, Unwritable> {
        let name = (self.escape)(self.name);
        let pairs = match (self.style, value) {
            ("deepObject", value) => {
                let mut pairs = Vec::new();
                self.deep(&name, value, &mut pairs)?;
                pairs
            }
            ("spaceDelimited", Value::Array(_) | Value::Object(_)) if !self.explode => {
                vec![format!("{name}={}", self.joined(value, "%20")?)]
            }
            ("pipeDelimited", Value::Array(_) | Value::Object(_)) if !self.explode => {
                vec![format!("{name}={}", self.joined(value, "|")?)]
            }
            (_, Value::Array(items)) if self.explode => {
                let pair = |item| Ok(format!("{name}={}", self.scalar(item)?));
                items.iter().map(pair).collect::<Result<_, Unwritable>>()?
            }
            (_, Value::Object(members)) if self.explode => {
                let mut pairs = Vec::new();
                for (name, value) in members {
                    pairs.extend(Style { name, ..*self }.member(value)?);
                }
                pairs
            }
            (_, value) => vec![format!("{name}={}", self.joined(value, ",")?)],
        };
        if pairs.is_empty() {
            return Err("nothing is written for an array or object without members".to_owned());
        }
        Ok(pairs)
    }

    /// A property of an exploded object.
    fn member(&self, value: &Value) -> Result<Vec<String>, Unwritable> {
        match value {
            Value::Object(_) => Err("an object in an exploded object can't be written".to_owned()),
            value => self.pairs(value),
        }
    }

    fn deep(&self, name: &str, value: &Value, pairs: &mut Vec<String>) -> Result<(), Unwritable> {
        match value {
            Value::Object(members) => members.iter().try_for_each(|(key, value)| {
                self.deep(&format!("{name}[{}]", (self.escape)(key)), value, pairs)
            }),
            Value::Array(items) => items
                .iter()
                .try_for_each(|item| self.deep(&format!("{name}[]"), item, pairs)),
            scalar => {
                pairs.push(format!("{name}={}", self.scalar(scalar)?));
                Ok(())
            }
        }
    }

    /// The text of a value in a list of values.
    fn part(&self, value: &Value) -> Result<String, Unwritable> {
        let text = scalar(value)?;
        let separator = match self.style {
            "label" => ".",
            "spaceDelimited" => " ",
            "pipeDelimited" => "|",
            _ => ",",
        };
        let escaped = (self.escape)(&text);
        let kept = separator == "," || separator == ".";
        if text.contains(separator) && (!kept || escaped.contains(separator)) {
            return Err(format!(
                "style {} has no escape for its separator",
                self.style
            ));
        }
        Ok(escaped)
    }

    fn scalar(&self, value: &Value) -> Result<String, Unwritable> {
        scalar(value).map(|text| (self.escape)(&text))
    }
}

/// The text of a value that has no parts.
///
/// # Errors
/// The value has parts, or is null.
pub(crate) fn scalar(value: &Value) -> Result<String, Unwritable> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null => Err("there is no text for null".to_owned()),
        Value::Array(_) | Value::Object(_) => {
            Err("OpenAPI has no way of writing arrays and objects within others".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The table of OpenAPI 3.0.3, Style Examples.
    #[test]
    fn style_examples() {
        let array = json!(["blue", "black", "brown"]);
        let object = json!({ "R": 100, "G": 200, "B": 150 });
        let string = json!("blue");
        for (style, explode, value, text) in [
            ("matrix", false, &string, ";color=blue"),
            ("matrix", false, &array, ";color=blue,black,brown"),
            ("matrix", false, &object, ";color=R,100,G,200,B,150"),
            (
                "matrix",
                true,
                &array,
                ";color=blue;color=black;color=brown",
            ),
            ("matrix", true, &object, ";R=100;G=200;B=150"),
            ("label", false, &string, ".blue"),
            ("label", true, &array, ".blue.black.brown"),
            ("label", true, &object, ".R=100.G=200.B=150"),
            ("simple", false, &array, "blue,black,brown"),
            ("simple", false, &object, "R,100,G,200,B,150"),
            ("simple", true, &object, "R=100,G=200,B=150"),
        ] {
            let written = Style {
                name: "color",
                style,
                explode,
                escape: percent,
            }
            .text(value);
            assert_eq!(written.as_deref(), Ok(text), "{style} {explode}");
        }
        for (style, explode, value, text) in [
            ("form", false, &string, "color=blue"),
            ("form", false, &array, "color=blue,black,brown"),
            ("form", false, &object, "color=R,100,G,200,B,150"),
            ("form", true, &array, "color=blue&color=black&color=brown"),
            ("form", true, &object, "R=100&G=200&B=150"),
            (
                "spaceDelimited",
                false,
                &array,
                "color=blue%20black%20brown",
            ),
            ("pipeDelimited", false, &array, "color=blue|black|brown"),
            (
                "deepObject",
                true,
                &object,
                "color[R]=100&color[G]=200&color[B]=150",
            ),
        ] {
            let written = Style {
                name: "color",
                style,
                explode,
                escape: percent,
            }
            .pairs(value);
            assert_eq!(
                written.map(|pairs| pairs.join("&")).as_deref(),
                Ok(text),
                "{style} {explode}"
            );
        }
    }
}
