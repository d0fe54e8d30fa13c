-- Raises the lowest epoch: orders of older loads that are not here yet will be refused. No row
-- comes back if a higher one was fenced before.
-- ?1 sale id  ?2 epoch
UPDATE ledger SET min_epoch = ?2, epoch = max(epoch, ?2)
WHERE sale_id = ?1 AND min_epoch <= ?2
RETURNING min_epoch, total, sold, version
