-- One batch of orders as one row.
-- ?1 base offset  ?2 count  ?3 produced at  ?4 JSON array of orders
INSERT INTO order_log (base_offset, count, produced_at, orders) VALUES (?1, ?2, ?3, ?4)
