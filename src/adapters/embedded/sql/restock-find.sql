-- ?1 sale id  ?2 request key
SELECT added, restocks.version, total
FROM restocks JOIN ledger USING (sale_id)
WHERE sale_id = ?1 AND request_key = ?2
