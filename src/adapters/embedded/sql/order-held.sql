-- Live orders of one sale in the order of their ids, which tell their epoch.
-- ?1 sale id  ?2 order id to start after  ?3 rows
SELECT id, buyer_id, request_key, quantity, fingerprint
FROM orders
WHERE sale_id = ?1 AND id > ?2 AND status <> 'refused'
ORDER BY id
LIMIT ?3
