-- A page of sales, newest first.
-- ?1 number of the cursor, exclusive  ?2 rows
SELECT sales.*, ledger.total, ledger.mode
FROM sales JOIN ledger ON ledger.sale_id = sales.id
WHERE number < ?1
ORDER BY number DESC
LIMIT ?2
