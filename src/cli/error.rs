//! The error of a command, and the exit status that says whether the operation failed or the caller
//! made a mistake.

use std::fmt::Display;
use std::process::ExitCode;

use dropshot_chassis::ServeError;
use dropshot_chassis::config::ConfigErrors;
use dropshot_chassis::life::process::ThreadsError;

use crate::admin::{KeyRegistryError, RegistryError, StartError};
use crate::store::StoreError;

/// The error of a command.
#[derive(Debug)]
pub(super) struct Error {
    status: u8,
    message: String,
}

impl Error {
    /// The operation failed: exit status 1.
    pub(super) fn failed(message: impl Display) -> Self {
        Self {
            status: 1,
            message: message.to_string(),
        }
    }

    /// The command line or the configuration is wrong: exit status 2.
    pub(super) fn usage(message: impl Display) -> Self {
        Self {
            status: 2,
            message: message.to_string(),
        }
    }

    /// The message.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Prints the message on standard error, and returns the exit status.
    pub(super) fn report(&self) -> ExitCode {
        for line in self.message.lines() {
            eprintln!("error: {line}");
        }
        ExitCode::from(self.status)
    }
}

impl From<ConfigErrors> for Error {
    fn from(errors: ConfigErrors) -> Self {
        Self::usage(errors)
    }
}

impl From<StartError> for Error {
    fn from(error: StartError) -> Self {
        Self::failed(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
    }
}

impl From<RegistryError> for Error {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::OverLimit(_) => Self::usage(error),
            _ => Self::failed(error),
        }
    }
}

impl From<KeyRegistryError> for Error {
    fn from(error: KeyRegistryError) -> Self {
        Self::failed(error)
    }
}

impl From<ThreadsError> for Error {
    fn from(error: ThreadsError) -> Self {
        Self::failed(error)
    }
}

impl From<ServeError> for Error {
    fn from(error: ServeError) -> Self {
        Self::failed(error)
    }
}
