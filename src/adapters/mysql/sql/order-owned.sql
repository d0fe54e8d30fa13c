-- The live orders of some buyers of a sale, in full. By a join, as in order-holdings.sql.
-- Parameters: a JSON array of buyer ids, sale number
SELECT STRAIGHT_JOIN orders.id, orders.buyer_id, orders.request_key, orders.fingerprint,
  orders.quantity
FROM JSON_TABLE(?, '$[*]' COLUMNS (
  buyer_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin PATH '$'
)) AS wanted
JOIN orders FORCE INDEX (orders_live)
  ON orders.sale = ? AND orders.buyer_id = wanted.buyer_id
WHERE orders.live_key IS NOT NULL
