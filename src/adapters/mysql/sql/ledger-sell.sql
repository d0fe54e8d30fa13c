-- Counts units as sold, guarded: no row changes if the ledger has no room or has moved on.
-- Parameters: units, sale number, version read, units
UPDATE ledger SET sold = sold + ?, version = version + 1
WHERE sale = ? AND version = ? AND sold + ? <= total
