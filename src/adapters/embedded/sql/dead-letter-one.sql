-- ?1 offset, as text
SELECT log_offset, raw, reason, at FROM dead_letters WHERE log_offset = CAST(?1 AS INTEGER)
