//! `[store]`: where what lasts is kept.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::period::Period;
use super::reader::Reader;

/// The store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// Which one.
    pub url: StoreUrl,
    /// Whether the service, and commands that write, bring its schema up to date.
    pub migrate: bool,
    /// How long the service goes on with what it knows while the store can't be read.
    pub max_staleness: Duration,
    /// How many clients are kept in memory, and as many again of those whose secrets somebody chose.
    pub cached_clients: usize,
}

/// Which store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file.
    Sqlite(PathBuf),
}

impl StoreConfig {
    const MAX_STALENESS: Period = Period(Duration::from_secs(10 * 60));
    const CACHED_CLIENTS: usize = 50_000;

    /// The store at `url`, and all else by default.
    #[must_use]
    pub fn new(url: StoreUrl) -> Self {
        Self {
            url,
            migrate: true,
            max_staleness: Self::MAX_STALENESS.0,
            cached_clients: Self::CACHED_CLIENTS,
        }
    }

    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let url = reader.required("store.url", StoreUrl::parse);
        let migrate = reader.or("store.migrate", true, flag);
        let max_staleness = reader.or(
            "store.max_staleness",
            Self::MAX_STALENESS,
            Period::within(Period(Duration::from_secs(5))..=Period::days(7)),
        );
        let cached_clients = reader.or(
            "store.cached_clients",
            Self::CACHED_CLIENTS,
            number_of_clients,
        );
        let url =
            url.map(|StoreUrl::Sqlite(path)| StoreUrl::Sqlite(reader.absolute("store.url", &path)));
        Some(Self {
            url: url?,
            migrate: migrate?,
            max_staleness: max_staleness?.0,
            cached_clients: cached_clients?,
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

fn number_of_clients(text: &str) -> Result<usize, &'static str> {
    const RANGE: RangeInclusive<usize> = 100..=10_000_000;
    text.parse()
        .ok()
        .filter(|number| RANGE.contains(number))
        .ok_or("must be a number of clients between 100 and 10000000")
}

pub(super) fn flag(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "must be true or false")
}
