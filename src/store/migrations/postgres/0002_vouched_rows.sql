-- What vouches for a row: a MAC of its content, under a key that rests under the master key. NULL: nothing does.
ALTER TABLE clients ADD COLUMN mac BYTEA;
-- The version of the store in which the client was last written.
ALTER TABLE clients ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE signing_keys ADD COLUMN mac BYTEA;
ALTER TABLE revoked_tokens ADD COLUMN mac BYTEA;
ALTER TABLE meta ADD COLUMN mac BYTEA;

-- Which rows there are, so that one that is removed or put back to an earlier state is missed: sealed sums over the MACs.
CREATE TABLE manifest (
    part  TEXT COLLATE "C" PRIMARY KEY,             -- 'root', or the number of a leaf
    value BYTEA NOT NULL
);
