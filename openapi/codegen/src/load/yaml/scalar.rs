//! The core schema of YAML 1.2 (section 10.3): decides which plain scalars are null, booleans or
//! numbers.

use super::{at, yaml_only};
use crate::codes;
use crate::load::text::Problem;
use saphyr_parser::{ScalarStyle, Span, Tag};
use serde_json::{Number, Value};

const PLAIN_JSON: &str =
    "write what JSON can say: text, a number, true, false, null, a list or an object";

/// The value of a scalar.
///
/// # Errors
/// A tag outside the core schema, or a number that JSON lacks.
pub fn read(
    text: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    span: Span,
) -> Result<Value, Problem> {
    let plain = style == ScalarStyle::Plain;
    let Some(tag) = tag else {
        return if plain {
            resolve(text, span)
        } else {
            Ok(Value::String(text.to_owned()))
        };
    };
    let resolved = match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
        (true, "str") => Some(Value::String(text.to_owned())),
        (false, "") if tag.handle == "!" => Some(Value::String(text.to_owned())),
        (true, "null") => Some(Value::Null),
        (true, "bool" | "int" | "float") => match resolve(text, span)? {
            value @ (Value::Bool(_) | Value::Number(_)) => Some(value),
            _ => None,
        },
        _ => return Err(unknown_tag(tag, span)),
    };
    resolved.ok_or_else(|| {
        let message = format!("`{text}` is not of the type that its tag `{tag}` names");
        Problem::new(codes::SYNTAX, at(span), message, PLAIN_JSON)
    })
}

/// Checks that a collection has no tag but the core tag of its kind.
pub fn check_tag(tag: Option<&Tag>, own: &str, span: Span) -> Result<(), Problem> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == own) => {
            Err(unknown_tag(tag, span))
        }
        _ => Ok(()),
    }
}

fn unknown_tag(tag: &Tag, span: Span) -> Problem {
    yaml_only(
        span,
        format!("the YAML tag `{tag}` has no meaning in an OpenAPI document"),
        PLAIN_JSON,
    )
}

fn resolve(text: &str, span: Span) -> Result<Value, Problem> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Err(no_number(text, span)),
        _ if matches!(
            text.trim_start_matches(['-', '+']),
            ".inf" | ".Inf" | ".INF"
        ) =>
        {
            return Err(no_number(text, span));
        }
        _ => match number(text) {
            Some(Some(number)) => Value::Number(number),
            Some(None) => return Err(no_number(text, span)),
            None => Value::String(text.to_owned()),
        },
    })
}

fn no_number(text: &str, span: Span) -> Problem {
    yaml_only(span, format!("JSON has no number `{text}`"), PLAIN_JSON)
}

/// The number of a plain scalar. `Some(None)` if it is too large for a double.
fn number(text: &str) -> Option<Option<Number>> {
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(Number::from);
    if let Some(digits) = text.strip_prefix("0o") {
        return all(digits, |b| (b'0'..b'8').contains(&b)).then(|| radix(digits, 8));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return all(digits, |b| b.is_ascii_hexdigit()).then(|| radix(digits, 16));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(e) => (&unsigned[..e], Some(&unsigned[e + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let has_digits = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    let well_formed = has_digits
        && digits(whole)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| {
            all(e.strip_prefix(['-', '+']).unwrap_or(e), |b| {
                b.is_ascii_digit()
            })
        });
    if !well_formed {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if fraction.is_none() && exponent.is_none() {
        let integer = text
            .parse::<i64>()
            .map(Number::from)
            .or_else(|_| text.parse::<u64>().map(Number::from));
        if let Ok(integer) = integer {
            return Some(Some(integer));
        }
    }
    Some(text.parse::<f64>().ok().and_then(Number::from_f64))
}

fn all(text: &str, digit: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(digit)
}
