//! `[store]`: where clients, keys and revoked tokens are kept.

use std::convert::Infallible;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dropshot_chassis::config::{Period, Reader, flag};

use super::postgres::PostgresUrl;

/// The store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// Where it is.
    pub url: StoreUrl,
    /// Whether the service, and commands that write, bring its schema up to date.
    pub migrate: bool,
    /// How long the service goes on with the data in its memory while it can't read the store.
    pub max_staleness: Duration,
    /// How many clients are kept in memory. As many clients with chosen secrets are kept besides.
    pub cached_clients: usize,
    /// Whether this process only reads it. This is for replicas without administration: their
    /// database role needs no right to write.
    pub read_only: bool,
    /// The most connections to PostgreSQL that a process opens, besides the one that reports
    /// changes.
    pub connections: u32,
    /// The file with the password for PostgreSQL.
    pub password_file: Option<PathBuf>,
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A PostgreSQL database, which several machines can share.
    Postgres(PostgresUrl),
}

impl StoreConfig {
    pub(super) const PASSWORD_FILE: &str = "store.password_file";
    const MAX_STALENESS: Period = Period(Duration::from_secs(10 * 60));
    const CACHED_CLIENTS: usize = 50_000;

    const CONNECTIONS: u32 = 4;

    /// The store at `url`, with the default of everything else.
    #[must_use]
    pub fn new(url: StoreUrl) -> Self {
        Self {
            url,
            migrate: true,
            max_staleness: Self::MAX_STALENESS.0,
            cached_clients: Self::CACHED_CLIENTS,
            read_only: false,
            connections: Self::CONNECTIONS,
            password_file: None,
        }
    }

    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        const URL: &str = "store.url";
        const PASSWORD_FILE: &str = StoreConfig::PASSWORD_FILE;
        let url = reader.required(URL, str::parse::<StoreUrl>);
        if let Some(url) = &url {
            reader.show(URL, &url.to_string());
        }
        let url = url.map(|url| match url {
            StoreUrl::Sqlite(path) => StoreUrl::Sqlite(reader.absolute(URL, &path)),
            postgres => postgres,
        });
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
        let read_only = reader.or("store.read_only", false, flag);
        let connections = reader.or("store.connections", Self::CONNECTIONS, connections);
        let file = |text: &str| Ok::<_, Infallible>(PathBuf::from(text));
        let password_file = reader.optional(PASSWORD_FILE, file);
        let password_file =
            password_file.map(|file| file.map(|file| reader.absolute(PASSWORD_FILE, &file)));
        if let (Some(StoreUrl::Sqlite(_)), Some(Some(_))) = (&url, &password_file) {
            reader.mistake(
                PASSWORD_FILE,
                "is only for PostgreSQL, but store.url names a file: remove it",
            );
        }
        Some(Self {
            url: url?,
            migrate: migrate?,
            max_staleness: max_staleness?.0,
            cached_clients: cached_clients?,
            read_only: read_only?,
            connections: connections?,
            password_file: password_file?,
        })
    }
}

impl std::str::FromStr for StoreUrl {
    type Err = &'static str;

    /// The messages don't repeat the URL, which may hold a password.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return text.parse().map(Self::Postgres);
        }
        let path = text
            .strip_prefix("sqlite:")
            .ok_or("must be \"sqlite:PATH\" or \"postgres://USER@HOST/DATABASE\"")?;
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

/// Shows the URL as a configuration has it, with `***` in place of a password.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => write!(f, "{url}"),
        }
    }
}

fn connections(text: &str) -> Result<u32, &'static str> {
    match text.parse() {
        Ok(number @ 1..=100) => Ok(number),
        _ => Err("must be a number from 1 to 100"),
    }
}
