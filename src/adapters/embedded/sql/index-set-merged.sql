-- Every live order up to this row is in order_index.
-- ?1 orders.seq
UPDATE index_state SET merged = ?1
