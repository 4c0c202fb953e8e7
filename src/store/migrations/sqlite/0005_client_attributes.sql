-- How it proves who it is, by RFC 7591's name.
ALTER TABLE clients ADD COLUMN auth_method TEXT NOT NULL DEFAULT 'client_secret_basic';
-- Its public keys, RFC 7517 5; none when it has a secret alone.
ALTER TABLE clients ADD COLUMN jwks TEXT;
-- Where its requests may come from, in CIDR notation, separated by spaces; anywhere when empty.
ALTER TABLE clients ADD COLUMN networks TEXT NOT NULL DEFAULT '';
-- How often it may ask, such as 20/s, when not as often as the service allows every client.
ALTER TABLE clients ADD COLUMN rate TEXT;
-- From when on it may get no tokens.
ALTER TABLE clients ADD COLUMN expires_at INTEGER;
