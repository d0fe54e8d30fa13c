-- The newest dead letters.
-- ?1 rows
SELECT log_offset, raw, reason, at FROM dead_letters ORDER BY log_offset DESC LIMIT ?1
