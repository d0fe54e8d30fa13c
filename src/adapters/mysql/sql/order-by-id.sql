-- Parameter: order keys
SELECT id, buyer_id, request_key, fingerprint, quantity, status, reason, placed_at
FROM orders FORCE INDEX (PRIMARY) WHERE id IN (?)
