-- What a sale is sold from: while its stock is away, and now. Sales without a row have no fallback
-- and are sold from their stock.
CREATE TABLE IF NOT EXISTS selling (
  sale INT UNSIGNED NOT NULL PRIMARY KEY,
  fallback VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
  mode VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE = InnoDB;
