-- How the sales are sold that have a fallback, or are always sold from the ledger.
-- ?1 closed ones with a fallback changed within so many milliseconds
SELECT sales.id, CASE strategy WHEN 'database' THEN 'ledger' ELSE mode END AS mode
FROM sales JOIN ledger ON ledger.sale_id = sales.id
WHERE state <> 'closed' AND (fallback IS NOT NULL OR strategy = 'database')
UNION ALL
SELECT sales.id, mode
FROM sales JOIN ledger ON ledger.sale_id = sales.id
WHERE updated_at >= CAST(unixepoch('subsec') * 1000 AS INTEGER) - ?1 AND state = 'closed'
  AND fallback IS NOT NULL AND strategy <> 'database'
