//! The mistakes in a configuration.

use std::fmt;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The key, `section.key`. Empty if the file as a whole is wrong.
    pub key: String,
    /// The file and line, or the environment variable.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// All mistakes in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl ConfigErrors {
    /// A single mistake.
    #[must_use]
    pub fn one(key: &str, place: String, message: impl Into<String>) -> Self {
        Self(vec![ConfigError {
            key: key.into(),
            place,
            message: message.into(),
        }])
    }

    /// For a value that is missing without a reported mistake. The reader's methods don't let this
    /// happen.
    #[must_use]
    pub fn incomplete() -> Self {
        Self::one("", String::new(), "the configuration is incomplete")
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.place, &self.key] {
            if !part.is_empty() {
                write!(f, "{part}: ")?;
            }
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
