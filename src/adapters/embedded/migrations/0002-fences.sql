-- The highest lock token of those who have controlled the sale.
ALTER TABLE ledger ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
