-- What vouches for a row: a MAC of its content, under a key that rests under the master key. NULL: nothing does.
ALTER TABLE clients ADD COLUMN mac BLOB;
-- The version of the store in which the client was last written.
ALTER TABLE clients ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE signing_keys ADD COLUMN mac BLOB;
ALTER TABLE revoked_tokens ADD COLUMN mac BLOB;
ALTER TABLE meta ADD COLUMN mac BLOB;

-- Which rows there are, so that one that is removed or put back to an earlier state is missed: sealed sums over the MACs.
CREATE TABLE manifest (
    part  TEXT PRIMARY KEY,                         -- 'root', or the number of a leaf
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
