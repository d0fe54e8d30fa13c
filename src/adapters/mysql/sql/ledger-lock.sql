-- Locks the ledgers of some sales, in the order of their numbers whatever the optimizer thinks, so
-- that two batches never wait for each other. Nothing else is joined, since it would be locked too.
-- Parameter: sale numbers
SELECT sale, total, sold, version, epoch, min_epoch
FROM ledger FORCE INDEX (PRIMARY) WHERE sale IN (?) ORDER BY sale FOR UPDATE
