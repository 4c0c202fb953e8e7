//! `minLength`, `maxLength`, `pattern` and `format` of a string, as a `const` builder for statics
//! in generated code.
//!
//! Lengths are counted in characters (JSON Schema Validation, 3.2). The generator has translated
//! patterns from ECMA 262.

use std::sync::OnceLock;

use fancy_regex::{Regex, RegexBuilder};

use crate::count::counted;
use crate::format::Format;
use crate::{Invalid, Reason};

/// The steps that a pattern may go back before a text is refused. Patterns come from documents, and
/// their authors don't expect attackers. An attacker's text could otherwise cause catastrophic
/// backtracking.
const BACKTRACK_LIMIT: usize = 100_000;

/// `minLength`, `maxLength`, `pattern`, `format` of a string.
#[derive(Debug)]
pub struct Text {
    min: u64,
    max: u64,
    format: Option<Format>,
    pattern: Option<&'static str>,
    /// The pattern, compiled when it is first needed. `None` if it can't be compiled.
    compiled: OnceLock<Option<Regex>>,
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

impl Text {
    /// Any text.
    #[allow(clippy::declare_interior_mutable_const)] // it has no pattern to compile
    pub const ANY: Self = Self::new();

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

    /// Checks that `text` keeps the rule.
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
            // A text that can't be decided is refused.
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
        // There are at least as many bytes as characters, and at most four times as many.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(rule: &Text, text: &str) -> Option<Reason> {
        rule.check(text).err().map(|invalid| invalid.reason())
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        static RULE: Text = Text::new().min(2).max(3);
        for (text, expected) in [
            ("a", Some(Reason::Length)),
            ("é", Some(Reason::Length)),
            ("𝄞", Some(Reason::Length)),
            ("ab", None),
            ("𝄞𝄞𝄞", None),
            ("abcd", Some(Reason::Length)),
        ] {
            assert_eq!(refused(&RULE, text), expected, "{text}");
        }
        let message = |text| RULE.check(text).unwrap_err().to_string();
        assert_eq!(message(""), "must have at least 2 characters");
        assert_eq!(message("abcd"), "must have at most 3 characters");
    }

    #[test]
    fn patterns() {
        static RULE: Text = Text::new().pattern(r"^(?!admin)[a-z]+$");
        assert_eq!(refused(&RULE, "guest"), None);
        assert_eq!(refused(&RULE, "admin"), Some(Reason::Pattern));
        assert_eq!(refused(&RULE, ""), Some(Reason::Pattern));
    }

    #[test]
    fn a_pattern_that_would_never_end_refuses() {
        static RULE: Text = Text::new().pattern(r"^(?=(a+)+$)(a|aa)+\1$");
        let text = "a".repeat(400) + "b";
        let start = std::time::Instant::now();
        assert_eq!(refused(&RULE, &text), Some(Reason::Pattern));
        assert!(
            start.elapsed() < std::time::Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );
    }

    #[test]
    fn a_pattern_that_is_none_refuses() {
        static RULE: Text = Text::new().pattern("(");
        assert_eq!(refused(&RULE, "("), Some(Reason::Pattern));
    }
}
