-- Whether the log holds what some group has not consumed.
SELECT
  coalesce((SELECT max(base_offset + count) FROM order_log), 0)
  > coalesce((SELECT min(next_offset) FROM log_positions), 0) AS unread
