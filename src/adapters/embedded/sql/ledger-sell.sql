-- Counts units as sold, guarded: no row changes if the ledger has no room or has moved on.
-- ?1 sale id  ?2 units  ?3 version read
UPDATE ledger SET sold = sold + ?2, version = version + 1
WHERE sale_id = ?1 AND version = ?3 AND sold + ?2 <= total
