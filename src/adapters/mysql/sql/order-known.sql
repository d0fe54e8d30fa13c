-- Which orders were decided before, and how.
-- Parameter: order keys
SELECT id, status, reason FROM orders FORCE INDEX (PRIMARY) WHERE id IN (?)
