-- Writes an order's decision, unless the order id was decided before.
-- ?1 id  ?2 sale id  ?3 buyer id  ?4 request key  ?5 fingerprint  ?6 quantity
-- ?7 status  ?8 reason  ?9 placed at
INSERT INTO orders
  (id, sale_id, buyer_id, request_key, fingerprint, quantity, status, reason, placed_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (sale_id, id) DO NOTHING
