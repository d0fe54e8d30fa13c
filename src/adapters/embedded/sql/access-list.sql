SELECT list, kind, value, note, created_at FROM access_entries ORDER BY list, kind, value
