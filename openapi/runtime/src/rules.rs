//! The constraints a schema puts on a value, as `const` builders for statics in generated code, and their checks.
//!
//! Lengths are counted in characters (JSON Schema Validation, 3.2). Patterns have been translated from ECMA 262 by the
//! generator.

use std::sync::OnceLock;

use fancy_regex::{Regex, RegexBuilder};

use crate::format::Format;
use crate::{Invalid, Reason};

/// Steps that a pattern may go back before a text is refused: patterns come from documents that nobody wrote with
/// hostile callers in mind (catastrophic backtracking).
const BACKTRACK_LIMIT: usize = 100_000;

/// `minLength`, `maxLength`, `pattern`, `format` of a string.
#[derive(Debug)]
pub struct Text {
    min: u64,
    max: u64,
    format: Option<Format>,
    pattern: Option<&'static str>,
    /// Compiled when it is first needed; `None` if it can't be.
    compiled: OnceLock<Option<Regex>>,
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

impl Text {
    /// Any text.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            min: 0,
            max: u64::MAX,
            format: None,
            pattern: None,
            compiled: OnceLock::new(),
        }
    }

    /// `minLength`
    #[must_use]
    pub const fn min(mut self, characters: u64) -> Self {
        self.min = characters;
        self
    }

    /// `maxLength`
    #[must_use]
    pub const fn max(mut self, characters: u64) -> Self {
        self.max = characters;
        self
    }

    /// `pattern`, in the syntax of the `regex` crate with look-around and back references.
    #[must_use]
    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// `format`
    #[must_use]
    pub const fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// Whether `text` keeps the rule.
    ///
    /// # Errors
    /// [`Reason::Length`], [`Reason::Pattern`], [`Reason::Format`]
    pub fn check(&self, text: &str) -> Result<(), Invalid> {
        self.check_length(text)?;
        if let Some(format) = self.format {
            format.check(text)?;
        }
        let Some(pattern) = self.pattern else {
            return Ok(());
        };
        let compiled = self.compiled.get_or_init(|| {
            RegexBuilder::new(pattern)
                .backtrack_limit(BACKTRACK_LIMIT)
                .build()
                .ok()
        });
        match compiled.as_ref().map(|regex| regex.is_match(text)) {
            Some(Ok(true)) => Ok(()),
            Some(Ok(false)) => Err(Invalid::new(
                Reason::Pattern,
                format!("must match the pattern {pattern}"),
            )),
            // What can't be decided is refused.
            Some(Err(_)) => Err(Invalid::new(
                Reason::Pattern,
                format!("takes too long to match against the pattern {pattern}"),
            )),
            None => Err(Invalid::new(
                Reason::Pattern,
                format!("can't be matched against the pattern {pattern}"),
            )),
        }
    }

    fn check_length(&self, text: &str) -> Result<(), Invalid> {
        // The number of bytes is at least that of characters, and at most four times as much.
        let bytes = text.len() as u64;
        if bytes <= self.max && bytes / 4 >= self.min {
            return Ok(());
        }
        let characters = text.chars().count() as u64;
        if characters < self.min {
            return Err(Invalid::new(
                Reason::Length,
                format!("must have at least {}", counted(self.min, "character")),
            ));
        }
        if characters > self.max {
            return Err(Invalid::new(
                Reason::Length,
                format!("must have at most {}", counted(self.max, "character")),
            ));
        }
        Ok(())
    }
}

/// `minimum`, `maximum`, `multipleOf` of an integer; exclusive bounds are folded in by the generator.
#[derive(Debug, Clone, Copy)]
pub struct Integer {
    min: i128,
    max: i128,
    multiple_of: Option<i128>,
}

impl Default for Integer {
    fn default() -> Self {
        Self::new()
    }
}

impl Integer {
    /// Any integer.
    pub const ANY: Self = Self::new();

    /// Any integer.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            min: i128::MIN,
            max: i128::MAX,
            multiple_of: None,
        }
    }

    /// `minimum`
    #[must_use]
    pub const fn min(mut self, min: i128) -> Self {
        self.min = min;
        self
    }

    /// `maximum`
    #[must_use]
    pub const fn max(mut self, max: i128) -> Self {
        self.max = max;
        self
    }

    /// `multipleOf`
    #[must_use]
    pub const fn multiple_of(mut self, factor: i128) -> Self {
        self.multiple_of = Some(factor);
        self
    }

    /// Whether `value` keeps the rule.
    ///
    /// # Errors
    /// [`Reason::Bounds`], [`Reason::MultipleOf`]
    pub fn check(&self, value: i128) -> Result<(), Invalid> {
        if value < self.min {
            return Err(Invalid::new(
                Reason::Bounds,
                format!("must be at least {}", self.min),
            ));
        }
        if value > self.max {
            return Err(Invalid::new(
                Reason::Bounds,
                format!("must be at most {}", self.max),
            ));
        }
        match self.multiple_of {
            Some(factor) if value.checked_rem(factor).is_some_and(|rest| rest != 0) => {
                Err(Invalid::new(
                    Reason::MultipleOf,
                    format!("must be a multiple of {factor}"),
                ))
            }
            _ => Ok(()),
        }
    }
}

/// `minimum`, `maximum`, `multipleOf` of a number.
#[derive(Debug, Clone, Copy)]
pub struct Float {
    min: Option<f64>,
    exclusive_min: Option<f64>,
    max: Option<f64>,
    exclusive_max: Option<f64>,
    multiple_of: Option<f64>,
}

impl Default for Float {
    fn default() -> Self {
        Self::new()
    }
}

impl Float {
    /// Any number.
    pub const ANY: Self = Self::new();

    /// Any number.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            min: None,
            exclusive_min: None,
            max: None,
            exclusive_max: None,
            multiple_of: None,
        }
    }

    /// `minimum`
    #[must_use]
    pub const fn min(mut self, min: f64) -> Self {
        self.min = Some(min);
        self
    }

    /// `minimum` with `exclusiveMinimum`
    #[must_use]
    pub const fn exclusive_min(mut self, min: f64) -> Self {
        self.exclusive_min = Some(min);
        self
    }

    /// `maximum`
    #[must_use]
    pub const fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    /// `maximum` with `exclusiveMaximum`
    #[must_use]
    pub const fn exclusive_max(mut self, max: f64) -> Self {
        self.exclusive_max = Some(max);
        self
    }

    /// `multipleOf`
    #[must_use]
    pub const fn multiple_of(mut self, factor: f64) -> Self {
        self.multiple_of = Some(factor);
        self
    }

    /// Whether `value` keeps the rule.
    ///
    /// # Errors
    /// [`Reason::Bounds`], [`Reason::MultipleOf`]
    pub fn check(&self, value: f64) -> Result<(), Invalid> {
        let bound = |kept: bool, words: &str, bound: f64| {
            if kept {
                Ok(())
            } else {
                Err(Invalid::new(
                    Reason::Bounds,
                    format!("must be {words} {bound}"),
                ))
            }
        };
        self.min
            .map_or(Ok(()), |min| bound(value >= min, "at least", min))?;
        self.exclusive_min
            .map_or(Ok(()), |min| bound(value > min, "greater than", min))?;
        self.max
            .map_or(Ok(()), |max| bound(value <= max, "at most", max))?;
        self.exclusive_max
            .map_or(Ok(()), |max| bound(value < max, "less than", max))?;
        match self.multiple_of {
            Some(factor) if !is_multiple(value, factor) => Err(Invalid::new(
                Reason::MultipleOf,
                format!("must be a multiple of {factor}"),
            )),
            _ => Ok(()),
        }
    }
}

/// Decimal fractions have no exact binary form: 0.3 is a multiple of 0.1 though their quotient is not quite 3.
fn is_multiple(value: f64, factor: f64) -> bool {
    let quotient = value / factor;
    let off = (quotient - quotient.round()).abs();
    quotient.is_finite() && off <= quotient.abs().max(1.0) * 4.0 * f64::EPSILON
}

/// `minItems`, `maxItems`, `uniqueItems` of an array.
#[derive(Debug, Clone, Copy)]
pub struct Items {
    min: u64,
    max: u64,
    /// `uniqueItems`
    pub(crate) unique: bool,
}

impl Default for Items {
    fn default() -> Self {
        Self::new()
    }
}

impl Items {
    /// Any items.
    pub const ANY: Self = Self::new();

    /// Any items.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            min: 0,
            max: u64::MAX,
            unique: false,
        }
    }

    /// `minItems`
    #[must_use]
    pub const fn min(mut self, items: u64) -> Self {
        self.min = items;
        self
    }

    /// `maxItems`
    #[must_use]
    pub const fn max(mut self, items: u64) -> Self {
        self.max = items;
        self
    }

    /// `uniqueItems: true`
    #[must_use]
    pub const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Whether that many items keep the rule.
    pub(crate) fn check(&self, items: usize) -> Result<(), Invalid> {
        within(items, self.min, self.max, "item", Reason::ItemCount)
    }
}

/// `minProperties`, `maxProperties` of an object.
#[derive(Debug, Clone, Copy)]
pub struct Properties {
    min: u64,
    max: u64,
}

impl Default for Properties {
    fn default() -> Self {
        Self::new()
    }
}

impl Properties {
    /// As many as there are.
    pub const ANY: Self = Self::new();

    /// As many as there are.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            min: 0,
            max: u64::MAX,
        }
    }

    /// `minProperties`
    #[must_use]
    pub const fn min(mut self, properties: u64) -> Self {
        self.min = properties;
        self
    }

    /// `maxProperties`
    #[must_use]
    pub const fn max(mut self, properties: u64) -> Self {
        self.max = properties;
        self
    }

    pub(crate) fn check(&self, properties: usize) -> Result<(), Invalid> {
        within(
            properties,
            self.min,
            self.max,
            "propert",
            Reason::PropertyCount,
        )
    }
}

fn within(count: usize, min: u64, max: u64, what: &str, reason: Reason) -> Result<(), Invalid> {
    if (count as u64) < min {
        return Err(Invalid::new(
            reason,
            format!("must have at least {}", counted(min, what)),
        ));
    }
    if count as u64 > max {
        return Err(Invalid::new(
            reason,
            format!("must have at most {}", counted(max, what)),
        ));
    }
    Ok(())
}

fn counted(count: u64, what: &str) -> String {
    match (what, count) {
        ("propert", 1) => "1 property".to_owned(),
        ("propert", _) => format!("{count} properties"),
        (_, 1) => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
