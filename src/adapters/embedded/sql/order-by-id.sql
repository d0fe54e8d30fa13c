-- One order.
-- ?1 sale id  ?2 order id
SELECT seq, id, sale_id, buyer_id, request_key, fingerprint, quantity, status, reason, placed_at
FROM orders
WHERE sale_id = ?1 AND id = ?2
