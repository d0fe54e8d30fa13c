-- The offset after the last message that there ever was.
SELECT max(
  coalesce((SELECT base_offset + count FROM order_log ORDER BY base_offset DESC LIMIT 1), 0),
  coalesce((SELECT max(next_offset) FROM log_positions), 0)
) AS next_offset
