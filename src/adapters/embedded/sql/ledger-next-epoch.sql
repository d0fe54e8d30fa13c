-- ?1 sale id
UPDATE ledger SET epoch = epoch + 1 WHERE sale_id = ?1 RETURNING epoch
