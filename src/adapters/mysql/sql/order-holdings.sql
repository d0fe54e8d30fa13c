-- What buyers hold. A join instead of IN, since for a list the optimizer may read a whole sale: how
-- it decides depends on statistics that a rush outruns. JSON_TABLE: MySQL 8.0.4, MariaDB 10.6.
-- Parameter: a JSON array of [sale number, buyer id]
SELECT STRAIGHT_JOIN orders.sale, orders.buyer_id, orders.live_key, orders.quantity
FROM JSON_TABLE(?, '$[*]' COLUMNS (
  sale INT UNSIGNED PATH '$[0]',
  buyer_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin PATH '$[1]'
)) AS wanted
JOIN orders FORCE INDEX (orders_live)
  ON orders.sale = wanted.sale AND orders.buyer_id = wanted.buyer_id
WHERE orders.live_key IS NOT NULL
