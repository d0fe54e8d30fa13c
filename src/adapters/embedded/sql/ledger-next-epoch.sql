-- No row comes back if a controller with a higher token has been here.
-- ?1 sale id  ?2 the controller's token, or null if none is asked for
UPDATE ledger SET epoch = epoch + 1, fence = coalesce(?2, fence)
WHERE sale_id = ?1 AND fence <= coalesce(?2, fence)
RETURNING epoch
