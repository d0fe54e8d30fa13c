-- Runs on MySQL 8 and MariaDB 10.11, and runs again after it was cut off. Times are milliseconds
-- since 1970.

CREATE TABLE IF NOT EXISTS sales (
  number INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  product_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  price_minor_units BIGINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  starts_at BIGINT NULL,
  ends_at BIGINT NULL,
  per_buyer_limit INT NOT NULL,
  rate_per_second INT NOT NULL,
  rate_burst INT NOT NULL,
  payment_window_seconds INT NOT NULL,
  buckets SMALLINT NOT NULL,
  strategy VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  board_score VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  KEY sales_waiting (state, starts_at),
  KEY sales_ending (state, ends_at),
  KEY sales_updated (updated_at)
) ENGINE = InnoDB;

-- The last word on stock. Whoever places orders of a sale locks its row first, so that what is
-- read about buyers afterwards stands still.
CREATE TABLE IF NOT EXISTS ledger (
  sale INT UNSIGNED NOT NULL PRIMARY KEY,
  total INT NOT NULL,
  sold INT NOT NULL DEFAULT 0,
  version INT NOT NULL DEFAULT 0,
  epoch SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  min_epoch SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  CONSTRAINT ledger_never_oversold CHECK (sold >= 0 AND sold <= total)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS restocks (
  sale INT UNSIGNED NOT NULL,
  -- Bytes, since text that differs in spaces at its end compares as equal.
  request_key VARBINARY(255) NOT NULL,
  added INT NOT NULL,
  version INT NOT NULL,
  PRIMARY KEY (sale, request_key)
) ENGINE = InnoDB;

-- The key is the order id with its sale in front: rows of one sale are neighbours in the order of
-- their time, and new ones go to the end.
CREATE TABLE IF NOT EXISTS orders (
  id BINARY(16) NOT NULL PRIMARY KEY,
  sale INT UNSIGNED NOT NULL,
  buyer_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  request_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- 16 bytes of the request key's SHA-256 while the order is live, null once it is not: a key has
  -- at most one live order.
  live_key BINARY(16) NULL,
  fingerprint VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  quantity SMALLINT UNSIGNED NOT NULL,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  placed_at BIGINT NOT NULL,
  UNIQUE KEY orders_live (sale, buyer_id, live_key)
) ENGINE = InnoDB;
