-- The tables of one data directory. Rows of the hot tables (order_log, orders) are only ever
-- appended, because a row at a random place costs several times one at the end; order_index is
-- filled in sorted batches.

CREATE TABLE sales (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  product_id TEXT NOT NULL,
  name TEXT NOT NULL,
  price_minor_units INTEGER NOT NULL,
  currency TEXT NOT NULL,
  starts_at INTEGER,
  ends_at INTEGER,
  per_buyer_limit INTEGER NOT NULL,
  rate_per_second INTEGER NOT NULL,
  rate_burst INTEGER NOT NULL,
  payment_window_seconds INTEGER NOT NULL,
  buckets INTEGER NOT NULL,
  strategy TEXT NOT NULL,
  board_score TEXT NOT NULL,
  state TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER))
) STRICT;

CREATE INDEX sales_updated ON sales (updated_at);
CREATE INDEX sales_waiting ON sales (starts_at) WHERE state = 'scheduled';
CREATE INDEX sales_ending ON sales (ends_at) WHERE state <> 'closed';

CREATE TABLE ledger (
  sale_id TEXT PRIMARY KEY,
  total INTEGER NOT NULL CHECK (total >= 0),
  sold INTEGER NOT NULL DEFAULT 0 CHECK (sold >= 0 AND sold <= total),
  version INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0,
  min_epoch INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE restocks (
  sale_id TEXT NOT NULL,
  request_key TEXT NOT NULL,
  added INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (sale_id, request_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  sale_id TEXT NOT NULL,
  buyer_id TEXT NOT NULL,
  request_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  status TEXT NOT NULL,
  reason TEXT,
  placed_at INTEGER NOT NULL
) STRICT;

-- An order id begins with its time, so new entries go to the end here, too.
CREATE UNIQUE INDEX orders_id ON orders (sale_id, id);
CREATE INDEX orders_refused ON orders (sale_id, buyer_id) WHERE status = 'refused';

-- The live orders by buyer, up to orders.seq = index_state.merged; the rest is in memory.
CREATE TABLE order_index (
  sale_id TEXT NOT NULL,
  buyer_id TEXT NOT NULL,
  request_key TEXT NOT NULL,
  order_id TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (sale_id, buyer_id, request_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE index_state (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  merged INTEGER NOT NULL
) STRICT;
INSERT INTO index_state VALUES (1, 0);

-- One row an appended batch; an order's offset is base_offset + its place in the JSON array.
CREATE TABLE order_log (
  base_offset INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  produced_at INTEGER NOT NULL,
  orders TEXT NOT NULL
) STRICT;

CREATE TABLE log_positions (
  consumer_group TEXT PRIMARY KEY,
  next_offset INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters (
  log_offset INTEGER PRIMARY KEY,
  raw TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
