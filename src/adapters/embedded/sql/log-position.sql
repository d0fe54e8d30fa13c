-- ?1 consumer group
SELECT next_offset FROM log_positions WHERE consumer_group = ?1
