-- Adds the units of a transfer, once.
-- ARGV   epoch, bucket they come from, number, units
-- Reply  1 if they are here, be it since before; 0 if the bucket cannot take them
local from = ARGV[2]
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'in:' .. from)
if notLoaded(h[1], h[2], h[3]) or h[1] ~= ARGV[1] then return 0 end
if tonumber(h[4] or 0) >= tonumber(ARGV[3]) then return 1 end
redis.call('HSET', stock, 'in:' .. from, ARGV[3])
redis.call('HINCRBY', stock, 'remaining', ARGV[4])
redis.call('HINCRBY', stock, 'changes', 1)
return 1
