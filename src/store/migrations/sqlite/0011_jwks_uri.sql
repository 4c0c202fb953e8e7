-- Where the client publishes its public keys, RFC 7591 2; none when it handed them in, or has none.
ALTER TABLE clients ADD COLUMN jwks_uri TEXT;
