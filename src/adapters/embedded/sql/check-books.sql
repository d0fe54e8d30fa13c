-- A sale whose ledger does not say what its orders add up to, if there is one.
SELECT ledger.sale_id
FROM ledger
LEFT JOIN (
  SELECT sale_id, sum(quantity) AS units
  FROM orders
  WHERE status <> 'refused'
  GROUP BY sale_id
) AS live ON live.sale_id = ledger.sale_id
WHERE ledger.sold <> coalesce(live.units, 0)
LIMIT 1
