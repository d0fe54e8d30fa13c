-- Reads everything but the orders.
-- Reply  nil if the bucket is not loaded, else how many orders are pending, then in turn the fields
--        of the stock hash and their values
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed')
if notLoaded(h[1], h[2], h[3]) then return false end
local reply = redis.call('HGETALL', stock)
table.insert(reply, 1, redis.call('HLEN', pendingKey))
return reply
