-- ?1 sale id  ?2 epoch  ?3 mode
UPDATE ledger SET mode = ?3 WHERE sale_id = ?1 AND epoch = ?2
