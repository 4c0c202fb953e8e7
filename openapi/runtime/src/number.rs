//! Bounds and `multipleOf` of numbers, as `const` builders for statics in generated code.

use crate::{Invalid, Reason};

/// `minimum`, `maximum`, `multipleOf` of an integer. The generator turns exclusive bounds into
/// these.
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

    /// Checks that `value` keeps the rule.
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

    /// Checks that `value` keeps the rule.
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

/// Whether `value` is a multiple of `factor`, as far as floats can tell. Decimal fractions have no
/// exact binary form: 0.3 is a multiple of 0.1, though their quotient is not quite 3.
fn is_multiple(value: f64, factor: f64) -> bool {
    let quotient = value / factor;
    let off = (quotient - quotient.round()).abs();
    quotient.is_finite() && off <= quotient.abs().max(1.0) * 4.0 * f64::EPSILON
}

/// `f32` or `f64`.
pub trait Number: Sized {
    /// The number nearest to `value`. `None` beyond the type's range.
    fn from_f64(value: f64) -> Option<Self>;
}

impl Number for f64 {
    fn from_f64(value: f64) -> Option<Self> {
        value.is_finite().then_some(value)
    }
}

impl Number for f32 {
    #[allow(clippy::cast_possible_truncation)] // rounding is what `format: float` means
    fn from_f64(value: f64) -> Option<Self> {
        let value = value as Self;
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        const RULE: Integer = Integer::new().min(-10).max(10).multiple_of(5);
        for (value, expected) in [
            (-10, None),
            (0, None),
            (10, None),
            (-15, Some(Reason::Bounds)),
            (15, Some(Reason::Bounds)),
            (4, Some(Reason::MultipleOf)),
        ] {
            assert_eq!(
                RULE.check(value).err().map(|invalid| invalid.reason()),
                expected,
                "{value}"
            );
        }
        // A factor of 0 can't be in a document. It refuses nothing here.
        assert!(Integer::new().multiple_of(0).check(i128::MIN).is_ok());
        assert!(Integer::new().multiple_of(-1).check(i128::MIN).is_ok());
    }

    #[test]
    fn numbers() {
        const RULE: Float = Float::new().exclusive_min(0.0).max(1.0).multiple_of(0.1);
        for (value, expected) in [
            (0.1, None),
            (0.3, None),
            (0.7, None),
            (1.0, None),
            (0.0, Some(Reason::Bounds)),
            (1.1, Some(Reason::Bounds)),
            (0.05, Some(Reason::MultipleOf)),
            (0.300_000_1, Some(Reason::MultipleOf)),
        ] {
            assert_eq!(
                RULE.check(value).err().map(|invalid| invalid.reason()),
                expected,
                "{value}"
            );
        }
        assert!(Float::new().min(1.0).exclusive_max(2.0).check(2.0).is_err());
        assert!(Float::new().multiple_of(0.01).check(1_234_567.89).is_ok());
        assert!(Float::new().multiple_of(1e-300).check(1e300).is_err());
    }
}
