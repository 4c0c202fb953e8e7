//! The address of a store. It is read again for each connection, because a database's password may
//! have been renewed, or a file replaced.

use dropshot_chassis::private_file::read_private_line;
use zeroize::Zeroizing;

use super::file::{self, StoreFile};
use crate::config::{PostgresUrl, StoreConfig, StoreUrl};
use crate::store::{Migrate, StoreError};
use std::path::{Path, PathBuf};

/// The longest password, in bytes. Passwords that cloud providers make have up to 2 KB.
const PASSWORD_BYTES: usize = 4096;

/// The address of a store.
#[derive(Debug)]
pub(super) enum Address {
    File(StoreFile),
    Postgres {
        url: PostgresUrl,
        password_file: Option<PathBuf>,
    },
}

impl Address {
    pub(super) fn of(config: &StoreConfig, migrate: Migrate) -> Result<Self, StoreError> {
        match &config.url {
            StoreUrl::Sqlite(path) => Self::of_file(path, migrate),
            StoreUrl::Postgres(url) => Ok(Self::Postgres {
                url: url.clone(),
                password_file: config.password_file.clone(),
            }),
        }
    }

    /// Makes the file if there is none and `migrate` allows it.
    pub(super) fn of_file(path: &Path, migrate: Migrate) -> Result<Self, StoreError> {
        Ok(Self::File(StoreFile::prepare(path, migrate)?))
    }

    /// The URL for the next connection. It may hold a password.
    pub(super) fn url(&self) -> Result<Zeroizing<String>, StoreError> {
        match self {
            Self::File(file) => file::url(file.path()).map(Zeroizing::new),
            Self::Postgres { url, password_file } => {
                let file = password_file.as_deref();
                let password = file.map(|file| read_private_line(file, PASSWORD_BYTES));
                let password = password.transpose()?;
                let password = password.as_ref().map(|it| it.as_str());
                Ok(Zeroizing::new(url.with_password(password)))
            }
        }
    }

    /// Fails if the file at the path is not the one that was opened.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::File(file) => file.check(),
            Self::Postgres { .. } => Ok(()),
        }
    }
}
