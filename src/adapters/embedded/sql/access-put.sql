-- An entry that is there keeps the time of its creation.
INSERT INTO access_entries (list, kind, value, note, created_at)
VALUES ($list, $kind, $value, $note, $createdAt)
ON CONFLICT (list, kind, value) DO UPDATE SET note = excluded.note
