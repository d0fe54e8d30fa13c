-- The merged live orders of one buyer in one sale.
-- ?1 sale id  ?2 buyer id
SELECT request_key, order_id, quantity, fingerprint
FROM order_index
WHERE sale_id = ?1 AND buyer_id = ?2
