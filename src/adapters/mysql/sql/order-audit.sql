-- Counts one sale's orders from the rows themselves, without the ledger's sums and the hash of the
-- keys. One pass in the order of the primary key: the other index reads the rows in random order.
-- As bytes, since text that differs in spaces at its end compares as equal.
-- Parameters: sale number, first and last key of the sale
SELECT
  COALESCE(SUM(units), 0) AS placed,
  COALESCE(SUM(refused), 0) AS refused,
  COALESCE(SUM(orders), 0) AS orders,
  COALESCE(SUM(orders - request_keys), 0) AS duplicates,
  COALESCE(SUM(units > (SELECT per_buyer_limit FROM sales WHERE number = ?)), 0) AS over_limit
FROM (
  SELECT
    SUM(IF(status <> 'refused', quantity, 0)) AS units,
    SUM(IF(status = 'refused', quantity, 0)) AS refused,
    COUNT(IF(status <> 'refused', 1, NULL)) AS orders,
    COUNT(DISTINCT IF(status <> 'refused', CAST(request_key AS BINARY), NULL)) AS request_keys
  FROM orders FORCE INDEX (PRIMARY) WHERE id BETWEEN ? AND ? GROUP BY buyer_id
) AS buyers
