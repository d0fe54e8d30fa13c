-- Drops old batches that every group has consumed.
-- ?1 produced before  ?2 rows
DELETE FROM order_log
WHERE base_offset IN (
  SELECT base_offset FROM order_log
  WHERE produced_at < ?1
    AND base_offset + count <= (SELECT min(next_offset) FROM log_positions)
  ORDER BY base_offset
  LIMIT ?2
)
