//! The two databases that there are, and what differs between them: little, since every statement is written for both.

use sqlx::migrate::Migrator;

static SQLITE: Migrator = sqlx::migrate!("src/store/migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("src/store/migrations/postgres");

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(super) fn migrations(self) -> &'static Migrator {
        match self {
            Self::Sqlite => &SQLITE,
            Self::Postgres => &POSTGRES,
        }
    }

    /// Begins a transaction that will write. SQLite takes its write lock at once: a transaction that reads first and then wants to
    /// write fails, without waiting, when another process wrote in between.
    pub(super) fn begin_writing(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Begins a transaction whose statements all see one moment, as SQLite's do anyhow.
    pub(super) fn begin_reading(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        }
    }

    /// Makes writers wait for each other until their transactions end, where beginning one doesn't: the feed's numbers then become
    /// visible in their order. The key is arbitrary and this service's own.
    pub(super) fn lock_out_writers(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(7168205534)::text"),
        }
    }

    /// Wakes the replicas when the transaction commits, where the database can.
    pub(super) fn notify(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("NOTIFY d1_authz_changes"),
        }
    }

    /// Has the database look at what the tables hold, where it chooses how to read them by that. Until it has, which may take it
    /// a minute by itself, PostgreSQL reads a whole table to find a few clients among a million.
    pub(super) fn analyze(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("ANALYZE clients, client_secrets, changes, revoked_tokens"),
        }
    }

    /// Has a row once there is a table of applied migrations.
    pub(super) fn find_migrations(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'",
            Self::Postgres => "SELECT 1 WHERE to_regclass('_sqlx_migrations') IS NOT NULL",
        }
    }
}
