-- Sales that time moves.
-- ?1 scheduled ones that start before this  ?2 unclosed ones that end before this
SELECT sales.*, ledger.total, ledger.mode
FROM sales JOIN ledger ON ledger.sale_id = sales.id
WHERE (state = 'scheduled' AND starts_at <= ?1) OR (state <> 'closed' AND ends_at <= ?2)
