-- Moves one live order from memory to the table; again after a crash in the middle of a merge.
-- ?1 sale id  ?2 buyer id  ?3 request key  ?4 order id  ?5 quantity  ?6 fingerprint
INSERT INTO order_index (sale_id, buyer_id, request_key, order_id, quantity, fingerprint)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET
  order_id = excluded.order_id, quantity = excluded.quantity, fingerprint = excluded.fingerprint
