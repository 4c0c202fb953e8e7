-- Times are milliseconds since 1970, UTC.

CREATE TABLE clients (
    id                     TEXT PRIMARY KEY,
    name                   TEXT NOT NULL,
    enabled                INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    scope                  TEXT NOT NULL,
    audiences              TEXT NOT NULL,           -- a JSON array of strings
    grants                 TEXT NOT NULL,           -- separated by spaces
    expires_in_as          TEXT NOT NULL CHECK (expires_in_as IN ('string', 'number')),
    may_introspect         INTEGER NOT NULL CHECK (may_introspect IN (0, 1)),
    token_lifetime_seconds INTEGER,
    contact                TEXT,
    note                   TEXT,
    created_at             INTEGER NOT NULL,
    changed_at             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE client_secrets (
    id             TEXT PRIMARY KEY,                -- a UUID
    client_id      TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    hash_kind      TEXT NOT NULL CHECK (hash_kind IN ('hmac-sha256', 'argon2id')),
    hash           BLOB NOT NULL,                   -- 32 bytes, or a PHC string
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER,
    last_used_at   INTEGER,
    last_used_from TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX client_secrets_by_client ON client_secrets (client_id);

CREATE TABLE signing_keys (
    id                 TEXT PRIMARY KEY,            -- the kid
    algorithm          TEXT NOT NULL,
    public_jwk         TEXT NOT NULL,
    sealed_private_key BLOB NOT NULL,
    created_at         INTEGER NOT NULL,
    signs_from         INTEGER NOT NULL,
    signs_until        INTEGER,
    published_until    INTEGER,
    revoked_at         INTEGER
) STRICT, WITHOUT ROWID;

-- What every replica follows. AUTOINCREMENT: a number is never used twice, so nobody who has seen it misses a later one.
CREATE TABLE changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,                         -- 'client' or 'signing_key'
    subject  TEXT NOT NULL,                         -- its id
    at       INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
