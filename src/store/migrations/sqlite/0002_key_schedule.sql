-- The private half of a key that signs no more is destroyed, so it may be absent; SQLite changes that by making the table anew.
CREATE TABLE signing_keys_2 (
    id                 TEXT PRIMARY KEY,            -- the kid
    algorithm          TEXT NOT NULL,
    public_jwk         TEXT NOT NULL,
    sealed_private_key BLOB,
    created_at         INTEGER NOT NULL,
    signs_from         INTEGER NOT NULL,
    signs_until        INTEGER,
    published_until    INTEGER,
    revoked_at         INTEGER,
    revocation_reason  TEXT
) STRICT, WITHOUT ROWID;

INSERT INTO signing_keys_2
SELECT id, algorithm, public_jwk, sealed_private_key, created_at, signs_from, signs_until, published_until, revoked_at, NULL
FROM signing_keys;

DROP TABLE signing_keys;
ALTER TABLE signing_keys_2 RENAME TO signing_keys;

-- What its tokens are signed with, when not with the service's default.
ALTER TABLE clients ADD COLUMN token_algorithm TEXT;

-- Tasks that one process at a time carries out.
CREATE TABLE leases (
    task  TEXT PRIMARY KEY,
    owner TEXT NOT NULL,                            -- a UUID
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
