-- Adds units to a sale.
-- ?1 sale id  ?2 units
UPDATE ledger SET total = total + ?2, version = version + 1
WHERE sale_id = ?1
RETURNING total, version
