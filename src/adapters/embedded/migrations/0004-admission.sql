-- Limits that are no sale's own, as JSON, and the lists of who may come.
CREATE TABLE admission (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  limits TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;
INSERT INTO admission VALUES (1, '{"ip":null,"buyer":null,"global":null}', 0);

CREATE TABLE access_entries (
  list TEXT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  note TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (list, kind, value)
) STRICT, WITHOUT ROWID;
