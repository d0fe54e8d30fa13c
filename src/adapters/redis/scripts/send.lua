-- Takes units out and notes where they go, unless such a note is open.
-- ARGV: epoch, to, most. Reply: {number, units}, or false.
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'remaining',
  'out:' .. ARGV[2], 'sent:' .. ARGV[2])
if notLoaded(h[1], h[2], h[3]) or h[1] ~= ARGV[1] or h[5] then return false end
local units = math.min(tonumber(h[4]), tonumber(ARGV[3]))
if units <= 0 then return false end
local number = tonumber(h[6] or '0') + 1
redis.call('HSET', stock, 'remaining', tonumber(h[4]) - units, 'sent:' .. ARGV[2], number,
  'out:' .. ARGV[2], number .. ':' .. units)
redis.call('HINCRBY', stock, 'changes', 1)
return {number, units}
