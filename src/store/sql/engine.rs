//! The two kinds of databases and their few differences: almost every statement is written for
//! both.

use sqlx::migrate::Migrator;

static SQLITE: Migrator = sqlx::migrate!("src/store/migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("src/store/migrations/postgres");

/// The settings of one PostgreSQL transaction. No wait is endless. A replica that froze or vanished
/// loses its lock. Values are written as sqlx reads them.
const POSTGRES_SETTINGS: &str = "\
    SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '5s'; \
    SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL bytea_output = 'hex'; \
    SET LOCAL standard_conforming_strings = on";
/// A change that was reported as done is on the disk. Stricter settings stay.
const POSTGRES_DURABLE: &str = "; SELECT set_config('synchronous_commit', 'on', true) \
    WHERE current_setting('synchronous_commit') = 'off'";

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To read. Each statement shows the store as of when it begins.
    Read,
    /// To read the store as of one moment. SQLite's transactions do so in any case.
    Moment,
    /// To write.
    Write,
}

/// The kind of database.
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

    /// The statement that begins a transaction.
    ///
    /// SQLite takes its write lock at once. If a transaction read first and wrote later, it would
    /// fail without waiting when another process wrote in between.
    ///
    /// PostgreSQL gets all settings that matter, because a role or a database may have any default.
    /// A process that writes asks for READ WRITE even for its reads: a standby refuses that, and so
    /// is never taken for the primary.
    pub(super) fn begin(self, purpose: Purpose, read_only: bool) -> String {
        if self == Self::Sqlite {
            let writes = purpose == Purpose::Write;
            return if writes { "BEGIN IMMEDIATE" } else { "BEGIN" }.to_owned();
        }
        let isolation = match purpose {
            Purpose::Moment => "REPEATABLE READ",
            Purpose::Read | Purpose::Write => "READ COMMITTED",
        };
        let access = if read_only { "READ ONLY" } else { "READ WRITE" };
        let durable = match purpose {
            Purpose::Write => POSTGRES_DURABLE,
            Purpose::Read | Purpose::Moment => "",
        };
        format!("BEGIN ISOLATION LEVEL {isolation} {access}; {POSTGRES_SETTINGS}{durable}")
    }

    /// Makes writers wait for each other until their transactions end, if beginning a transaction
    /// doesn't. So the feed's numbers become visible in their order. The key is an arbitrary number
    /// that only this service uses.
    pub(super) fn lock_out_writers(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(7168205534)::text"),
        }
    }

    /// Wakes the replicas when the transaction commits; `None` if the database can't.
    pub(super) fn notify(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("NOTIFY d1_authz_changes"),
        }
    }

    /// Makes PostgreSQL refresh the statistics by which it chooses how to read its tables. It does
    /// so by itself after a minute or so; until then, it reads a whole table to find a few clients
    /// among a million.
    pub(super) fn analyze(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("ANALYZE clients, client_secrets, changes, revoked_tokens"),
        }
    }

    /// Gives a row if the table of applied migrations exists.
    pub(super) fn find_migrations(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'",
            Self::Postgres => "SELECT 1 WHERE to_regclass('_sqlx_migrations') IS NOT NULL",
        }
    }
}
