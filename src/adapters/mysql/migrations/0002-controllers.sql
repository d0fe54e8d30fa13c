-- The highest lock token of those who have controlled a sale. A table of its own, since MySQL
-- cannot add a column "if not exists".
CREATE TABLE IF NOT EXISTS controllers (
  sale INT UNSIGNED NOT NULL PRIMARY KEY,
  token BIGINT UNSIGNED NOT NULL
) ENGINE = InnoDB;
