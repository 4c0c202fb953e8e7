-- When the client was registered under its id, which another had before, perhaps. Of clients of before this column: created_at.
ALTER TABLE clients ADD COLUMN registered_at BIGINT;
-- Its tokens that were issued before this time, a whole second, are revoked; none are when it is absent.
ALTER TABLE clients ADD COLUMN tokens_not_before BIGINT;
-- Whether its tokens stay good while it is disabled.
ALTER TABLE clients ADD COLUMN keeps_tokens BIGINT NOT NULL DEFAULT 0 CHECK (keeps_tokens IN (0, 1));
-- What the `aud` of its assertions may be: issuer or token-endpoint.
ALTER TABLE clients ADD COLUMN assertion_audience TEXT NOT NULL DEFAULT 'issuer';

-- When a client last authenticated, by whatever method. Apart, as this is written every few seconds.
CREATE TABLE client_uses (
    client_id      TEXT COLLATE "C" PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    last_used_at   BIGINT NOT NULL,
    last_used_from TEXT NOT NULL
);

-- Clients that were removed, as long as a token of theirs may not have expired: a new client with such an id must not inherit it.
CREATE TABLE removed_clients (
    id                TEXT COLLATE "C" PRIMARY KEY,
    tokens_not_before BIGINT NOT NULL
);
