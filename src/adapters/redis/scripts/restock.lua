-- Adds units, once per ledger version, and none that a load has counted. The note is also kept
-- where nothing is loaded, for the load that is under way and read the ledger before.
-- ARGV   units, ledger version
-- Reply  1, or 0 if they are counted already
local loaded = redis.call('HMGET', stock, 'loadedVersion', 'remaining')
if tonumber(ARGV[2]) <= tonumber(loaded[1] or -1) then return 0 end
if redis.call('HSETNX', stock, 'restock:' .. ARGV[2], ARGV[1]) == 0 then return 0 end
if loaded[2] then
  redis.call('HINCRBY', stock, 'remaining', ARGV[1])
  redis.call('HINCRBY', stock, 'changes', 1)
end
return 1
