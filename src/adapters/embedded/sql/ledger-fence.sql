-- Raises the epoch: orders of older loads that are not here yet will be refused.
-- ?1 sale id
UPDATE ledger SET min_epoch = min_epoch + 1
WHERE sale_id = ?1
RETURNING min_epoch, total, sold, version
