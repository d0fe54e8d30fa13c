-- ?1 consumer group  ?2 next offset
INSERT INTO log_positions (consumer_group, next_offset) VALUES (?1, ?2)
ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset
