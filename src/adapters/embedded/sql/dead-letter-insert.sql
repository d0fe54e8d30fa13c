-- ?1 offset  ?2 message  ?3 reason  ?4 at
INSERT INTO dead_letters (log_offset, raw, reason, at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO NOTHING
