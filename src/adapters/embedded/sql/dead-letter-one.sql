-- ?1 offset, as text
SELECT log_offset, raw, reason, at FROM dead_letters WHERE CAST(log_offset AS TEXT) = ?1
