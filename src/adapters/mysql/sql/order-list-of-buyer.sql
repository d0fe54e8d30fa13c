-- A buyer's orders of a sale, newest first. By the buyer: in the order of the primary key, which
-- the LIMIT may suggest, a buyer's one order would be found by reading the whole sale.
-- Parameters: sale number, buyer id, the key to begin before, how many
SELECT id, buyer_id, request_key, fingerprint, quantity, status, reason, placed_at
FROM orders FORCE INDEX (orders_live)
WHERE sale = ? AND buyer_id = ? AND id < ? ORDER BY id DESC LIMIT ?
