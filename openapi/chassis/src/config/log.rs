//! `[log]`: how much the log says, and in which format.

use std::fmt;
use std::str::FromStr;

use super::reader::Reader;

/// The settings of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogConfig {
    /// The lowest level of the lines that are written.
    pub level: LogLevel,
    /// How lines are written.
    pub format: LogFormat,
}

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warning,
    /// An event in the life of the service.
    #[default]
    Info,
}

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Text for people if standard error is a terminal, otherwise JSON.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// Text for people.
    Text,
}

impl LogConfig {
    /// Reads the section. `None` if a key is wrong, which the reader keeps.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        let default = Self::default();
        let level = reader.or("log.level", default.level, str::parse);
        let format = reader.or("log.format", default.format, str::parse);
        Some(Self {
            level: level?,
            format: format?,
        })
    }
}

impl FromStr for LogLevel {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "error" => Ok(Self::Error),
            "warning" => Ok(Self::Warning),
            "info" => Ok(Self::Info),
            _ => Err("must be \"error\", \"warning\" or \"info\""),
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        })
    }
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err("must be \"auto\", \"json\" or \"text\""),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::Text => "text",
        })
    }
}
