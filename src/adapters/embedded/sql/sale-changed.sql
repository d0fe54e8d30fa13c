-- Sales changed lately.
-- ?1 milliseconds ago
SELECT sales.*, ledger.total, ledger.mode
FROM sales JOIN ledger ON ledger.sale_id = sales.id
WHERE updated_at >= CAST(unixepoch('subsec') * 1000 AS INTEGER) - ?1
