-- What a sale is sold from: while its stock is away, and now.
ALTER TABLE sales ADD COLUMN fallback TEXT;
ALTER TABLE ledger ADD COLUMN mode TEXT NOT NULL DEFAULT 'stock';
