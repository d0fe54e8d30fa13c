-- How a sale's rate follows the back end, as JSON; null: it does not.
ALTER TABLE sales ADD COLUMN adaptive TEXT;
