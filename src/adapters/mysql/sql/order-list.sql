-- A sale's orders, newest first.
-- Parameters: first key of the sale, the key to begin before, how many
SELECT id, buyer_id, request_key, fingerprint, quantity, status, reason, placed_at
FROM orders FORCE INDEX (PRIMARY) WHERE id > ? AND id < ? ORDER BY id DESC LIMIT ?
