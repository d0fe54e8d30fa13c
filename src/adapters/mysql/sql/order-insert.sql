-- Parameter: rows
INSERT INTO orders (
  id, sale, buyer_id, request_key, live_key, fingerprint, quantity, status, reason, placed_at
) VALUES ?
