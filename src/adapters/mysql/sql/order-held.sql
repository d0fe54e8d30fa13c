-- The next live orders of a sale, in the order of their keys.
-- Parameters: the last key seen, the last key of the sale, how many
SELECT id, buyer_id, request_key, fingerprint, quantity FROM orders FORCE INDEX (PRIMARY)
WHERE id > ? AND id < ? AND live_key IS NOT NULL ORDER BY id LIMIT ?
