//! The two databases that there are, and what differs between them: little, since every statement
//! is written for both.

use sqlx::migrate::Migrator;

static SQLITE: Migrator = sqlx::migrate!("src/store/migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("src/store/migrations/postgres");

/// What a PostgreSQL transaction is told, and nothing after it: nothing is waited for without end,
/// a replica that froze or vanished does not keep its lock from the others, and values are written
/// as the library reads them.
const POSTGRES_SETTINGS: &str = "\
    SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '5s'; \
    SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL bytea_output = 'hex'; \
    SET LOCAL standard_conforming_strings = on";
/// A change that was reported done is on disk. Stricter settings stay.
const POSTGRES_DURABLE: &str = "; SELECT set_config('synchronous_commit', 'on', true) \
    WHERE current_setting('synchronous_commit') = 'off'";

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To read, each statement what is there when it begins.
    Read,
    /// To read what is of one moment, as SQLite's transactions do anyhow.
    Moment,
    /// To write.
    Write,
}

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

    /// Begins a transaction.
    ///
    /// SQLite takes its write lock at once: a transaction that reads first and then wants to write
    /// fails, without waiting, when another process wrote in between.
    ///
    /// PostgreSQL is told all that matters, as a role or a database may have any default. A process
    /// that writes says so for what it reads as well: a server that follows another one refuses
    /// that, and so is never taken for the primary.
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

    /// Makes writers wait for each other until their transactions end, where beginning one doesn't:
    /// the feed's numbers then become visible in their order. The key is arbitrary and this
    /// service's own.
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

    /// Has the database look at what the tables hold, where it chooses how to read them by that.
    /// Until it has, which may take it a minute by itself, PostgreSQL reads a whole table to find a
    /// few clients among a million.
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
