-- The live orders that are not in order_index yet.
SELECT seq, sale_id, buyer_id, request_key, id AS order_id, quantity, fingerprint
FROM orders
WHERE seq > (SELECT merged FROM index_state) AND status <> 'refused'
ORDER BY seq
