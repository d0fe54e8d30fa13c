-- The ids of one buyer's refused orders of one sale.
-- ?1 sale id  ?2 buyer id
SELECT id FROM orders WHERE sale_id = ?1 AND buyer_id = ?2 AND status = 'refused'
