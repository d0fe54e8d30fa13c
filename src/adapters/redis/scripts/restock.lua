-- Adds units, once per ledger version, and only what the load did not have. ARGV: units, version.
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'loadedVersion')
if notLoaded(h[1], h[2], h[3]) then return 0 end
if tonumber(ARGV[2]) <= tonumber(h[4]) then return 0 end
if redis.call('HSETNX', stock, 'restock:' .. ARGV[2], ARGV[1]) == 0 then return 0 end
redis.call('HINCRBY', stock, 'remaining', ARGV[1])
redis.call('HINCRBY', stock, 'changes', 1)
return 1
