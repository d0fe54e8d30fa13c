-- The first epoch of a sale that never had one; else no row.
-- ?1 sale id
UPDATE ledger SET epoch = 1, min_epoch = 1
WHERE sale_id = ?1 AND epoch = 0
RETURNING min_epoch, total, sold, version
