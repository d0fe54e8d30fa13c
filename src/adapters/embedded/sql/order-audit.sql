-- Counts one sale's orders from the rows themselves, without the index and the ledger's own sums.
-- ?1 sale id
WITH
  live AS (
    SELECT buyer_id, request_key, count(*) AS orders, sum(quantity) AS units
    FROM orders
    WHERE sale_id = ?1 AND status <> 'refused'
    GROUP BY buyer_id, request_key
  ),
  buyers AS (
    SELECT sum(units) AS units FROM live GROUP BY buyer_id
  )
SELECT
  coalesce((SELECT sum(units) FROM live), 0) AS placed,
  coalesce((SELECT sum(orders) FROM live), 0) AS orders,
  (SELECT count(*) FROM live WHERE orders > 1) AS duplicates,
  (
    SELECT count(*) FROM buyers
    WHERE units > (SELECT per_buyer_limit FROM sales WHERE id = ?1)
  ) AS over_limit_buyers,
  coalesce((
    SELECT sum(quantity) FROM orders WHERE sale_id = ?1 AND status = 'refused'
  ), 0) AS refused
