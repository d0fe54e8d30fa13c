SELECT 1 FROM access_entries WHERE list = $list AND kind = $kind AND value = $value
