-- ?1 sale id  ?2 units
INSERT INTO ledger (sale_id, total) VALUES (?1, ?2)
