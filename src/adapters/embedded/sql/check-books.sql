-- A sale whose ledger does not say what its orders add up to, or what no ledger says, if there is
-- one.
SELECT ledger.sale_id
FROM ledger
LEFT JOIN (
  SELECT sale_id, sum(quantity) AS units
  FROM orders
  WHERE status <> 'refused'
  GROUP BY sale_id
) AS live ON live.sale_id = ledger.sale_id
WHERE ledger.sold <> coalesce(live.units, 0)
  OR ledger.epoch NOT BETWEEN 0 AND 65535
  OR ledger.min_epoch NOT BETWEEN 0 AND ledger.epoch
LIMIT 1
