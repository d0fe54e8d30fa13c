-- How a sale's rate follows the back end, as JSON; without a row it does not. A table of its own,
-- since MySQL cannot add a column "if not exists".
CREATE TABLE IF NOT EXISTS adaptive_rates (
  sale INT UNSIGNED NOT NULL PRIMARY KEY,
  adaptive VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE = InnoDB;
