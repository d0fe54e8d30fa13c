-- Parameter: sale numbers
SELECT number, per_buyer_limit FROM sales WHERE number IN (?)
