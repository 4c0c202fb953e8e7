-- What the audit trail is to say of changes, written down with each in one transaction. A row is removed once its records are in a
-- trail.
CREATE TABLE audit_outbox (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    trail   TEXT,                                   -- the trail whose writer takes them; any when empty
    records TEXT NOT NULL,                          -- JSON objects, one a line
    at      INTEGER NOT NULL
);
