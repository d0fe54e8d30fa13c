-- Sales whose stock may have been loaded, or should have been.
-- ?1 closed ones changed after this, in milliseconds since 1970
SELECT sales.*, ledger.total, ledger.mode
FROM sales JOIN ledger ON ledger.sale_id = sales.id
WHERE (ledger.epoch > 0 OR state IN ('open', 'paused'))
  AND (state <> 'closed' OR updated_at > ?1)
