-- The highest lock token of those who have controlled the sale.
ALTER TABLE ledger ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;

-- The last lock token that was given; only this process holds locks, so nothing else is kept.
CREATE TABLE lock_tokens (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  last INTEGER NOT NULL
) STRICT;
INSERT INTO lock_tokens VALUES (1, 0);
