-- ?1 sale id  ?2 request key  ?3 units  ?4 ledger version
INSERT INTO restocks (sale_id, request_key, added, version) VALUES (?1, ?2, ?3, ?4)
