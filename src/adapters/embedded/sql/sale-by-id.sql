-- One sale with its ledger's total.
-- ?1 sale id
SELECT sales.*, ledger.total, ledger.mode
FROM sales JOIN ledger ON ledger.sale_id = sales.id
WHERE sales.id = ?1
