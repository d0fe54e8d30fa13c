-- The batch that holds an offset, or the next one.
-- ?1 offset
SELECT base_offset, count, produced_at, orders
FROM order_log
WHERE base_offset >= coalesce(
  (SELECT max(base_offset) FROM order_log WHERE base_offset <= ?1 AND base_offset + count > ?1),
  ?1
)
ORDER BY base_offset
LIMIT 1
