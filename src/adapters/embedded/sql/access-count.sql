SELECT COUNT(*) AS entries FROM access_entries
