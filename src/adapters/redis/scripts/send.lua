-- Takes units out and notes where they go, unless such a note is open.
-- ARGV   bucket they go to, how many at most
-- Reply  {epoch, number, units}, or nil if there are none to send
local to = ARGV[1]
local h = redis.call('HMGET', stock, 'epoch', 'incarnation', 'sealed', 'remaining', 'out:' .. to,
  'sent:' .. to)
if notLoaded(h[1], h[2], h[3]) or h[5] then return false end
local units = math.min(tonumber(h[4]), tonumber(ARGV[2]))
if units <= 0 then return false end
local number = (h[6] or 0) + 1
redis.call('HSET', stock, 'remaining', h[4] - units, 'sent:' .. to, number,
  'out:' .. to, number .. ':' .. units)
redis.call('HINCRBY', stock, 'changes', 1)
return {tonumber(h[1]), number, units}
