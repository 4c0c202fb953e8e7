//! The numbers of items in an array and of properties in an object, as `const` builders for statics
//! in generated code.

use crate::{Invalid, Reason};

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

    /// Checks a number of items.
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
    /// Any number of properties.
    pub const ANY: Self = Self::new();

    /// Any number of properties.
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
            "property",
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

/// `1 item`, `2 items`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    match (count, what) {
        (1, _) => format!("1 {what}"),
        (_, "property") => format!("{count} properties"),
        _ => format!("{count} {what}s"),
    }
}
