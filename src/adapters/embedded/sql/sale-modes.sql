-- How the sales with a fallback are sold.
SELECT sales.id, ledger.mode
FROM sales JOIN ledger ON ledger.sale_id = sales.id
WHERE fallback IS NOT NULL AND state <> 'closed' AND strategy <> 'database'
