-- Limits that are no sale's own, as JSON, and the lists of who may come.
CREATE TABLE IF NOT EXISTS admission (
  only_row TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  limits VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT UNSIGNED NOT NULL,
  CONSTRAINT admission_only_row CHECK (only_row = 1)
) ENGINE = InnoDB;
INSERT INTO admission
SELECT 1, '{"ip":null,"buyer":null,"global":null}', 0 FROM DUAL
WHERE NOT EXISTS (SELECT * FROM admission);

CREATE TABLE IF NOT EXISTS access_entries (
  list VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Bytes, since text that differs in spaces at its end compares as equal.
  value VARBINARY(128) NOT NULL,
  note VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (list, kind, value)
) ENGINE = InnoDB;
