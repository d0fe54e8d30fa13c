-- A page of a sale's orders, newest first.
-- ?1 sale id  ?2 order id of the cursor, exclusive  ?3 rows
SELECT seq, id, sale_id, buyer_id, request_key, fingerprint, quantity, status, reason, placed_at
FROM orders
WHERE sale_id = ?1 AND id < ?2
ORDER BY id DESC
LIMIT ?3
