-- Tokens that were revoked before their end (RFC 7009). None is kept for long after that: nobody takes such a token any more.
CREATE TABLE revoked_tokens (
    jti        TEXT PRIMARY KEY,
    client_id  TEXT NOT NULL,                       -- whose it is; the client may be gone
    expires_at INTEGER NOT NULL,                    -- its `exp`
    change     INTEGER NOT NULL UNIQUE              -- the number of its entry in `changes`, whose kind is 'token'
) STRICT, WITHOUT ROWID;

CREATE INDEX revoked_tokens_by_client ON revoked_tokens (client_id);
CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at);
