//! `[store]`: where what lasts is kept.

use std::path::{Path, PathBuf};

use super::reader::Reader;

/// The store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// Which one.
    pub url: StoreUrl,
    /// Whether the service, and commands that write, bring its schema up to date.
    pub migrate: bool,
}

/// Which store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file.
    Sqlite(PathBuf),
}

impl StoreConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let url = reader.required("store.url", StoreUrl::parse);
        let migrate = reader.or("store.migrate", true, flag);
        let url =
            url.map(|StoreUrl::Sqlite(path)| StoreUrl::Sqlite(reader.absolute("store.url", &path)));
        Some(Self {
            url: url?,
            migrate: migrate?,
        })
    }
}

impl StoreUrl {
    /// The messages don't repeat the URL, which may hold a password.
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return Err("PostgreSQL is not built into this release yet; use \"sqlite:PATH\"");
        }
        let path = text
            .strip_prefix("sqlite:")
            .ok_or("must be \"sqlite:PATH\"")?;
        // `sqlite:///var/store.db` is the same file as `sqlite:/var/store.db`.
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains('?') || path == ":memory:" {
            return Err("must name a file, without parameters: \"sqlite:PATH\"");
        }
        Ok(Self::Sqlite(Path::new(path).into()))
    }
}

pub(super) fn flag(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "must be true or false")
}
