-- Notes that something of the sale has changed.
-- ?1 sale id
UPDATE sales SET updated_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE id = ?1
