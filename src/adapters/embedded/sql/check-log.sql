-- A batch of the order log whose successor is missing, if there is one.
SELECT base_offset
FROM (
  SELECT
    base_offset,
    base_offset + count AS ends,
    lead(base_offset) OVER (ORDER BY base_offset) AS next_base
  FROM order_log
)
WHERE next_base <> ends
LIMIT 1
