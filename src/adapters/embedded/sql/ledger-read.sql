-- One sale's ledger, and the limit that placement checks.
-- ?1 sale id
SELECT total, sold, ledger.version, epoch, min_epoch, mode,
  per_buyer_limit
FROM ledger JOIN sales ON sales.id = ledger.sale_id
WHERE sale_id = ?1
